# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: whether wanted networks conflict with each other or with routes of any host. Pure."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Iterable, Iterator, Mapping, Sequence

from .._core.plan import PlanError
from .overlay import check_addresses, parse, wanted_network

if TYPE_CHECKING:
    from .._core.facts import Route
    from .overlay import IpNetwork, Options, Problem

    Routes = Mapping[str, Iterable[Route]]

# The subnets that the Engine gives to networks first: 256 of 256 addresses.
FIRST_OF_DEFAULT = ipaddress.ip_network("10.0.0.0/16")


def check_networks(
    networks: Iterable[Options], routes: Routes, existing: Iterable[Options] = (), pools: Iterable[str] = ()
) -> list[Problem]:
    """What is wrong with the wanted networks: ``[(host or None, text)]``; empty where nothing is.

    :param networks: list of options of overlay_network.
    :param routes: host -> its routes; an overlay that overlaps one would cut that host off from its destination.
    :param existing: networks of the swarm, as node_facts gives them.
    :param pools: address pools that the Engine hands out for local networks.
    """
    problems: list[Problem] = []
    taken: list[tuple[str, IpNetwork]] = []
    wanted_names = {item.get("name") for item in networks}
    for pool in pools:
        taken.append(("the daemon's address pool", parse(pool)))
    for item in existing:
        if item["name"] not in wanted_names:
            taken += [("network %s" % item["name"], parse(part["subnet"])) for part in item["subnets"]]
    if sum(1 for item in networks if item.get("ingress") and item.get("state") != "absent") > 1:
        problems.append((None, "option ingress: a swarm has one network of the routing mesh: keep it on one of them"))
    for item in networks:
        name = "network %s" % item.get("name")
        try:
            wanted = wanted_network(item)
        except PlanError as exc:
            problems.append((None, str(exc)))
            continue
        if wanted["state"] == "absent":
            continue
        wrong = check_addresses(wanted)
        problems += [(None, "%s: %s" % (name, text)) for text in wrong]
        subnets = [] if wrong else [parse(part["subnet"]) for part in wanted["subnets"]]
        for subnet in subnets:
            for other, pool in taken:
                if overlap(subnet, pool):
                    problems.append(
                        (None, "%s: option subnet %s overlaps %s of %s: choose another" % (name, subnet, pool, other))
                    )
            for host, route in _crossing(subnet, routes):
                text = "%s: option subnet %s overlaps the route to %s by %s: choose another"
                problems.append((host, text % (name, subnet, route["destination"], route["interface"])))
        taken += [(name, subnet) for subnet in subnets]
    return problems


def check_pools(pools: Sequence[str], routes: Routes) -> list[str]:
    """What is wrong with the pools that a swarm takes subnets from, as texts.

    :param pools: option swarm_node_default_addr_pool; without it the Engine takes /24 after /24 from the start of 10.0.0.0/8,
        and looks at no host's routes (moby/moby#50011).
    :param routes: host -> its routes.
    """
    problems: list[str] = []
    taken: list[IpNetwork] = []
    for pool in pools:
        network = parse(pool)
        if network is None:
            problems.append("option swarm_node_default_addr_pool: %r is not a network such as 10.20.0.0/16" % pool)
            continue
        problems += [
            "option swarm_node_default_addr_pool: %s and %s overlap: keep one of them" % (other, network)
            for other in taken
            if overlap(network, other)
        ]
        taken.append(network)
    for network in taken or ([] if pools else [FIRST_OF_DEFAULT]):
        for route, hosts in _routes_into(network, routes).items():
            problems.append(
                "option swarm_node_default_addr_pool: networks are taken from %s%s, and %s to %s: set a pool that no host has a "
                "route to" % (network, "" if pools else ", where it is not set", hosts, route)
            )
    return problems


def overlap(one: IpNetwork, other: IpNetwork) -> bool:
    """Whether two networks have an address in common; None has none."""
    return None not in (one, other) and one.version == other.version and one.overlaps(other)


def _crossing(network: IpNetwork, routes: Routes) -> Iterator[tuple[str, Route]]:
    """(host, route) of routes that overlap a network. Default routes do not count."""
    for host, host_routes in routes.items():
        for route in host_routes:
            other = parse(route["destination"])
            if other is not None and other.prefixlen and overlap(network, other):
                yield host, route


def _routes_into(network: IpNetwork, routes: Routes) -> dict[str, str]:
    """The routes that overlap a network, each with a text of the hosts that have it."""
    found: dict[str, list[str]] = {}
    for host, route in _crossing(network, routes):
        found.setdefault(str(parse(route["destination"])), []).append("%s by %s" % (host, route["interface"]))
    return {
        other: ", ".join(hosts) + (" has a route" if len(hosts) == 1 else " have routes")
        for other, hosts in found.items()
    }
