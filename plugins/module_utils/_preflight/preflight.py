# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: the cluster plan, with everything that can be found wrong before anything is changed.

Pure functions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Mapping, TypedDict, cast

from .._networks import capacity, overlay
from .._probe import report
from .._services import ownership, registry_options
from .._swarm import advertise_address, placement, settings
from .._swarm.cluster_plan import SwarmChanges, able_managers, swarm_plan
from .._swarm.members import by_node, leaving
from . import addresses as _addresses
from . import dns_checks, found_checks, ports
from . import warnings as _warnings
from .cluster_checks import check_dns, check_inventory, check_networks, check_pools, check_zones, macvlan_parts
from .controller import controller_plan
from .duplicate_hosts import check_duplicates
from .groups import check_groups
from .host_checks import check_host

if TYPE_CHECKING:
    from .._core.facts import Node, NodeFacts, SwarmNetwork
    from .._swarm.cluster_plan import SwarmPlan
    from .._swarm.members import Leaving, NodeOptions
    from .._swarm.placement import Place
    from .._swarm.removal import HostIdentity
    from .cluster_checks import Problem
    from .controller import ControllerPlan
    from .inputs import Host, Options


class SwarmTodo(SwarmChanges):
    """What role swarm_node does; the changes of nodes as options of its modules."""

    leaving: Leaving
    nodes: list[NodeOptions]
    forget: list[str]


class ClusterPlan(TypedDict):
    problems: list[str]  # texts with host, option and remedy: nothing may be changed where there is one
    warnings: list[str]
    addresses: dict[str, str]  # by host
    hostnames: dict[str, str]  # addresses by the hosts' own names
    data_paths: dict[str, str]  # addresses of the overlay networks' traffic, by host
    path_mtu: int | None  # what the interfaces of all hosts that were read carry
    macvlans: dict[str, Any]  # each macvlan's parts by host
    capacity: dict[str, dict[str, int] | None]  # by network, as _networks/capacity predicts it
    manager: str | None  # the host that is asked for the swarm
    managers: list[str]  # all hosts that can be asked
    nodes: list[Node]  # as the swarm lists them
    hosts: dict[str, HostIdentity]  # of hosts that were read
    join_addrs: list[str]
    places: dict[str, Place]  # where what has data runs, by name
    probe: dict[str, Any]  # who sends packets to whom, as _probe/report plans it
    controller: ControllerPlan
    swarm: SwarmTodo


def cluster_plan(managers: list[str], workers: list[str], hosts: Mapping[str, Host], options: Options) -> ClusterPlan:
    """The cluster plan over all hosts at once.

    :param managers: inventory names of the managers, in order; ``workers`` likewise.
    """
    read = {host: item["facts"] for host, item in hosts.items() if item["facts"]}
    explicit = {host: item["advertise_addr"] for host, item in hosts.items()}
    addresses, unclear = advertise_address.advertise_addresses(read, explicit)
    members = [host for host, facts in read.items() if facts["swarm"]["state"] == "active"]
    machines = {host: facts["machine"] for host, facts in read.items()}
    duplicates, accepted_duplicates = check_duplicates(machines, members)
    wrong_settings = settings.check_settings(options["swarm_settings"])
    wrong_groups = check_groups(
        options["groups"], options["manager_group"], options["worker_group"], [*managers, *workers]
    )
    plan = _swarm_plan(
        managers, workers, hosts, options, addresses, {} if wrong_settings else options["swarm_settings"]
    )
    state: Mapping[str, Any] = read[plan["manager"]]["swarm"] if plan["manager"] in read else {}
    controller = controller_plan(
        options["folder"],
        state.get("spec"),
        read,
        [host for host, item in hosts.items() if not item["facts"] or not item["here"]],
        options["take_over"],
    )
    if plan["init"]:
        # The swarm gets them with its first settings.
        plan["settings"] = plan["settings"] + controller["marks"]
        plan["steps"] = plan["steps"] + controller["marks"]
    nodes, networks = state.get("nodes") or [], state.get("networks") or []
    macvlans, wrong_macvlans = macvlan_parts(options["macvlans"], managers + workers, read)
    problems: list[Problem] = [
        (None, text) for text in check_inventory(managers, workers) + wrong_groups + wrong_settings
    ]
    problems += [(None, text) for text in controller["problems"]]
    for host, facts in read.items():
        problems += [(host, text) for text in check_host(hosts[host], facts, options["allow_unsupported_os"])]
        if hosts[host]["here"]:
            port = options["settings"].get("data_path_port") or ports.DATA_PATH_PORT
            problems += [(host, text) for text in found_checks.check_found(hosts[host], facts, host in managers, port)]
    problems += [(None, text) for text in duplicates]
    problems += unclear.items()
    for host, texts in plan["problems"].items():
        problems += [(host, text) for text in texts if not options["repairs"]]
    problems += check_networks(options["networks"], read, networks, hosts)
    problems += check_zones(read, addresses, hosts)
    problems += wrong_macvlans + check_dns(options, read, addresses, hosts)
    problems += [(None, text) for text in registry_options.check_users(options["registry_users"])]
    problems += [(None, text) for text in registry_options.check_config(options["registry_config"])]
    if plan["init"]:
        problems += [(None, text) for text in check_pools(options["settings"].get("default_addr_pool") or [], read)]
    addresses = _addresses.with_unread(addresses, hosts, nodes)
    places, misplaced = _places(managers + workers, hosts, options, state, addresses)
    problems += [(None, text) for text in misplaced]
    problems += ownership.check_services([] if options["repairs"] else options["services"], state, read)
    data_paths = _addresses.data_paths(addresses, hosts)
    path_mtus = _addresses.path_mtus(data_paths, read)
    counted, number = _counted_networks(read)
    forecasts = {item["name"]: capacity.forecast(item, number) for item in counted}
    warnings = (
        _warnings.even_managers(managers)
        + _warnings.fixed_settings(options["settings"], state.get("settings") or {})
        + _warnings.insecure_registries(hosts)
        + _warnings.ports_shut_by_reloads(read)
        + found_checks.foreign_units(read)
        + dns_checks.undone_by(read if options["dns_servers"] else {})
        + accepted_duplicates
        + _addresses.without_address(addresses, hosts)
        + overlay.too_wide(networks, path_mtus)
        + capacity.almost_full(counted, forecasts)
    )
    return {
        "problems": ["%s: %s" % (host, text) if host else text for host, text in problems],
        "warnings": warnings,
        "addresses": addresses,
        "hostnames": _addresses.by_hostname(addresses, read, nodes),
        "data_paths": data_paths,
        "path_mtu": overlay.smallest_mtu(path_mtus.values()),
        "macvlans": macvlans,
        "capacity": forecasts,
        "manager": plan["manager"],
        "managers": able_managers({host: facts["swarm"] for host, facts in read.items()}),
        "nodes": nodes,
        "hosts": {host: _identity(hosts[host], facts) for host, facts in read.items()},
        "join_addrs": _addresses.join_addrs(plan["manager"], state.get("managers") or [], addresses),
        "places": places,
        "probe": _probe(managers, hosts, read, options, state, addresses, data_paths),
        "controller": controller,
        "swarm": _todo(plan, nodes),
    }


def _swarm_plan(
    managers: list[str],
    workers: list[str],
    hosts: Mapping[str, Host],
    options: Options,
    addresses: Mapping[str, str],
    swarm_settings: Any,
) -> SwarmPlan:
    return swarm_plan(
        {
            host: {
                "role": "manager" if host in managers else "worker",
                "availability": hosts[host]["availability"],
                "labels": hosts[host]["labels"],
                "address": addresses.get(host),
                "advertise_addr": hosts[host]["advertise_addr"],
                "own": _own_addresses(hosts[host]["facts"]),
                "here": hosts[host]["here"],
                "facts": hosts[host]["facts"],
            }
            for host in managers + workers
            if host in hosts
        },
        options["forms_swarm"],
        swarm_settings,
        options["unlock_keys"],
        options.get("ended") or (),
    )


def _places(
    groups: list[str],
    hosts: Mapping[str, Host],
    options: Options,
    state: Mapping[str, Any],
    addresses: Mapping[str, str],
) -> tuple[dict[str, Place], list[str]]:
    everyone = dict({host: item["facts"] for host, item in hosts.items()}, **options["outside"])
    seen = placement.view(everyone, state, addresses, groups, options["play_hosts"])
    found, problems = placement.places(options["places"], seen)
    # A play that does not act on it has no reason to stop.
    others, _ignored = placement.places(options["other_places"], seen)
    return {**others, **found}, [] if options["repairs"] else problems


def _own_addresses(facts: NodeFacts | None) -> list[str]:
    return [item["address"] for item in facts["addresses"]] if facts else []


def _counted_networks(read: Mapping[str, NodeFacts]) -> tuple[list[SwarmNetwork], int]:
    """The swarm's networks as the leader lists them, since only it counts addresses, and the number of nodes."""
    for facts in read.values():
        networks = facts["swarm"].get("networks") or []
        if any(item.get("taken") for item in networks):
            return networks, len(facts["swarm"]["nodes"])
    return [], 0


def _identity(host: Host, facts: NodeFacts) -> HostIdentity:
    return {
        "hostname": facts["machine"]["hostname"],
        "state": facts["swarm"]["state"],
        "node_id": facts["swarm"]["node_id"],
        "here": host["here"],
    }


def _probe(
    managers: list[str],
    hosts: Mapping[str, Host],
    read: Mapping[str, NodeFacts],
    options: Options,
    state: Mapping[str, Any],
    addresses: Mapping[str, str],
    data_paths: Mapping[str, str],
) -> dict[str, Any]:
    """Who takes part where packets are sent between the hosts: those that the run acts on."""
    here = [host for host in read if hosts[host]["here"]]
    networks = options["networks"] + (state.get("networks") or [])
    found: dict[str, Any] = report.probe_plan(
        here,
        addresses,
        data_paths,
        managers,
        options["settings"].get("data_path_port") or (state.get("settings") or {}).get("data_path_port") or 4789,
        any(item.get("encrypted") for item in networks),
        [read[host]["machine"].get("time") for host in here],
    )
    return found


def _todo(plan: SwarmPlan, nodes: list[Node]) -> SwarmTodo:
    changes = {key: value for key, value in plan.items() if key != "problems"}
    rejoining = {item["node"] for item in plan["rejoin"].values() if item["node"]}
    return cast("SwarmTodo", dict(changes, leaving=leaving(nodes, rejoining), **by_node(plan["members"])))
