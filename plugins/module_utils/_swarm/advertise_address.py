# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: which of a host's addresses the other nodes reach. Pure functions."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any, Mapping, Sequence

if TYPE_CHECKING:
    from .._core.facts import NodeFacts


def advertise_addresses(
    nodes: Mapping[str, NodeFacts], explicit: Mapping[str, str | None] | None = None
) -> tuple[dict[str, str], dict[str, str]]:
    """The address that each host gives to the others: ``(addresses, problems)``, both by host.

    Of a host's physical addresses, the one in the network that most hosts share; among equals the one that the
    default route leaves by. docker0 and other bridges are never taken. A host that is in a swarm keeps its address.

    :param nodes: host -> facts of node_facts; hosts that are not known are left out.
    :param explicit: host -> an address set by the user.
    """
    explicit = explicit or {}
    candidates = {host: _candidates(facts) for host, facts in nodes.items()}
    sharing: dict[str, set[str]] = {}
    for host, found in candidates.items():
        for item in found:
            sharing.setdefault(item["network"], set()).add(host)
    addresses: dict[str, str] = {}
    problems: dict[str, str] = {}
    for host, facts in nodes.items():
        present = facts["swarm"]["node_addr"] if facts["swarm"]["state"] != "inactive" else None
        known = explicit.get(host) or present
        if known:
            addresses[host] = known
        else:
            best = _best(candidates[host], sharing)
            if len(best) == 1:
                addresses[host] = best[0]["address"]
            else:
                problems[host] = _unclear(best)
    return addresses, problems


def _candidates(facts: NodeFacts) -> list[dict[str, Any]]:
    default_routes = {route["interface"] for route in facts["routes"] if route["destination"] == "0.0.0.0/0"}
    found = []
    for item in facts["addresses"]:
        address = ipaddress.ip_address(item["address"])
        if item["kind"] != "physical" or address.is_loopback or address.is_link_local:
            continue
        network = str(ipaddress.ip_interface("%s/%s" % (item["address"], item["prefix"])).network)
        found.append(dict(item, network=network, default_route=item["interface"] in default_routes))
    return found


def _best(found: Sequence[dict[str, Any]], sharing: Mapping[str, set[str]]) -> Sequence[dict[str, Any]]:
    if not found:
        return []
    rank = max((len(sharing[item["network"]]), item["default_route"]) for item in found)
    best = [item for item in found if (len(sharing[item["network"]]), item["default_route"]) == rank]
    # Several addresses of one interface in one network: the first is the primary one.
    if len({(item["interface"], item["network"]) for item in best}) == 1:
        return best[:1]
    return best


def _unclear(best: Sequence[dict[str, Any]]) -> str:
    if not best:
        return "option swarm_node_advertise_addr: no address found that other nodes could reach: set it"
    listed = ", ".join("%s (%s)" % (item["address"], item["interface"]) for item in best)
    return "option swarm_node_advertise_addr: several addresses could be meant, %s: set the right one" % listed
