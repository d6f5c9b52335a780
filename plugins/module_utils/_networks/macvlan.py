# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: macvlan networks of a swarm, each node with a part of the addresses of its own. Pure functions.

The Engine gives addresses of a macvlan out on each node by itself, so that two nodes with the same range collide. What differs
between nodes, parent interface and range, stands in a config-only network on each; the swarm's network takes it from there. With
a subnet of its own, the swarm's network would ignore it (moby/moby#49583).
"""

from __future__ import annotations

import ipaddress
from itertools import islice
from typing import TYPE_CHECKING, Any, Iterable, Iterator, Mapping, cast

from .._core.options import typed
from .._core.plan import PlanError, change
from .overlay import check_part, parse

if TYPE_CHECKING:
    from .._core.facts import ConfigNetwork, NodeFacts, Subnet
    from .._core.plan import Change, Plan
    from .overlay import Options, Problem

    Hosts = Mapping[str, NodeFacts]

# Those whose values may come as text.
TYPES: Mapping[str, Any] = {
    "attachable": {"type": "bool"},
    "internal": {"type": "bool"},
    "subnets": {"type": "list", "elements": "dict", "options": {"part": {"type": "int"}}},
}
KNOWN = {"name", "state", "parent", "subnets", "attachable", "internal", "labels", "nodes"}


def config_name(name: str) -> str:
    """The config-only network that a node has for a macvlan."""
    return "%s-config" % name


def typed_macvlans(networks: Iterable[Options]) -> list[dict[str, Any]]:
    """Option swarm_networks_macvlans with the types of its suboptions."""
    spec = {"type": "dict", "options": TYPES}
    return [typed(item, spec) for item in networks]


def check_macvlans(networks: Iterable[Options], hosts: Hosts) -> list[Problem]:
    """What is wrong with the wanted macvlans, as ``[(host or None, text)]``.

    :param networks: option swarm_networks_macvlans.
    :param hosts: host -> facts of all hosts that were read.
    """
    problems: list[Problem] = []
    for item in networks:
        name = "macvlan %s" % item.get("name")
        unknown = sorted(set(item) - KNOWN)
        if unknown:
            known = ", ".join(sorted(KNOWN))
            problems.append((None, "%s: unknown option %s: known are %s" % (name, ", ".join(unknown), known)))
        if item.get("state") == "absent" or unknown:
            continue
        if not item.get("subnets"):
            problems.append((None, "%s: option subnets is missing: name the physical network's" % name))
        for part in item.get("subnets") or []:
            wrong = _check_subnet(part)
            problems += [(None, "%s: %s" % (name, text)) for text in wrong]
            if not wrong:
                problems += [(host, "%s: %s" % (name, text)) for host, text in _own_addresses(part, hosts)]
    return problems


def _check_subnet(part: Options) -> list[str]:
    full = {name: part.get(name) for name in ("subnet", "gateway", "ip_range", "part")}
    problems = check_part(full)
    if not full["subnet"] or not full["ip_range"]:
        problems.append(
            "options subnet and ip_range are both needed: without a range, containers may get an address that is in use"
        )
    elif not problems:
        range_ = parse(full["ip_range"])
        if full["part"] is not None and not range_.prefixlen <= int(full["part"]) <= range_.max_prefixlen:
            problems.append("option part %s is no prefix length within ip_range %s" % (full["part"], range_))
    return problems


def _own_addresses(part: Options, hosts: Hosts) -> Iterator[tuple[str, str]]:
    range_ = parse(part["ip_range"])
    for host, facts in hosts.items():
        for item in facts["addresses"]:
            if range_.version == 4 and ipaddress.ip_address(item["address"]) in range_:
                text = "option ip_range %s has the host's own address %s: choose a range that nothing else uses"
                yield host, text % (range_, item["address"])


def parts(network: Options, names: Iterable[str], hosts: Hosts) -> tuple[dict[str, ConfigNetwork], list[Problem]]:
    """Each node's part of a macvlan: ``({host: {parent, subnets}}, [(host, problem)])``.

    A node keeps what it has; a new one gets the first part that no other node has.

    :param network: one of option swarm_networks_macvlans, checked.
    :param names: all hosts of the inventory, in order; ``hosts`` are the facts of those that were read.
    """
    own = {host: (network.get("nodes") or {}).get(host) or {} for host in names}
    ranges: dict[str, list[Subnet]] = {host: [] for host in hosts if host in names}
    problems: list[Problem] = []
    for index, part in enumerate(network["subnets"]):
        slots = _slots(part)
        given = {
            host: item["ip_ranges"][index] for host, item in own.items() if len(item.get("ip_ranges") or []) > index
        }
        kept = {host: _kept(network, part, facts) for host, facts in hosts.items() if host not in given}
        taken = set(given.values()) | {text for text in kept.values() if text}
        for host in ranges:
            text = given.get(host) or kept.get(host)
            if text not in given.values() and text not in slots:
                text = next((slot for slot in slots if slot not in taken), None)
                unread = [other for other in names if other not in hosts and other not in given]
                if unread:
                    problems.append(
                        (host, "macvlan %s: %s were not read, so that their parts of %s are not known: run again without --limit"
                         % (network["name"], ", ".join(unread), part["ip_range"]))
                    )  # fmt: skip
                elif text is None:
                    problems.append(
                        (host, "macvlan %s: option ip_range %s has no part left: its %d are taken; give a larger range, or "
                         "smaller parts (part)" % (network["name"], part["ip_range"], len(slots)))
                    )  # fmt: skip
                taken.add(text)
            ranges[host].append({"subnet": part["subnet"], "gateway": part.get("gateway"), "ip_range": text})
    found: dict[str, ConfigNetwork] = {}
    for host, subnets in ranges.items():
        parent = own[host].get("parent") or network.get("parent") or _parent(network, hosts[host])
        if parent is None:
            problems.append(
                (host, "macvlan %s: no interface has an address in %s: name one in option parent"
                 % (network["name"], network["subnets"][0]["subnet"]))
            )  # fmt: skip
        found[host] = {"parent": parent, "subnets": subnets}
    return found, problems


def _slots(part: Options) -> list[str]:
    """The parts of a range, at most 4096."""
    range_ = parse(part["ip_range"])
    length = part.get("part")
    if length is None:
        # Sixteen nodes, as long as that leaves each an address.
        length = min(range_.prefixlen + 4, range_.max_prefixlen)
    return [str(item) for item in islice(range_.subnets(new_prefix=int(length)), 4096)]


def _kept(network: Options, part: Options, facts: NodeFacts) -> str | None:
    config: Options | None = facts["engine"].get("configs", {}).get(config_name(network["name"]))
    there = {item["subnet"]: item["ip_range"] for item in (config or {}).get("subnets", [])}
    return there.get(part["subnet"])


def _parent(network: Options, facts: NodeFacts) -> str | None:
    """The interface that is in the first subnet already."""
    subnet = parse(network["subnets"][0]["subnet"])
    for item in facts["addresses"]:
        if subnet.version == 4 and ipaddress.ip_address(item["address"]) in subnet and item["kind"] != "loopback":
            return item["interface"]
    return None


def node_plan(wanted: Options, config: ConfigNetwork | None) -> Plan:
    """What a node's own part needs.

    :param wanted: ``{name, state, parent, subnets}``; ``config`` is what node_facts has of it, or None.
    """
    what = "network %s" % config_name(wanted["name"])
    if wanted["state"] == "absent":
        return [change("remove", what, "not wanted", before=_shown(config))] if config else []
    after = {"parent": wanted["parent"], "subnets": [_set_ones(item) for item in wanted["subnets"]]}
    if config is None:
        return [change("create", what, "missing", after=after)]
    before = _shown(config)
    if _sorted(before) == _sorted(after):
        return []
    return [change("replace", what, "differs", before=before, after=after)]


def cluster_plan(wanted: Options, actual: Options | None) -> Plan:
    """What the swarm's network needs, on a manager.

    :param wanted: ``{name, state, attachable, internal, labels}``; ``actual`` is the network as node_facts gives it, or None.
    """
    what = "network %s" % wanted["name"]
    if wanted["state"] == "absent":
        return [change("remove", what, "not wanted", before=actual["id"])] if actual else []
    labels = {key: str(value) for key, value in wanted["labels"].items()}
    after = {"attachable": wanted["attachable"], "internal": wanted["internal"], "labels": labels}
    if actual is None:
        return [change("create", what, "missing", after=dict(after, config_from=config_name(wanted["name"])))]
    if actual["driver"] != "macvlan" or actual["config_from"] != config_name(wanted["name"]):
        raise PlanError(
            "%s is there and is no macvlan of this role (driver %s): choose another name" % (what, actual["driver"])
        )
    wrong = [name for name in ("attachable", "internal") if actual[name] != wanted[name]]
    wrong += ["labels"] if any(actual["labels"].get(key) != value for key, value in labels.items()) else []
    if wrong:
        raise PlanError(
            "%s differs in %s, and a network cannot be changed: take its services off it, run with state: absent, and then "
            "without it"
            % (what, ", ".join("%s (is %s, wanted %s)" % (name, actual[name], after[name]) for name in wrong))
        )
    return []


def macvlans_plan(
    facts: NodeFacts,
    host: str,
    manager: bool,
    networks: Iterable[Options],
    shares: Mapping[str, Mapping[str, ConfigNetwork]],
) -> Plan:
    """What role swarm_networks has to do for macvlans on a host; each change has its ``network`` and whose ``scope`` it is.

    :param manager: whether this host is asked for the swarm.
    :param shares: each macvlan's parts by host, see :func:`parts`.
    """
    plan = []
    actual = {item["name"]: item for item in facts["swarm"].get("networks") or []}
    for item in networks:
        full = dict({"state": "present", "attachable": False, "internal": False, "labels": {}, "subnets": []}, **item)
        mine = dict(full, **(shares.get(item["name"], {}).get(host) or {"parent": None}))
        config = facts["engine"].get("configs", {}).get(config_name(item["name"]))
        found = [(change_, "node", mine) for change_ in node_plan(mine, config)]
        if manager:
            try:
                found += [(change_, "swarm", full) for change_ in cluster_plan(full, actual.get(item["name"]))]
            except PlanError as exc:
                found.append((change("refuse", "network %s" % item["name"], str(exc)), "swarm", full))
        plan += [cast("Change", dict(change_, scope=scope, network=options)) for change_, scope, options in found]
    return plan


def _shown(config: ConfigNetwork) -> dict[str, Any]:
    return config and {"parent": config["parent"], "subnets": [_set_ones(item) for item in config["subnets"]]}


def _set_ones(part: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in part.items() if value}


def _sorted(shown: Options) -> tuple[Any, list[Any]]:
    """The Engine lists subnets in no order, and adds no gateway to a config."""
    return shown["parent"], sorted(sorted(part.items()) for part in shown["subnets"])
