# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: by which addresses the hosts know and reach each other. Pure functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Iterable, Mapping

if TYPE_CHECKING:
    from .._core.facts import ManagerAddress, Node, NodeFacts
    from .inputs import Host


def with_unread(addresses: Mapping[str, str], hosts: Mapping[str, Host], nodes: Iterable[Node]) -> dict[str, str]:
    """Addresses by host, also of hosts that were not read: as the swarm lists them, so that a limited run plans the same."""
    listed = {node["hostname"]: node["addr"] for node in nodes}
    unread = {host: listed.get(host) or item["ansible_host"] for host, item in hosts.items() if host not in addresses}
    return {**addresses, **unread}


def by_hostname(addresses: Mapping[str, str], read: Mapping[str, NodeFacts], nodes: Iterable[Node]) -> dict[str, str]:
    """Addresses by the hosts' own names; of hosts that were not read, as the swarm lists them."""
    listed = {node["hostname"]: node["addr"] for node in nodes if node["hostname"] and node["addr"]}
    own = {facts["machine"]["hostname"]: addresses[host] for host, facts in read.items() if host in addresses}
    return {**listed, **own}


def data_paths(addresses: Mapping[str, str], hosts: Mapping[str, Host]) -> dict[str, str]:
    """The address that each host's traffic of overlay networks comes from; the option has an address or an interface."""
    found = dict(addresses)
    for host, item in hosts.items():
        path = item["data_path_addr"]
        if path:
            known = item["facts"]["addresses"] if item["facts"] else []
            found[host] = next((entry["address"] for entry in known if entry["interface"] == path), path)
    return found


def path_mtus(paths: Mapping[str, str], read: Mapping[str, NodeFacts]) -> dict[str, int | None]:
    """The MTU of the interface that each host's overlay traffic goes by."""
    return {
        host: next((item.get("mtu") for item in facts["addresses"] if item["address"] == paths.get(host)), None)
        for host, facts in read.items()
    }


def join_addrs(manager: str | None, known: Iterable[ManagerAddress], addresses: Mapping[str, str]) -> list[str]:
    """Where a node joins: at every manager that is known, first the one that is asked for the swarm."""
    address = addresses.get(manager) if manager else None
    first = ["%s:2377" % address] if address else []
    return first + [item["addr"] for item in known if item["addr"] not in first]
