# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: which of a host's addresses the other nodes reach. Pure functions."""

from __future__ import annotations

import ipaddress


def advertise_addresses(nodes, explicit=None):
    """The address that each host gives to the others: ``(addresses, problems)``, both by host.

    Of a host's physical addresses, the one in the network that most hosts share; among equals the one that the
    default route leaves by. docker0 and other bridges are never taken. A host that is in a swarm keeps its address.

    :param nodes: host -> facts of node_facts; hosts that are not known are left out.
    :param explicit: host -> an address set by the user.
    """
    explicit = explicit or {}
    candidates = {host: _candidates(facts) for host, facts in nodes.items()}
    sharing: dict = {}
    for host, found in candidates.items():
        for item in found:
            sharing.setdefault(item["network"], set()).add(host)
    addresses, problems = {}, {}
    for host, facts in nodes.items():
        if explicit.get(host):
            addresses[host] = explicit[host]
        elif facts["swarm"]["node_addr"] and facts["swarm"]["state"] != "inactive":
            addresses[host] = facts["swarm"]["node_addr"]
        else:
            best = _best(candidates[host], sharing)
            if len(best) == 1:
                addresses[host] = best[0]["address"]
            else:
                problems[host] = _unclear(best)
    return addresses, problems


def _candidates(facts):
    default_routes = {route["interface"] for route in facts["routes"] if route["destination"] == "0.0.0.0/0"}
    found = []
    for item in facts["addresses"]:
        address = ipaddress.ip_address(item["address"])
        if item["kind"] != "physical" or address.is_loopback or address.is_link_local:
            continue
        network = str(ipaddress.ip_interface("%s/%s" % (item["address"], item["prefix"])).network)
        found.append(dict(item, network=network, default_route=item["interface"] in default_routes))
    return found


def _best(found, sharing):
    if not found:
        return []
    rank = max((len(sharing[item["network"]]), item["default_route"]) for item in found)
    best = [item for item in found if (len(sharing[item["network"]]), item["default_route"]) == rank]
    # Several addresses of one interface in one network: the first is the primary one.
    if len({(item["interface"], item["network"]) for item in best}) == 1:
        return best[:1]
    return best


def _unclear(best):
    if not best:
        return "option swarm_node_advertise_addr: no address found that other nodes could reach: set it"
    listed = ", ".join("%s (%s)" % (item["address"], item["interface"]) for item in best)
    return "option swarm_node_advertise_addr: several addresses could be meant, %s: set the right one" % listed
