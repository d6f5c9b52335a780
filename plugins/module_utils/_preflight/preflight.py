# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: everything that can be found wrong before anything is changed. Pure functions."""

from __future__ import annotations

from .._networks import overlay
from .._probe import report
from .._swarm import advertise_address, settings
from .._swarm import cluster_plan as _swarm
from .._swarm.members import by_node, leaving
from . import duplicate_hosts
from .cluster_checks import check_dns, check_inventory, check_networks, check_pools, macvlan_parts
from .host_checks import check_host
from .warnings import insecure_registries, network_capacity, ports_shut_by_reloads, settings_warnings


def cluster_plan(managers, workers, hosts, options):
    """The cluster plan with everything that must be known, and right, before a host is touched.

    :param managers: inventory names of the managers, in order; ``workers`` likewise.
    :param hosts: host -> ``{facts, ansible_host, daemon_options, labels, availability, advertise_addr, data_path_addr,
        firewall_ports, firewall_backend, firewall_published, timezone, engine, here}``; ``facts`` is None for a host that was not
        read, ``here`` tells whether the run acts on it.
    :param options: ``{networks, dns_records, dns_servers, domain, settings, allow_unsupported_os}`` of the cluster,
        ``forms_swarm``, whether this run makes it (with ``repairs`` it brings a lost one back, and looks for itself at what
        is wrong with it), and ``swarm_settings`` and ``unlock_keys`` as
        :func:`cluster_plan.cluster_plan` takes them.
    :returns: a dictionary with ``problems`` and ``warnings``, texts that name host, option and remedy; ``addresses`` and
        ``data_paths`` by host, ``hostnames``, addresses by the hosts' own names; ``path_mtu``, what the interfaces of all hosts
        that were read can carry; ``macvlans``, each macvlan's parts by host; ``capacity``, of each network what
        :func:`capacity.forecast` gives; ``manager``, who is asked for the swarm, and
        ``managers``, who can be; ``nodes``, the swarm's as they list them; ``hosts``, who the hosts that were read are;
        ``join_addrs``; ``probe``, :func:`report.probe_plan`'s plan; ``swarm``, :func:`cluster_plan.cluster_plan`'s.
    """
    read = {host: item["facts"] for host, item in hosts.items() if item["facts"]}
    problems = [(None, text) for text in check_inventory(managers, workers)]
    wrong_settings = settings.check_settings(options["swarm_settings"])
    problems += [(None, text) for text in wrong_settings]
    for host, facts in read.items():
        problems += [(host, text) for text in check_host(hosts[host], facts, options)]
    members = [host for host, facts in read.items() if facts["swarm"]["state"] == "active"]
    twins, old_twins = duplicate_hosts.check_twins({host: facts["machine"] for host, facts in read.items()}, members)
    problems += [(None, text) for text in twins]
    explicit = {host: item["advertise_addr"] for host, item in hosts.items()}
    addresses, unclear = advertise_address.advertise_addresses(read, explicit)
    problems += unclear.items()
    plan = _swarm.cluster_plan(
        {
            host: {
                "role": "manager" if host in managers else "worker",
                "availability": hosts[host]["availability"],
                "labels": hosts[host]["labels"],
                "address": addresses.get(host),
                "advertise_addr": hosts[host]["advertise_addr"],
                "own": [item["address"] for item in (hosts[host]["facts"] or {}).get("addresses") or []],
                "here": hosts[host]["here"],
                "facts": hosts[host]["facts"],
            }
            for host in managers + workers
            if host in hosts
        },
        options["forms_swarm"],
        {} if wrong_settings else options["swarm_settings"],
        options["unlock_keys"],
    )
    for host, texts in plan.pop("problems").items():
        problems += [(host, text) for text in texts if not options.get("repairs")]
    state = read[plan["manager"]]["swarm"] if plan["manager"] in read else {}
    problems += check_networks(options, read, state, hosts)
    macvlans, wrong = macvlan_parts(options, managers + workers, read)
    problems += wrong + check_dns(options, read, addresses)
    problems += [(None, text) for text in check_pools(options, read, plan["init"])]
    warnings = (
        settings_warnings(managers, options, state)
        + insecure_registries(hosts)
        + ports_shut_by_reloads(read)
        + old_twins
    )
    _fill_addresses(addresses, hosts, state)
    data_paths = _data_paths(addresses, hosts)
    path_mtus = _path_mtus(data_paths, read)
    capacity, full = network_capacity(read)
    warnings += overlay.too_wide(state.get("networks") or [], path_mtus) + full
    return {
        "problems": ["%s: %s" % (host, text) if host else text for host, text in problems],
        "warnings": warnings,
        "addresses": addresses,
        "hostnames": _hostnames(addresses, read, state),
        "data_paths": data_paths,
        "path_mtu": overlay.smallest_mtu(path_mtus.values()),
        "macvlans": macvlans,
        "capacity": capacity,
        "manager": plan["manager"],
        "managers": _swarm.able_managers({host: facts["swarm"] for host, facts in read.items()}),
        "nodes": state.get("nodes") or [],
        "hosts": {host: _identity(hosts[host], facts) for host, facts in read.items()},
        "join_addrs": _join_addrs(plan["manager"], state, addresses),
        "probe": _probe(managers, hosts, read, options, state, addresses),
        "swarm": dict(
            plan,
            leaving=leaving(state.get("nodes") or [], {item["node"] for item in plan["rejoin"].values()}),
            **by_node(plan["members"]),
        ),
    }


def _identity(host, facts):
    return {
        "hostname": facts["machine"]["hostname"],
        "state": facts["swarm"]["state"],
        "node_id": facts["swarm"]["node_id"],
        "here": host["here"],
    }


def _probe(managers, hosts, read, options, state, addresses):
    """Who takes part where packets are sent between the hosts: those that the run acts on."""
    here = [host for host in read if hosts[host]["here"]]
    networks = options["networks"] + (state.get("networks") or [])
    return report.probe_plan(
        here,
        addresses,
        _data_paths(addresses, hosts),
        managers,
        options["settings"].get("data_path_port") or (state.get("settings") or {}).get("data_path_port") or 4789,
        any(item.get("encrypted") for item in networks),
        [read[host]["machine"].get("time") for host in here],
    )


def _path_mtus(data_paths, read):
    """The MTU of the interface that each host's overlay traffic goes by."""
    return {
        host: next((item.get("mtu") for item in facts["addresses"] if item["address"] == data_paths.get(host)), None)
        for host, facts in read.items()
    }


def _join_addrs(manager, state, addresses):
    """Where to join: every manager that is known, the one that is asked first."""
    known = [item["addr"] for item in state.get("managers") or []]
    first = ["%s:2377" % addresses[manager]] if addresses.get(manager) else []
    return first + [addr for addr in known if addr not in first]


def _fill_addresses(addresses, hosts, state):
    """Hosts that were not read: the address that the swarm knows, so that a limited run plans the same records."""
    known = {node["hostname"]: node["addr"] for node in state.get("nodes") or []}
    for host, item in hosts.items():
        if host not in addresses:
            addresses[host] = known.get(host) or item["ansible_host"]


def _hostnames(addresses, read, state):
    """Addresses by the names that the hosts have themselves; whoever was not read is as the swarm lists it."""
    found = {node["hostname"]: node["addr"] for node in state.get("nodes") or [] if node["hostname"] and node["addr"]}
    own = {facts["machine"]["hostname"]: addresses[host] for host, facts in read.items() if host in addresses}
    return dict(found, **own)


def _data_paths(addresses, hosts):
    """Where each host's traffic of overlay networks comes from; the option has an address or an interface."""
    found = dict(addresses)
    for host, item in hosts.items():
        path = item["data_path_addr"]
        if path:
            known = (item["facts"] or {}).get("addresses") or []
            found[host] = next((entry["address"] for entry in known if entry["interface"] == path), path)
    return found
