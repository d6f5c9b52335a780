# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: what is wrong with the inventory, and with networks and names of the cluster. Pure functions."""

from __future__ import annotations

from .._dns import dnsmasq, records
from .._networks import address_conflicts, macvlan


def check_inventory(managers, workers):
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


def check_networks(options, read, state, hosts):
    pools = set()
    for item in hosts.values():
        listed = (item["daemon_options"] or {}).get("default-address-pools") or []
        pools.update(pool["base"] for pool in listed if isinstance(pool, dict) and "base" in pool)
    routes = {host: facts["routes"] for host, facts in read.items()}
    return address_conflicts.check_networks(options["networks"], routes, state.get("networks") or [], sorted(pools))


def macvlan_parts(options, names, read):
    """Each macvlan's parts by host, and what is wrong with it."""
    wanted = [item for item in options["macvlans"] if item.get("state") != "absent"]
    problems = macvlan.check_macvlans(options["macvlans"], read)
    found = {}
    if not problems:
        for item in wanted:
            found[item["name"]], wrong = macvlan.parts(item, names, read)
            problems += wrong
    return found, problems


def check_pools(options, read, init):
    """Where the swarm takes networks from that have no subnet of their own: decided once, when it is made."""
    if not init:
        return []
    routes = {host: facts["routes"] for host, facts in read.items()}
    return address_conflicts.check_pools(options["settings"].get("default_addr_pool") or [], routes)


def check_dns(options, read, addresses):
    texts = records.check_records(options["dns_records"], options["domain"], option="swarm_dns_records")
    problems = [(None, text) for text in texts]
    for host in options["dns_servers"]:
        if host in read:
            unit = read[host]["units"].get("dnsmasq.service")
            listen = [addresses[host]] if host in addresses else []
            taken = read[host]["dns"]["port_53"]
            if read[host]["units"].get("systemd-resolved.service", {}).get("active") == "active":
                taken = [address for address in taken if not address.startswith("127.")]  # its stub is moved away
            problems += [(host, text) for text in dnsmasq.check_port(taken, listen, unit, option="swarm_dns_servers")]
    return problems
