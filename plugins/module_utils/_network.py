# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: overlay networks, what they should be and whether they can be. Pure functions."""

from __future__ import annotations

import functools
import ipaddress

from ansible_collections.dockyard.swarm.plugins.module_utils._plan import PlanError, change

# option of overlay_network -> what a network has where nothing was said
DEFAULTS = {"attachable": False, "internal": False, "ingress": False, "encrypted": False, "mtu": None}
# The subnets that the Engine gives to networks first: 256 of 256 addresses.
FIRST_OF_DEFAULT = ipaddress.ip_network("10.0.0.0/16")


def wanted_network(options):
    """One network's options, complete: what was not given has its default."""
    known = set(DEFAULTS) | {"name", "state", "subnet", "gateway", "ip_range", "labels", "replace"}
    unknown = sorted(set(options) - known)
    if unknown:
        raise PlanError(
            "network %s: unknown option %s: known are %s"
            % (options.get("name"), ", ".join(unknown), ", ".join(sorted(known)))
        )
    full = dict(DEFAULTS, subnet=None, gateway=None, ip_range=None, labels={}, replace=False, state="present")
    full.update({name: value for name, value in options.items() if value is not None})
    return full


def check_networks(networks, routes, existing=(), pools=()):
    """What is wrong with the wanted networks: ``[(host or None, text)]``; empty where nothing is.

    :param networks: list of options of overlay_network.
    :param routes: host -> its routes; an overlay that overlaps one would cut that host off from what is behind it.
    :param existing: networks of the swarm, as node_facts gives them.
    :param pools: address pools that the Engine hands out for local networks.
    """
    problems, taken = [], []
    wanted_names = {item.get("name") for item in networks}
    for pool in pools:
        taken.append(("the daemon's address pool", _parse(pool)))
    for item in existing:
        if item["name"] not in wanted_names:
            taken += [("network %s" % item["name"], _parse(part["subnet"])) for part in item["subnets"]]
    for item in networks:
        name = "network %s" % item.get("name")
        try:
            wanted = wanted_network(item)
        except PlanError as exc:
            problems.append((None, str(exc)))
            continue
        if wanted["state"] == "absent":
            continue
        problems += [(None, "%s: %s" % (name, text)) for text in check_addresses(wanted)]
        subnet = _parse(wanted["subnet"])
        if subnet is None:
            continue
        for other, pool in taken:
            if _overlap(subnet, pool):
                problems.append(
                    (None, "%s: option subnet %s overlaps %s of %s: choose another" % (name, subnet, pool, other))
                )
        for host, host_routes in routes.items():
            for route in host_routes:
                network = _parse(route["destination"])
                if network is not None and network.prefixlen and _overlap(subnet, network):
                    text = "%s: option subnet %s overlaps the route to %s by %s: choose another"
                    problems.append((host, text % (name, subnet, network, route["interface"])))
        taken.append((name, subnet))
    return problems


def check_pools(pools, routes):
    """What is wrong with the pools that a swarm takes subnets from, as texts.

    :param pools: option swarm_node_default_addr_pool; without it the Engine takes /24 after /24 from the start of 10.0.0.0/8,
        and looks at no host's routes (moby/moby#50011).
    :param routes: host -> its routes.
    """
    problems, taken = [], []
    for pool in pools:
        network = _parse(pool)
        if network is None:
            problems.append("option swarm_node_default_addr_pool: %r is not a network such as 10.20.0.0/16" % pool)
            continue
        problems += [
            "option swarm_node_default_addr_pool: %s and %s overlap: keep one of them" % (other, network)
            for other in taken
            if _overlap(network, other)
        ]
        taken.append(network)
    for network in taken or ([] if pools else [FIRST_OF_DEFAULT]):
        for route, ways in _routes_into(network, routes).items():
            problems.append(
                "option swarm_node_default_addr_pool: networks are taken from %s%s, and %s to %s: set a pool that no host has a "
                "route to" % (network, "" if pools else ", where it is not set", ways, route)
            )
    return problems


def _routes_into(network, routes):
    """The routes that overlap a network, each with the hosts that have it, in words."""
    found = {}
    for host, host_routes in routes.items():
        for route in host_routes:
            other = _parse(route["destination"])
            if other is not None and other.prefixlen and _overlap(network, other):
                found.setdefault(str(other), []).append("%s by %s" % (host, route["interface"]))
    return {
        other: ", ".join(ways) + (" has a route" if len(ways) == 1 else " have routes") for other, ways in found.items()
    }


def check_addresses(wanted):
    """What is wrong with one network's subnet, gateway and IP range by themselves."""
    problems = []
    if not wanted.get("name"):
        problems.append("option name is missing")
    subnet = _parse(wanted["subnet"])
    if wanted["subnet"] and subnet is None:
        return problems + ["option subnet %r is not a network such as 10.20.0.0/24" % wanted["subnet"]]
    if subnet is None:
        given = [name for name in ("gateway", "ip_range") if wanted[name]]
        return problems + ["option %s needs option subnet" % name for name in given]
    if wanted["gateway"]:
        try:
            inside = ipaddress.ip_address(wanted["gateway"]) in subnet
        except ValueError:
            inside = False
        if not inside:
            problems.append("option gateway %r is no address in %s" % (wanted["gateway"], subnet))
    if wanted["ip_range"]:
        part = _parse(wanted["ip_range"])
        if part is None or part.version != subnet.version or not part.subnet_of(subnet):
            problems.append("option ip_range %r is no part of %s" % (wanted["ip_range"], subnet))
    if wanted["mtu"] is not None and not 576 <= int(wanted["mtu"]) <= 65535:
        problems.append("option mtu %s is not between 576 and 65535" % wanted["mtu"])
    return problems


@functools.lru_cache(maxsize=4096)  # the same few networks are compared with the routes of every host
def _parse(text):
    try:
        return ipaddress.ip_network(text, strict=True) if text else None
    except ValueError:
        return None


def _overlap(one, other):
    return other is not None and one.version == other.version and one.overlaps(other)


def make_plan(wanted, actual):
    """The changes for one network.

    :param wanted: options of overlay_network, see :func:`wanted_network`.
    :param actual: the network as node_facts gives it, or None.
    """
    wanted = wanted_network(wanted)
    what = "network %s" % wanted["name"]
    if wanted["state"] == "absent":
        return [change("remove", what, "not wanted", before=actual["id"])] if actual else []
    if actual is None:
        return [change("create", what, "missing", after=_shown(wanted))]
    differences = _differences(wanted, actual)
    if not differences:
        return []
    if not wanted["replace"]:
        listed = ", ".join("%s (is %s, wanted %s)" % item for item in differences)
        raise PlanError(
            "%s differs in %s, and a network cannot be changed: set replace to have it removed and made anew, "
            "which needs that no task uses it, or set the option to what it is" % (what, listed)
        )
    return [
        change("replace", "%s: %s" % (what, name), "differs", before=before, after=after)
        for name, before, after in differences
    ]


def networks_plan(facts, networks):
    """What role swarm_networks has to do, from the facts of a manager; each change has its wanted ``network``.

    What must not be done is in the plan too: the module then refuses it with the reason, as a failed task.
    """
    actual = {item["name"]: item for item in facts["swarm"].get("networks") or []}
    plan = []
    for item in networks:
        try:
            plan += [dict(found, network=item) for found in make_plan(item, actual.get(item["name"]))]
        except PlanError as exc:
            plan.append(change("refuse", "network %s" % item["name"], str(exc), network=item))
    return plan


def _shown(wanted):
    hidden = ("name", "state", "replace")
    return {key: value for key, value in wanted.items() if key not in hidden and value not in (None, False, {})}


def _differences(wanted, actual):
    found = []
    ipam = actual["subnets"][0] if actual["subnets"] else {}
    for name in ("subnet", "gateway", "ip_range"):
        if wanted[name] and ipam.get(name) != wanted[name]:
            found.append((name, ipam.get(name), wanted[name]))
    for name in ("attachable", "internal", "ingress", "encrypted", "mtu"):
        if actual[name] != wanted[name]:
            found.append((name, actual[name], wanted[name]))
    if {key: str(value) for key, value in wanted["labels"].items()} != actual["labels"]:
        found.append(("labels", actual["labels"], wanted["labels"]))
    return found
