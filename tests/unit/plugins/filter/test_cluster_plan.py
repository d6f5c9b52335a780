# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.dockyard.swarm.plugins.filter.cluster_plan import cluster_plan
from tests.unit.host_example import facts
from tests.unit.swarm_example import inside


def test_manager_that_is_reached_and_cannot_be_read_stops_the_run_and_one_that_is_not_reached_does_not():
    hostvars = {"node1": {}, "node2": {"swarm_cluster_node": facts(2)}}
    problems = {
        kind: cluster_plan(
            hostvars, ["node1"], ["node2"], others=[{"item": "node1", "msg": "no python", kind: True}],
            options={"forms_swarm": False},
        )["problems"]
        for kind in ("failed", "unreachable")
    }  # fmt: skip
    assert problems["unreachable"] == []
    assert len(problems["failed"]) == 1
    assert problems["failed"][0].startswith("node1: could not be read, ")
    assert problems["failed"][0].endswith("no python")


def test_manager_outside_of_the_limit_is_taken_from_the_others():
    outside = [dict(facts(1), item="node1"), {"item": "node9", "unreachable": True}]
    hostvars = {"node1": {}, "node2": {"swarm_cluster_node": facts(2)}}
    found = cluster_plan(hostvars, ["node1"], ["node2"], others=outside)
    assert found["addresses"]["node1"] == "192.0.2.11"


def test_text_is_no_other_value_than_the_number_that_it_means():
    swarm = inside("m1", manager=True, settings={"default_addr_pool": [], "subnet_size": 24, "data_path_port": 4789})
    hostvars = {"m1": {"swarm_cluster_node": facts(1, swarm=swarm)}}
    for port, warned in (("4789", 0), (4789, 0), ("4790", 1)):
        found = cluster_plan(hostvars, ["m1"], [], options={"settings": {"data_path_port": port}})
        assert len([text for text in found["warnings"] if "data_path_port" in text]) == warned


def test_hosts_of_the_swarm_without_a_role_stop_the_run():
    groups = {"swarm": ["node1", "node2"], "swarm_managers": ["node1"], "swarm_worker": ["node2"]}
    hostvars = {"node1": {"swarm_cluster_node": facts(1)}}
    (problem,) = cluster_plan(hostvars, ["node1"], [], options={"groups": groups})["problems"]
    assert problem.startswith("node2: in group swarm, but neither manager nor worker (groups: swarm_worker).")
