# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: what is wrong with the inventory, or with the hosts taken together. Pure functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Collection, Mapping, Optional, Sequence, Tuple

from .._dns import dnsmasq, records
from .._host import firewalld
from .._networks import address_conflicts, macvlan
from . import dns_checks, ports

if TYPE_CHECKING:
    from .._core.facts import NodeFacts, SwarmNetwork
    from .inputs import Host, Options

    # The host that it is about, or None, and the text.
    Problem = Tuple[Optional[str], str]


def check_inventory(managers: Sequence[str], workers: Collection[str]) -> list[str]:
    """Whether there are managers, and each host has one role."""
    problems = []
    if not managers:
        problems.append(
            "the inventory has no manager: put at least one host into group swarm_managers "
            "(or name your group in swarm_cluster_manager_group)"
        )
    for host in managers:
        if host in workers:
            problems.append("%s is both manager and worker in the inventory: keep it in one of the two groups" % host)
    return problems


def check_networks(
    networks: Sequence[dict[str, Any]],
    read: Mapping[str, NodeFacts],
    existing: Sequence[SwarmNetwork],
    hosts: Mapping[str, Host],
) -> list[Problem]:
    """Whether the subnets of overlay networks are free on every host."""
    pools: set[str] = set()
    for item in hosts.values():
        listed = (item["daemon_options"] or {}).get("default-address-pools") or []
        pools.update(pool["base"] for pool in listed if isinstance(pool, dict) and "base" in pool)
    routes = {host: facts["routes"] for host, facts in read.items()}
    return list(address_conflicts.check_networks(networks, routes, existing, sorted(pools)))


def macvlan_parts(
    macvlans: Sequence[dict[str, Any]], names: Sequence[str], read: Mapping[str, NodeFacts]
) -> tuple[dict[str, Any], list[Problem]]:
    """Each macvlan's parts by host, and what is wrong with it."""
    problems = list(macvlan.check_macvlans(macvlans, read))
    found: dict[str, Any] = {}
    if not problems:
        for item in macvlans:
            if item.get("state") != "absent":
                found[item["name"]], wrong = macvlan.parts(item, names, read)
                problems += wrong
    return found, problems


def check_pools(pools: Sequence[str], read: Mapping[str, NodeFacts]) -> list[str]:
    """Whether the address pools of a swarm that is to be made are free on every host; they are fixed then."""
    routes = {host: facts["routes"] for host, facts in read.items()}
    return list(address_conflicts.check_pools(pools, routes))


def check_zones(
    read: Mapping[str, NodeFacts], addresses: Mapping[str, str], hosts: Mapping[str, Host]
) -> list[Problem]:
    """Whether firewalld opens ports in the zone that members' packets come into."""
    problems: list[Problem] = []
    for host, facts in read.items():
        zones = facts["firewall"].get("zones")
        if zones and hosts[host]["here"] and (facts.get("expects") or {}).get("firewall"):
            own = addresses.get(host)
            interface = next((item["interface"] for item in facts["addresses"] if item["address"] == own), None)
            others = [address for name, address in addresses.items() if name != host]
            problems += [(host, text) for text in firewalld.check_zones(zones, interface, others)]
    return problems


def check_dns(
    options: Options, read: Mapping[str, NodeFacts], addresses: Mapping[str, str], hosts: Mapping[str, Host]
) -> list[Problem]:
    """Whether the DNS records are right, servers can serve names, and hosts can be sent to them."""
    texts = records.check_records(options["dns_records"], options["domain"], option="swarm_dns_records")
    problems: list[Problem] = [(None, text) for text in texts]
    for host in options["dns_servers"]:
        if host in read and hosts[host]["here"]:
            problems += [(host, text) for text in _check_server(read[host], addresses.get(host))]
    servers = [addresses[host] for host in options["dns_servers"] if host in addresses]
    for host, facts in read.items():
        if options["dns_servers"] and hosts[host]["here"] and dns_checks.managed(facts):
            problems += [(host, text) for text in dns_checks.check_resolver(facts, servers)]
    return problems


def _check_server(facts: NodeFacts, address: str | None) -> list[str]:
    units = facts["units"]
    taken = facts["dns"]["port_53"]
    if "systemd-resolved.service" in units and units["systemd-resolved.service"]["active"] == "active":
        taken = [item for item in taken if not item.startswith("127.")]  # its stub is moved away
    listen, unit = [address] if address else [], units.get("dnsmasq.service")
    owners = ports.owners_of_port_53(facts)
    problems = list(dnsmasq.check_port(taken, listen, unit, option="swarm_dns_servers", owners=owners))
    bind = "interfaces" if facts["os"]["family"] == "RedHat" else "dynamic"
    return problems + dns_checks.check_server(facts, bind, bool((facts.get("expects") or {}).get("upstreams")))
