# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: by which addresses the hosts know and reach each other. Pure functions."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Iterable, Mapping, Sequence

from .._core.ip import host_of, is_address

if TYPE_CHECKING:
    from .._core.facts import ManagerAddress, Node, NodeFacts
    from .inputs import Host


def with_unread(addresses: Mapping[str, str], hosts: Mapping[str, Host], nodes: Sequence[Node]) -> dict[str, str]:
    """Addresses by host, also of hosts that were not read: as the swarm lists them, so that a limited run plans the same.

    A host that neither was read nor is in the swarm is there only with an address from the inventory: a name is none.
    """
    taken = set(addresses.values())
    listed = [(node["hostname"], _address_of(node)) for node in nodes if _address_of(node) not in taken]
    unread = [host for host in hosts if host not in addresses]
    members = {address for _name, address in listed}
    by_name = _unambiguous(listed)
    # The inventory has the full name, and the host its short one, or the other way round.
    by_short_name = _unambiguous((_short(name), address) for name, address in listed)
    times = Counter(map(_short, unread))
    found = {}
    for host in unread:
        given = [hosts[host]["advertise_addr"], hosts[host]["ansible_host"]]
        there = [address for address in given if address and is_address(address)]
        member = next((address for address in there if address in members), None)
        short = _short(host)
        found[host] = (
            by_name.get(host)
            or member
            or (by_short_name.get(short) if times[short] == 1 and not is_address(host) else None)
            or next(iter(there), None)
        )
    return {**addresses, **{host: address for host, address in found.items() if address}}


def without_address(addresses: Mapping[str, str], hosts: Mapping[str, Host]) -> list[str]:
    """A warning about hosts whose address nobody knows."""
    names = [host for host, item in hosts.items() if host not in addresses and not item["facts"]]
    if not names:
        return []
    return [
        "%s: could not be read and is not in the swarm, so its address is not known: no DNS record and no firewall rule names it "
        "until a run has read it. Start it, set ansible_host to an address, or take it out of the inventory"
        % ", ".join(names)
    ]


def _unambiguous(pairs: Iterable[tuple[str, str | None]]) -> dict[str, str]:
    """Address by name, of names that one node alone has."""
    found: dict[str, set[str]] = {}
    for name, address in pairs:
        found.setdefault(name, set()).update([address] if address else [])
    return {name: addresses.pop() for name, addresses in found.items() if len(addresses) == 1}


def _short(name: str | None) -> str:
    return (name or "").lower().partition(".")[0]


def _address_of(node: Node) -> str | None:
    """Where a node is; a leader may have no other address than the one that managers know it by."""
    listed = (node["addr"], host_of(node.get("manager_addr") or ""))
    return next((address for address in listed if address and address not in ("0.0.0.0", "::")), None)


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
