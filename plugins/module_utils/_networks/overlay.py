# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: overlay networks, what they should be, and the changes for that. Pure functions."""

from __future__ import annotations

import functools
import ipaddress
from typing import TYPE_CHECKING, Any, Iterable, Mapping, Optional, Sequence, cast

from .._core.options import typed
from .._core.plan import PlanError, change

if TYPE_CHECKING:
    from .._core.facts import NodeFacts, SwarmNetwork
    from .._core.plan import Change, Plan

    Options = Mapping[str, Any]  # of a network, as a module has them
    # What is wrong, on one host or, with None, on all.
    Problem = tuple[Optional[str], str]
    Difference = tuple[str, Any, Any]  # the option, its present value and the wanted one
    IpNetwork = Any  # IPv4Network or IPv6Network, which have no common type for comparisons

# option of overlay_network -> its default
DEFAULTS: dict[str, Any] = {
    "attachable": False, "internal": False, "ingress": False, "encrypted": False, "mtu": None, "visible": False,
    "ipam_driver": None, "ipam_options": {}, "driver_options": {},
}  # fmt: skip
# Those whose values may come as text.
TYPES: Mapping[str, Any] = {
    **{name: {"type": "bool"} for name in ("attachable", "internal", "ingress", "encrypted", "visible", "replace")},
    "mtu": {"type": "int"},
}
ADDRESSES = ("subnet", "gateway", "ip_range")
# The MTU of the hosts' interfaces that the Engine assumes where a network has no option of it (libnetwork, drivers/overlay).
ENGINE_MTU = 1500
# The service of role swarm_networks that keeps networks in the workers' lists. It does not keep a network from being removed.
VISIBLE = "dockyard-networks_visible"
MTU = "com.docker.network.driver.mtu"


def typed_networks(networks: Iterable[Options]) -> list[dict[str, Any]]:
    """Option swarm_networks_overlays with the types of its suboptions."""
    spec = {"type": "dict", "options": TYPES}
    return [typed(item, spec) for item in networks]


def wanted_network(options: Options) -> dict[str, Any]:
    """One network's options, complete: what was not given has its default, and addresses are ``subnets`` alone."""
    known = set(DEFAULTS) | set(ADDRESSES) | {"name", "state", "subnets", "labels", "replace"}
    unknown = sorted(set(options) - known)
    if unknown:
        raise PlanError(
            "network %s: unknown option %s: known are %s"
            % (options.get("name"), ", ".join(unknown), ", ".join(sorted(known)))
        )
    given = {name: value for name, value in options.items() if value is not None}
    single = {name: given.pop(name, None) for name in ADDRESSES}
    subnets = given.pop("subnets", [])
    if subnets and any(single.values()):
        raise PlanError(
            "network %s: option %s belongs into option subnets, where that is given"
            % (given.get("name"), ", ".join(sorted(name for name in single if single[name])))
        )
    if any(single.values()):
        subnets = [single]
    full = dict(DEFAULTS, labels={}, replace=False, state="present")
    full.update(given)
    full["subnets"] = [{name: item.get(name) or None for name in ADDRESSES} for item in subnets]
    return full


def check_addresses(wanted: Options) -> list[str]:
    """What is wrong with one network's subnets, gateways and IP ranges by themselves.

    :param wanted: as :func:`wanted_network` gives it.
    """
    problems = [] if wanted.get("name") else ["option name is missing"]
    for part in wanted["subnets"]:
        problems += check_part(part, overlay=True)
    parsed = [parse(part["subnet"]) for part in wanted["subnets"]]
    for index, one in enumerate(parsed):
        if one and any(other and one.overlaps(other) for other in parsed[:index] if other.version == one.version):
            problems.append("option subnets: %s overlaps another of them" % one)
    if wanted["mtu"] is not None and not 576 <= int(wanted["mtu"]) <= 65535:
        problems.append("option mtu %s is not between 576 and 65535" % wanted["mtu"])
    if wanted["visible"] and not wanted["attachable"]:
        problems.append("option visible needs option attachable: nothing but services could attach to it")
    return problems


def check_part(part: Options, overlay: bool = False) -> list[str]:
    """What is wrong with one subnet, its gateway and its IP range."""
    subnet = parse(part["subnet"])
    if part["subnet"] and subnet is None:
        return ["option subnet %r is not a network such as 10.20.0.0/24" % part["subnet"]]
    if subnet is None:
        return ["option %s needs option subnet" % name for name in ("gateway", "ip_range") if part[name]]
    problems = []
    if overlay and subnet.version == 6:
        # Seen on Engine 26.1, and open for 29.4: moby/moby#52469.
        problems.append(
            "option subnet %s: the Engine rejects tasks on an overlay network with an IPv6 subnet (it does not belong to any "
            "of this network's subnets): use IPv4, or a macvlan" % subnet
        )
    if part["gateway"]:
        try:
            inside = ipaddress.ip_address(part["gateway"]) in subnet
        except ValueError:
            inside = False
        if not inside:
            problems.append("option gateway %r is no address in %s" % (part["gateway"], subnet))
    if part["ip_range"]:
        range_ = parse(part["ip_range"])
        if range_ is None or range_.version != subnet.version or not range_.subnet_of(subnet):
            problems.append("option ip_range %r is no part of %s" % (part["ip_range"], subnet))
    return problems


@functools.lru_cache(maxsize=4096)  # the same few networks are compared with the routes of every host
def parse(text: str | None) -> IpNetwork:
    """A network by its text, or None."""
    try:
        return ipaddress.ip_network(text, strict=True) if text else None
    except ValueError:
        return None


def smallest_mtu(mtus: Iterable[int | None]) -> int | None:
    """What all paths carry: the smallest of the hosts' MTUs, or None where one is not known."""
    given = list(mtus)
    known = [mtu for mtu in given if mtu is not None]
    return min(known) if known and len(known) == len(given) else None


def make_plan(
    wanted: Options, actual: Options | None, path_mtu: int | None = None, waiting: Iterable[str] = ()
) -> Plan:
    """The changes for one network.

    :param wanted: options of overlay_network, see :func:`wanted_network`.
    :param actual: the network as node_facts gives it, or None.
    :param path_mtu: the MTU of the paths between the hosts, for a network without option mtu.
    :param waiting: names of the services that an interrupted replacement has taken off this network.
    """
    wanted = wanted_network(wanted)
    what = "network %s" % wanted["name"]
    back = [
        change(
            "attach", "%s: service %s" % (what, name), "a replacement of the network was interrupted", after="attached"
        )
        for name in waiting
    ]
    if wanted["state"] == "absent":
        users = [name for name in (actual or {}).get("services") or [] if name != VISIBLE]
        if users:
            raise PlanError("%s is in use by %s: take the services off it first" % (what, ", ".join(users)))
        return [change("remove", what, "not wanted", before=actual["id"])] if actual else []
    if actual is None:
        return [change("create", what, "missing", after=_shown(with_path_mtu(wanted, path_mtu)))] + back
    differences = _differences(wanted, actual)
    smaller = wanted["mtu"] is None and path_mtu is not None and path_mtu < (actual["mtu"] or ENGINE_MTU)
    if smaller and wanted["replace"]:
        differences.append(("mtu", actual["mtu"] or ENGINE_MTU, path_mtu))
    if not differences:
        return back
    if not wanted["replace"]:
        listed = ", ".join("%s (is %s, wanted %s)" % item for item in differences)
        raise PlanError(
            "%s differs in %s, and a network cannot be changed: set replace: true to recreate it, which detaches "
            "its services for some seconds, or set the option to its present value" % (what, listed)
        )
    users = actual.get("services") or []
    why = "differs; %s" % (
        "%s lose their connections for some seconds" % ", ".join(users) if users else "nobody uses it"
    )
    return [
        change("replace", "%s: %s" % (what, name), why, before=before, after=after)
        for name, before, after in differences
    ]


def with_path_mtu(wanted: Options, path_mtu: int | None) -> Options:
    """A network's options with the MTU of the paths between the hosts, unless it has an MTU of its own."""
    return dict(wanted, mtu=path_mtu) if wanted["mtu"] is None and path_mtu not in (None, ENGINE_MTU) else wanted


def with_kept_settings(wanted: Options, actual: Options, path_mtu: int | None = None) -> dict[str, Any]:
    """The options of the network that replaces another: what nobody asked for otherwise stays as it was."""
    full = dict(with_path_mtu(wanted, path_mtu))
    full["subnets"] = wanted["subnets"] or actual["subnets"]
    full["ipam_driver"] = wanted["ipam_driver"] or actual["ipam_driver"]
    if full["mtu"] is None:
        full["mtu"] = actual["mtu"]
    for name in ("ipam_options", "driver_options", "labels"):
        full[name] = dict(actual[name], **wanted[name])
    return full


def networks_plan(facts: NodeFacts, networks: list[Options], path_mtu: int | None = None) -> Plan:
    """What role swarm_networks has to do for overlays, from the facts of a manager; each change has its wanted ``network``.

    What must not be done is in the plan, too, as ``refuse``: the module fails with the reason.

    :param path_mtu: as of :func:`make_plan`.
    """
    actual = {item["name"]: item for item in facts["swarm"].get("networks") or []}
    waiting: Mapping[str, Any] = facts["swarm"].get("detached") or {}
    plan = []
    for item in networks + left_over(waiting, networks) + _mesh(actual.values(), networks, path_mtu):
        try:
            found = make_plan(
                item, actual.get(item["name"]), path_mtu, waiting.get(item["name"], {}).get("services", [])
            )
            plan += [cast("Change", dict(entry, network=item)) for entry in found]
        except PlanError as exc:
            plan.append(change("refuse", "network %s" % item["name"], str(exc), network=item))
    return plan


def left_over(waiting: Mapping[str, Any], networks: Iterable[Options]) -> list[Options]:
    """Networks that the inventory no longer names, and that services wait for after an interrupted replacement."""
    named = {item["name"] for item in networks}
    return [item["options"] for name, item in sorted(waiting.items()) if name not in named]


def _mesh(actual: Iterable[SwarmNetwork], networks: Iterable[Options], path_mtu: int | None) -> list[Options]:
    """The network of the routing mesh, to be replaced where its MTU is too large and no service uses it."""
    for item in actual:
        fits = path_mtu is None or (item["mtu"] or ENGINE_MTU) <= path_mtu
        if item["ingress"] and not fits and not item.get("services"):
            named = any(other.get("ingress") or other.get("name") == item["name"] for other in networks)
            return [] if named else [{"name": item["name"], "ingress": True, "replace": True}]
    return []


def too_wide(networks: Iterable[SwarmNetwork], path_mtus: Mapping[str, int | None]) -> list[str]:
    """Warnings of networks whose packets are larger than a host can send.

    :param networks: as node_facts gives them; ``path_mtus`` are the MTUs by host.
    """
    found = []
    for item in networks:
        mtu = item["mtu"] or ENGINE_MTU
        narrow = ["%s %d" % (host, own) for host, own in sorted(path_mtus.items()) if own is not None and own < mtu]
        if narrow and item["driver"] == "overlay":
            found.append(
                "network %s is made for an MTU of %d, and these hosts have less: %s; larger packets are lost. Give the network "
                "replace: true in swarm_networks_overlays%s, or the hosts' interfaces a larger MTU"
                % (item["name"], mtu, ", ".join(narrow), ", with ingress: true" if item["ingress"] else "")
            )
    return found


def _shown(wanted: Options) -> dict[str, Any]:
    hidden = ("name", "state", "replace")
    return {key: value for key, value in wanted.items() if key not in hidden and value not in (None, False, {}, [])}


def _differences(wanted: Options, actual: Options) -> list[Difference]:
    found = _address_differences(wanted["subnets"], actual["subnets"])
    for name in ("attachable", "internal", "ingress", "encrypted"):
        if actual[name] != wanted[name]:
            found.append((name, actual[name], wanted[name]))
    for name in ("mtu", "ipam_driver"):
        if wanted[name] is not None and actual[name] != wanted[name]:
            found.append((name, actual[name], wanted[name]))
    for name in ("ipam_options", "driver_options", "labels"):
        there = {key: str(value) for key, value in wanted[name].items()}
        if any(actual[name].get(key) != value for key, value in there.items()):
            found.append((name, {key: actual[name].get(key) for key in there}, there))
    return found


def _address_differences(wanted: Sequence[Options], actual: Sequence[Options]) -> list[Difference]:
    """By option; the Engine lists a network's subnets in no order."""
    if not wanted:
        return []
    there = {part["subnet"]: part for part in actual}
    if sorted(there) != sorted(part["subnet"] for part in wanted):
        name = "subnet" if len(wanted) == len(actual) == 1 else "subnets"
        return [(name, ", ".join(sorted(there)) or None, ", ".join(sorted(part["subnet"] for part in wanted)))]
    return [
        (name, there[part["subnet"]].get(name), part[name])
        for part in wanted
        for name in ("gateway", "ip_range")
        if part[name] and there[part["subnet"]].get(name) != part[name]
    ]
