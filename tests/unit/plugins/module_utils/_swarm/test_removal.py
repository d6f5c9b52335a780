# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.dockyard.swarm.plugins.module_utils._swarm.removal import removal_plan
from tests.unit.swarm_example import node, three_managers


def told(name, **changed):
    return dict({"hostname": name, "state": "active", "node_id": "id-" + name, "here": True}, **changed)


def plan_of(names, nodes, managers=("m1",), **hosts):
    """The plan where these hosts were read; the first of the managers always is."""
    found = {name: told(name) for name in managers}
    return removal_plan(names, ["m1", "m2", "m3", "w1", "w2"], dict(found, **hosts), nodes, list(managers))


def done(plan):
    assert plan["problems"] == []
    return [(item["do"], item["to"]) for item in plan["steps"]]


def test_worker_is_drained_and_leaves():
    plan = plan_of(["w1"], [node("m1", "manager"), node("w1")], w1=told("w1"))
    assert done(plan) == [("drain", "node w1"), ("remove", "node w1")]
    assert (plan["manager"], plan["hosts"], plan["leaving"]["ids"]) == ("m1", ["w1"], ["id-w1"])


@pytest.mark.parametrize("name", ["w1", "id-w1", "w1.example.org"])
def test_node_whose_machine_is_gone_is_removed_by_its_name_or_id(name):
    plan = plan_of([name], [node("m1", "manager"), node("w1", state="down")])
    assert done(plan) == [("remove", "node " + name)]
    assert plan["hosts"] == []


@pytest.mark.parametrize("name", ["w1", "id-w1"])
def test_node_that_is_up_and_not_reached_stays(name):
    plan = plan_of([name], [node("m1", "manager"), node("w1")])
    assert "is up, and this run does not reach it" in plan["problems"][0]
    plan = plan_of([name], [node("m1", "manager"), node("w1")], w1=told("w1", here=False))
    assert "is up, and this run does not reach it" in plan["problems"][0]


def test_node_by_its_id_leaves_by_its_host():
    plan = plan_of(["id-w1"], [node("m1", "manager"), node("w1")], alias=told("w1"))
    assert plan["hosts"] == ["alias"]


@pytest.mark.parametrize("name", ["m1", "id-m1"])
def test_removal_of_a_manager_goes_by_another_ones_hand(name):
    plan = plan_of([name], three_managers(), ["m1", "m2", "m3"])
    assert [item[0] for item in done(plan)] == ["demote", "drain", "remove"]
    assert plan["manager"] == "m2"


@pytest.mark.parametrize("names", [["m3", "m2"], ["m2", "m3"]])
def test_removal_that_loses_the_quorum_is_refused_with_the_numbers(names):
    nodes = three_managers(dead=1)
    plan = plan_of(["m2"], nodes, ["m1", "m2"])
    assert "of the 2 managers that would remain 1 would be reachable, and 2 are needed" in plan["problems"][0]
    assert (plan["steps"], plan["hosts"], plan["leaving"]["ids"]) == ([], [], [])
    # The dead one may go, and then another one, in whatever order they are named.
    assert plan_of(names, nodes, ["m1", "m2"])["problems"] == []


def test_last_manager_is_not_removed():
    plan = plan_of(["m1"], [node("m1", "manager"), node("w1")], w1=told("w1"))
    assert "this run would reach no manager" in plan["problems"][0]


@pytest.mark.parametrize("state", ["active", "locked", "pending"])
def test_nothing_leaves_where_no_manager_can_be_asked(state):
    plan = removal_plan(["w1"], ["m1", "w1"], {"w1": told("w1", state=state)}, [], [])
    assert "no manager of the swarm can be asked" in plan["problems"][0]
    assert plan["hosts"] == []


def test_unknown_name_is_told_with_those_that_there_are():
    nodes = [node("m1", "manager"), node("ip-10-0-0-7", state="down")]
    assert "no host or node w9; the swarm has ip-10-0-0-7, m1" in plan_of(["w9"], nodes)["problems"][0]
    # One of the inventory that is away, and whose name nobody knows: nothing is said to be removed that was not.
    assert "w1 was not read" in plan_of(["w1"], nodes)["problems"][0]


def test_name_of_two_nodes_asks_for_the_id():
    nodes = [node("m1", "manager"), node("w1", id="one", state="down"), node("w1", id="two", state="down")]
    assert "one, two" in plan_of(["w1"], nodes)["problems"][0]


@pytest.mark.parametrize("state", ["inactive", "stopped"])
def test_host_that_is_out_already_has_nothing_to_do(state):
    plan = plan_of(["w1"], [node("m1", "manager")], w1=told("w1", state=state, node_id=None))
    assert done(plan) == []


def test_interrupted_removal_is_ended():
    # The entry is gone, and the node waits for ever to be let in again.
    plan = plan_of(["w1"], [node("m1", "manager")], w1=told("w1", state="pending"))
    assert done(plan) == [("leave", "node w1")]
    assert plan["hosts"] == ["w1"]


def test_a_node_with_data_is_not_removed():
    labels = {"dockyard.swarm.registry": "registry_data", "zone": "a"}
    for state in ("ready", "down"):
        plan = plan_of(["w1"], [node("m1", "manager"), node("w1", state=state, labels=labels)], w1=told("w1"))
        (problem,) = plan["problems"]
        assert "w1 has the data that its label dockyard.swarm.registry is about (registry_data)" in problem
        assert "docker node update --label-rm dockyard.swarm.registry w1" in problem
