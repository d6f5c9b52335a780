# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: everything that can be found wrong before anything is changed. Pure functions."""

from __future__ import annotations

from ansible_collections.dockyard.swarm.plugins.module_utils import (
    _addresses,
    _daemon,
    _dns_records,
    _dnsmasq,
    _engine_data,
    _engine_install,
    _firewall,
    _host_plan,
    _macvlan,
    _members,
    _network,
    _network_checks,
    _network_room,
    _paths,
    _settings,
    _swarm,
    _twins,
)

# Distribution -> releases that the collection is made for; the CentOS family counts by its major release.
SUPPORTED = {
    "almalinux": ["9", "10"],
    "centos": ["9", "10"],
    "debian": ["12", "13"],
    "rhel": ["9", "10"],
    "rocky": ["9", "10"],
    "ubuntu": ["22.04", "24.04", "26.04"],
}


def cluster_plan(managers, workers, hosts, options):
    """The cluster plan with everything that must be known, and right, before a host is touched.

    :param managers: inventory names of the managers, in order; ``workers`` likewise.
    :param hosts: host -> ``{facts, ansible_host, daemon_options, labels, availability, advertise_addr, data_path_addr,
        firewall_ports, firewall_backend, firewall_published, timezone, engine, here}``; ``facts`` is None for a host that was not
        read, ``here`` tells whether the run acts on it.
    :param options: ``{networks, dns_records, dns_servers, domain, settings, allow_unsupported_os}`` of the cluster,
        ``forms_swarm``, whether this run makes it (with ``repairs`` it brings a lost one back, and looks for itself at what
        is wrong with it), and ``swarm_settings`` and ``unlock_keys`` as
        :func:`_swarm.cluster_plan` takes them.
    :returns: a dictionary with ``problems`` and ``warnings``, texts that name host, option and remedy; ``addresses`` and
        ``data_paths`` by host, ``hostnames``, addresses by the hosts' own names; ``way_mtu``, what the interfaces of all hosts
        that were read can carry; ``macvlans``, each macvlan's parts by host; ``room``, of each network what
        :func:`_network_room.forecast` gives; ``manager``, who is asked for the swarm, and
        ``managers``, who can be; ``nodes``, the swarm's as they list them; ``hosts``, who the hosts that were read are;
        ``join_addrs``; ``probe``, :func:`_paths.probe_plan`'s plan; ``swarm``, :func:`_swarm.cluster_plan`'s.
    """
    read = {host: item["facts"] for host, item in hosts.items() if item["facts"]}
    problems = [(None, text) for text in _check_inventory(managers, workers)]
    wrong_settings = _settings.check_settings(options["swarm_settings"])
    problems += [(None, text) for text in wrong_settings]
    for host, facts in read.items():
        problems += [(host, text) for text in _check_host(hosts[host], facts, options)]
    members = [host for host, facts in read.items() if facts["swarm"]["state"] == "active"]
    twins, old_twins = _twins.check_twins({host: facts["machine"] for host, facts in read.items()}, members)
    problems += [(None, text) for text in twins]
    explicit = {host: item["advertise_addr"] for host, item in hosts.items()}
    addresses, unclear = _addresses.advertise_addresses(read, explicit)
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
    problems += _check_networks(options, read, state, hosts)
    macvlans, wrong = _macvlans(options, managers + workers, read)
    problems += wrong + _check_dns(options, read, addresses)
    problems += [(None, text) for text in _check_pools(options, read, plan["init"])]
    warnings = _warnings(managers, options, state) + _insecure(hosts) + _flushed(read) + old_twins
    _fill_addresses(addresses, hosts, state)
    data_paths = _data_paths(addresses, hosts)
    ways = _ways(data_paths, read)
    room, full = _room(read)
    warnings += _network.too_wide(state.get("networks") or [], ways) + full
    return {
        "problems": ["%s: %s" % (host, text) if host else text for host, text in problems],
        "warnings": warnings,
        "addresses": addresses,
        "hostnames": _hostnames(addresses, read, state),
        "data_paths": data_paths,
        "way_mtu": _network.path_mtu(ways.values()),
        "macvlans": macvlans,
        "room": room,
        "manager": plan["manager"],
        "managers": _swarm.able_managers({host: facts["swarm"] for host, facts in read.items()}),
        "nodes": state.get("nodes") or [],
        "hosts": {host: _identity(hosts[host], facts) for host, facts in read.items()},
        "join_addrs": _join_addrs(plan["manager"], state, addresses),
        "probe": _probe(managers, hosts, read, options, state, addresses),
        "swarm": dict(
            plan,
            leaving=_members.leaving(state.get("nodes") or [], {item["node"] for item in plan["rejoin"].values()}),
            **_members.by_node(plan["members"]),
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
    return _paths.probe_plan(
        here,
        addresses,
        _data_paths(addresses, hosts),
        managers,
        options["settings"].get("data_path_port") or (state.get("settings") or {}).get("data_path_port") or 4789,
        any(item.get("encrypted") for item in networks),
        [read[host]["machine"].get("time") for host in here],
    )


def _check_inventory(managers, workers):
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


def _check_host(host, facts, options):
    problems = []
    system = facts["os"]
    releases = SUPPORTED.get(system["id"], [])
    release = system["version"].split(".")[0] if system["family"] == "RedHat" else system["version"]
    if release not in releases and not options["allow_unsupported_os"]:
        known = "; ".join("%s %s" % (name, ", ".join(found)) for name, found in sorted(SUPPORTED.items()))
        problems.append(
            "%s is not supported (supported are %s): take the host out of the inventory, or set "
            "swarm_cluster_allow_unsupported_os to try it at your own risk" % (system["name"], known)
        )
    if host["advertise_addr"] and not _addresses.is_address(host["advertise_addr"]):
        problems.append(
            "option swarm_node_advertise_addr: %r is no IP address: set one of the host's own" % host["advertise_addr"]
        )
    wanted = host["daemon_options"] or {}
    argv = facts["units"].get("docker.service", {}).get("argv", [])
    version, plain_tcp = _engine_install.version_to_be(host["engine"], facts), host.get("plain_tcp", False)
    for text in _daemon.check_options(wanted, version, swarm=True, argv=argv, plain_tcp=plain_tcp):
        problems.append("option swarm_engine_daemon_options: %s" % text)
    there = facts.get("daemon", {}).get("options") or {}
    kept = {name: there[name] for name in there if name not in wanted and name not in host["daemon_remove"]}
    for text in _daemon.removed_options(kept, version) if version != facts["engine"]["version"] else []:
        problems.append("/etc/docker/daemon.json on the host: %s, or put it into swarm_engine_daemon_remove" % text)
    problems += ["option swarm_host_timezone: %s" % text for text in _host_plan.check_timezone(host.get("timezone"))]
    problems += _engine_install.check(host["engine"], facts)
    # An interrupted move is dealt with where it is found.
    if facts.get("data") and not facts["data"]["move"]:
        problems += _engine_data.check(facts["data"])
    for name, there in (facts.get("kernel_modules") or {}).items():
        if there is None:
            problems.append(
                "kernel %s has no module %s, which networks of a swarm need: install the package with all of its modules "
                "(on Ubuntu linux-modules-extra, on CentOS kernel-modules-extra), or start another kernel"
                % (system["kernel"], name)
            )
    problems += [
        "option swarm_host_firewall_ports: %s" % text for text in _firewall.check_ports(host["firewall_ports"])
    ]
    problems += _firewall.check_backend(
        host.get("firewall_backend"), host.get("firewall_published"), facts.get("firewall")
    )
    return problems


def _check_networks(options, read, state, hosts):
    pools = set()
    for item in hosts.values():
        listed = (item["daemon_options"] or {}).get("default-address-pools") or []
        pools.update(pool["base"] for pool in listed if isinstance(pool, dict) and "base" in pool)
    routes = {host: facts["routes"] for host, facts in read.items()}
    return _network_checks.check_networks(options["networks"], routes, state.get("networks") or [], sorted(pools))


def _macvlans(options, names, read):
    """Each macvlan's parts by host, and what is wrong with it."""
    wanted = [item for item in options["macvlans"] if item.get("state") != "absent"]
    problems = _macvlan.check_macvlans(options["macvlans"], read)
    found = {}
    if not problems:
        for item in wanted:
            found[item["name"]], wrong = _macvlan.parts(item, names, read)
            problems += wrong
    return found, problems


def _check_pools(options, read, init):
    """Where the swarm takes networks from that have no subnet of their own: decided once, when it is made."""
    if not init:
        return []
    routes = {host: facts["routes"] for host, facts in read.items()}
    return _network_checks.check_pools(options["settings"].get("default_addr_pool") or [], routes)


def _check_dns(options, read, addresses):
    texts = _dns_records.check_records(options["dns_records"], options["domain"], option="swarm_dns_records")
    problems = [(None, text) for text in texts]
    for host in options["dns_servers"]:
        if host in read:
            unit = read[host]["units"].get("dnsmasq.service")
            listen = [addresses[host]] if host in addresses else []
            taken = read[host]["dns"]["port_53"]
            if read[host]["units"].get("systemd-resolved.service", {}).get("active") == "active":
                taken = [address for address in taken if not address.startswith("127.")]  # its stub is moved away
            problems += [(host, text) for text in _dnsmasq.check_port(taken, listen, unit, option="swarm_dns_servers")]
    return problems


def _insecure(hosts):
    warnings = []
    for host, item in hosts.items():
        names = (item["daemon_options"] or {}).get("insecure-registries")
        if names:
            warnings.append(
                "%s: daemon option insecure-registries lets anyone on the way change images from %s: give these registries "
                "certificates, and put their CA into swarm_engine_registry_cas" % (host, ", ".join(map(str, names)))
            )
    return warnings


def _flushed(read):
    names = [host for host, facts in read.items() if (facts.get("firewall") or {}).get("flushes")]
    if not names:
        return []
    return [
        "%s: each reload of firewalld shuts published ports until the next run, since it has direct rules or the backend "
        "iptables: make them rich rules or policies (firewall-cmd --direct --get-all-rules), with FirewallBackend=nftables"
        % ", ".join(names)
    ]


def _warnings(managers, options, state):
    warnings = []
    if managers and len(managers) % 2 == 0:
        warnings.append(
            "%d managers: an even number survives no more failures than %d would, and one more can fail. "
            "Use an odd number" % (len(managers), len(managers) - 1)
        )
    if state.get("settings"):
        warnings += _swarm.fixed_settings_drift(options["settings"], state["settings"])
    return warnings


def _ways(data_paths, read):
    """The MTU of the interface that each host's overlay traffic goes by."""
    return {
        host: next((item.get("mtu") for item in facts["addresses"] if item["address"] == data_paths.get(host)), None)
        for host, facts in read.items()
    }


def _room(read):
    """What each network has room for, as the leader sees it, and warnings of those that are almost full."""
    for facts in read.values():
        networks = facts["swarm"].get("networks") or []
        if any(item.get("taken") for item in networks):
            nodes = len(facts["swarm"]["nodes"])
            room = {item["name"]: _network_room.forecast(item, nodes) for item in networks}
            return room, _network_room.almost_full(networks, room)
    return {}, []


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
