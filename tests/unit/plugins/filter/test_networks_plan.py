# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.dockyard.swarm.plugins.filter.networks_plan import FilterModule

networks_plan = FilterModule().filters()["networks_plan"]
FACTS = {"swarm": {"networks": [], "services": {}}, "engine": {"configs": {}}}
OVERLAYS = [
    {"name": "apps", "visible": True},
    {"name": "back", "subnet": "10.20.0.0/24"},
    {"name": "gone", "state": "absent", "visible": True},
]
MACVLAN = {"name": "lan", "subnets": [{"subnet": "192.0.2.0/24"}], "parent": "eth0"}
PARTS = {"lan": {"m1": {"parent": "eth0", "subnets": [{"subnet": "192.0.2.0/24", "ip_range": "192.0.2.16/28"}]}}}


def plan(manager=True, networks=None, macvlans=(), there=()):
    networks = OVERLAYS if networks is None else networks
    facts = dict(FACTS, swarm=dict(FACTS["swarm"], networks=list(there)))
    wanted = {"host": "m1", "manager": manager, "networks": list(macvlans), "parts": PARTS if macvlans else {}}
    return networks_plan(facts, networks, 1500, wanted, "tools:1")


def names(networks):
    return [item["name"] for item in networks]


def test_the_networks_that_the_changes_are_about_stand_once_each():
    found = plan(macvlans=[MACVLAN])
    assert names(found["overlays"]) == ["apps", "back"]
    assert found["unwanted"] == []
    assert names(found["nodes"]) == ["lan"]
    assert names(found["swarm"]) == ["lan"]


def test_a_network_that_is_there_and_not_wanted_is_to_be_removed():
    there = {
        "name": "gone", "id": "n1", "driver": "overlay", "scope": "swarm", "subnets": [], "options": {}, "labels": {},
        "attachable": False, "internal": False, "ingress": False, "encrypted": False, "ipam": {}, "services": [], "mtu": None,
    }  # fmt: skip
    found = plan(networks=OVERLAYS[2:], there=[there])
    assert names(found["unwanted"]) == ["gone"]
    assert found["overlays"] == []


def test_workers_list_what_is_visible_by_a_task_on_it():
    stack = plan()["stack"]
    assert stack["state"] == "present"
    assert stack["services"]["visible"]["networks"] == ["apps"]
    assert stack["services"]["visible"]["image"] == "tools:1"
    assert [item["to"] for item in plan()["visible"]] == ["service dockyard-networks_visible"]
    assert plan()["all"][-1:] == plan()["visible"]


def test_without_visible_networks_there_is_no_such_stack():
    found = plan(networks=OVERLAYS[1:2])
    assert (found["stack"]["state"], found["stack"]["services"], found["visible"]) == ("absent", {}, [])


def test_only_the_manager_that_is_asked_looks_at_overlays_and_at_the_stack():
    found = plan(manager=False, macvlans=[MACVLAN])
    assert names(found["nodes"]) == ["lan"]
    assert (found["overlays"], found["swarm"], found["visible"]) == ([], [], [])
