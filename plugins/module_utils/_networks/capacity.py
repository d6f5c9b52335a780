# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: how many addresses a network has, and how many are taken. Pure functions.

A task takes one, a service one for its virtual address, and each node that runs a task of the network one for its load
balancer. When none is left, new tasks stay in state new, and only the leader's log says why (moby/moby#43052).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Iterable, Mapping

from .._core.swarm_objects import OVER
from .overlay import parse

if TYPE_CHECKING:
    from .._core.facts import AddressesTaken, ApiObject, SwarmNetwork

# Part of the addresses, in percent, from which on there is a warning.
FULL = 80


def size(network: SwarmNetwork) -> int:
    """How many addresses a network gives away: not the first and last of a subnet, and not the gateway's."""
    total = 0
    for part in network["subnets"]:
        subnet, range_ = parse(part["subnet"]), parse(part["ip_range"] or part["subnet"])
        if subnet is None or range_ is None or subnet.version != 4:
            continue
        kept = {str(subnet.network_address), str(subnet.broadcast_address), part["gateway"]}
        total += range_.num_addresses - sum(1 for text in kept if text and parse(text + "/32").subnet_of(range_))
    return total


def taken(
    networks: Iterable[SwarmNetwork], services: Iterable[ApiObject], tasks: Iterable[ApiObject], nodes: int
) -> dict[str, AddressesTaken]:
    """What is taken of each network: ID -> ``{tasks, services, nodes}``.

    :param services: of ``GET /services``, ``tasks`` of ``GET /tasks``; ``nodes`` is how many there are.
    """
    found: dict[str, AddressesTaken] = {
        item["id"]: {"tasks": 0, "services": 0, "nodes": nodes if item["ingress"] else 0} for item in networks
    }
    places: dict[str, set[str | None]] = {}
    for task in tasks:
        if task["Status"]["State"] in OVER:
            continue
        for item in task.get("NetworksAttachments") or []:
            network = (item.get("Network") or {}).get("ID")
            if network in found:
                found[network]["tasks"] += len(item.get("Addresses") or [])
                places.setdefault(network, set()).add(task.get("NodeID"))
    for service in services:
        for item in (service.get("Endpoint") or {}).get("VirtualIPs") or []:
            if item.get("Addr") and item.get("NetworkID") in found:
                found[item["NetworkID"]]["services"] += 1
    for network, where in places.items():
        found[network]["nodes"] = max(found[network]["nodes"], len(where - {None, ""}))
    return found


def forecast(network: SwarmNetwork, nodes: int) -> dict[str, int] | None:
    """``{size, taken, fits}``: ``fits`` more tasks have an address, wherever they are put; None where it is not known.

    :param network: as node_facts gives it; ``nodes`` is how many the swarm has.
    """
    parts: Mapping[str, Any] | None = network.get("taken")
    if not parts or not network["subnets"] or network["driver"] != "overlay":
        return None
    total, used = size(network), sum(parts.values())
    return {"size": total, "taken": used, "fits": max(0, total - used - max(0, nodes - parts["nodes"]))}


def almost_full(networks: Iterable[Mapping[str, Any]], forecasts: Mapping[str, dict[str, int] | None]) -> list[str]:
    """Warnings of networks with few addresses left; ``forecasts`` has the :func:`forecast` of each by its name."""
    found = []
    for item in networks:
        entry = forecasts[item["name"]]
        if entry and entry["taken"] * 100 >= entry["size"] * FULL:
            found.append(
                "network %s: %d of %d addresses are taken, by %d tasks, %d services and %d nodes; %d more tasks fit: give it a "
                "larger subnet (with replace: true), or put services on another network"
                % ((item["name"], entry["taken"], entry["size"]) + tuple(item["taken"].values()) + (entry["fits"],))
            )
    return found
