# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The order of an inventory, and of what the Engine lists, says nothing: all plans are the same."""

from __future__ import annotations

import copy

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from ansible_collections.dockyard.swarm.plugins.filter.dns_plan import dns_names, dns_records
from ansible_collections.dockyard.swarm.plugins.filter.networks_plan import networks_plan
from ansible_collections.dockyard.swarm.plugins.module_utils._core.ip import in_order
from ansible_collections.dockyard.swarm.plugins.module_utils._dns import role_plan as dns
from ansible_collections.dockyard.swarm.plugins.module_utils._dns.dnsmasq import settings_of
from ansible_collections.dockyard.swarm.plugins.module_utils._dns.dnsmasq_files import render_conf, render_hosts
from ansible_collections.dockyard.swarm.plugins.module_utils._engine import role_plan as engine
from ansible_collections.dockyard.swarm.plugins.module_utils._host import firewall, nftables
from ansible_collections.dockyard.swarm.plugins.module_utils._networks import macvlan
from ansible_collections.dockyard.swarm.plugins.module_utils._preflight import preflight
from ansible_collections.dockyard.swarm.plugins.module_utils._services import registry_plan as registry
from ansible_collections.dockyard.swarm.plugins.module_utils._swarm import placement
from benchmarks import plan as bench

# Which order it was says little, and a search for a simpler one takes minutes.
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)
DOMAIN = "swarm.test"
COUNT = 8
NAMES = bench.names(COUNT)
HOLDER, COLLECTOR = NAMES[2], NAMES[6]
NETWORKS = [{"name": name, "subnet": "10.20.%d.0/24" % number} for number, name in enumerate("abc")]
MACVLAN = {"name": "mac", "subnets": [{"subnet": "172.30.0.0/16", "ip_range": "172.30.128.0/20", "gateway": None}]}
PLACES = [
    {"name": "registry", "option": "r", "host": "", "data": "images", "volume": True, "service": "registry_registry"},
    {"name": "logs", "option": "l", "host": "", "data": "/srv/logs", "file": "/c", "beside": "/s", "unit": "u"},
]
SERVICES = [{"name": "registry_registry", "published": [5000]}]
DNS = {"dns": sorted((bench.address(number) for number in range(bench.MANAGERS)), reverse=True)}


def network(item):
    return {
        "id": "id-" + item["name"], "name": item["name"], "driver": "overlay", "config_from": None,
        "subnets": [{"subnet": item["subnet"], "gateway": None, "ip_range": None}], "attachable": False, "internal": False,
        "ingress": False, "encrypted": False, "mtu": None, "labels": {}, "ipam_driver": "default", "ipam_options": {},
        "driver_options": {}, "services": [], "taken": None,
    }  # fmt: skip


def shuffled(draw, items):
    return draw(st.permutations(list(items)))


@st.composite
def inventories(draw):
    """A converged cluster, in any order: hosts, groups, nodes, services, networks, addresses of a host."""
    states = copy.deepcopy(bench.states(COUNT, member=True))
    for number, name in enumerate(NAMES):
        seen = states[name]["facts"]
        seen["daemon"]["options"] = dict(bench.OPTIONS, **DNS)
        seen["engine"]["configs"] = {
            "mac-config": {
                "parent": "eth0",
                "subnets": [dict(MACVLAN["subnets"][0], ip_range="172.30.%d.0/24" % (128 + number))],
            }
        }
        seen["addresses"] = shuffled(draw, seen["addresses"])
        seen["routes"] = shuffled(draw, seen["routes"])
        if seen["swarm"]["manager"]:
            for node in seen["swarm"]["nodes"]:
                node["labels"].update({"dockyard.swarm.registry": "images"} if node["hostname"] == HOLDER else {})
                node["labels"].update({"dockyard.swarm.logs": "/srv/logs"} if node["hostname"] == COLLECTOR else {})
            seen["swarm"]["nodes"] = shuffled(draw, seen["swarm"]["nodes"])
            seen["swarm"]["networks"] = shuffled(draw, [network(item) for item in NETWORKS])
            seen["swarm"]["managers"] = shuffled(draw, seen["swarm"]["managers"])
            services = {"registry_registry": {}, "shop_web": {}, "shop_db": {}}
            seen["swarm"]["services"] = {name: services[name] for name in shuffled(draw, services)}
            seen["swarm"]["foreign"] = {"services": {"x": [80], "y": []}, "secrets": [], "configs": []}
    managers = shuffled(draw, NAMES[: bench.MANAGERS])
    workers = shuffled(draw, NAMES[bench.MANAGERS :])
    hosts = {name: states[name] for name in shuffled(draw, states)}
    return managers, workers, hosts


def plans(managers, workers, hosts):
    """All that is planned, and written, from one inventory."""
    options = {
        "networks": NETWORKS, "macvlans": [MACVLAN], "dns_records": [], "dns_servers": managers, "domain": DOMAIN, "settings": {},
        "allow_unsupported_os": False, "forms_swarm": True, "repairs": False, "swarm_settings": {},
        "unlock_keys": {"found": False, "dir": "/secrets", "known": []}, "places": PLACES, "other_places": [],
        "services": SERVICES, "play_hosts": list(hosts), "outside": {}, "take_over": False, "ended": [],
        "folder": {"dir": "/secrets", "problem": None, "former": False, "secrets": []},
        "registry_users": {}, "registry_config": {}, "groups": {"all": list(hosts), "swarm": list(hosts)},
        "manager_group": "swarm_managers", "worker_group": "swarm_workers",
    }  # fmt: skip
    cluster = preflight.cluster_plan(managers, workers, hosts, options)
    addresses = cluster["addresses"]
    facts = {name: item["facts"] for name, item in hosts.items()}
    place = cluster["places"]["registry"]
    names = dns_names([{"name": "registry", "hosts": managers}, {"name": "logs", "hosts": [COLLECTOR]}], addresses, {})
    records = settings_of({"domain": DOMAIN, "records": dns_records([], addresses, names, DOMAIN)})
    servers = in_order(addresses[name] for name in managers)
    manager = facts[cluster["manager"]]
    found = {
        "problems": cluster["problems"],
        "steps": cluster["swarm"]["steps"],
        "members": (cluster["swarm"]["nodes"], cluster["swarm"]["forget"], cluster["swarm"]["settings"]),
        "addresses": addresses,
        "data_paths": cluster["data_paths"],
        "mtu": cluster["path_mtu"],
        "places": cluster["places"],
        "labels": [placement.place_plan(item, manager["swarm"]["nodes"]) for item in cluster["places"].values()],
        "certificate": registry.certificate("registry", {name: facts[name] for name in managers}, addresses),
        "stack": registry.stack({"image": "registry:2.8"}, place, dict.fromkeys(registry.SECRETS, "x")),
        "dns": servers,
        "records": (render_hosts(records), render_conf(records)),
    }
    for name in NAMES:
        parts = {
            "host": name,
            "manager": name == cluster["manager"],
            "networks": [MACVLAN],
            "parts": cluster["macvlans"],
        }
        rules = firewall.wanted_rules(name, addresses, {
            "managers": managers, "data_path_port": 4789, "data_paths": cluster["data_paths"], "bridges": [], "ports": [],
            "served": [{"port": 53, "hosts": managers, "from": ["members", "containers"]}], "kept": [],
        })  # fmt: skip
        settings_ = {
            "options": {}, "remove": [], "environment": {}, "contributed": {"dns": servers}, "data_link": False,
            "registry_cas": {}, "api": {}, "archives": [], "nodes": [],
        }  # fmt: skip
        found[name] = {
            "resolvers": dns.resolvers(servers, addresses[name] if name in managers else ""),
            "rules": sorted(rules["rules"]),
            "nftables": nftables.ruleset(rules, published="declared"),
            "dns of the engine": engine.wanted_of(facts[name], settings_)["options"]["dns"],
            "macvlan": macvlan.macvlans_plan(facts[name], name, False, [MACVLAN], cluster["macvlans"]),
        }
        if parts["manager"]:
            found["networks"] = networks_plan(facts[name], NETWORKS, cluster["path_mtu"], dict(parts, networks=[]))[
                "all"
            ]
    return found


@settings(max_examples=40, deadline=None, phases=PHASES)
@given(inventories(), inventories())
def test_no_plan_depends_on_the_order(one, other):
    first, second = plans(*one), plans(*other)
    for key, value in first.items():
        assert value == second[key], key


@settings(max_examples=10, deadline=None, phases=PHASES)
@given(inventories())
def test_a_converged_cluster_has_an_empty_plan_in_any_order(inventory):
    found = plans(*inventory)
    assert found["problems"] == []
    assert found["steps"] == found["networks"] == []
    assert found["labels"] == [[], []]
    assert {name: place["host"] for name, place in found["places"].items()} == {"registry": HOLDER, "logs": COLLECTOR}
    for name in NAMES:
        # As the daemon runs with it, whatever order is wanted.
        assert found[name]["dns of the engine"] == DNS["dns"]
        assert found[name]["macvlan"] == []
