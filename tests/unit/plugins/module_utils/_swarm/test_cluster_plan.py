# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.dockyard.swarm.plugins.module_utils._core.plan_text import as_line
from ansible_collections.dockyard.swarm.plugins.module_utils._swarm import cluster_plan, members
from tests.unit.swarm_example import BARE, bare, host, inside, node, three_managers


def plan_of(**hosts):
    return cluster_plan.swarm_plan(hosts)


def test_member_whose_engine_does_not_run_is_neither_joined_nor_given_a_second_swarm():
    stopped = dict(BARE, state="stopped")
    manager = inside("m1", manager=True, nodes=[node("m1", "manager"), node("w1")])
    plan = plan_of(m1=host(manager, "manager"), w1=host(stopped))
    assert (plan["steps"], plan["problems"]) == ([], {})
    plan = plan_of(m1=host(stopped, "manager"), w1=bare())
    assert plan["init"] is None
    assert "a second swarm is not made" in plan["problems"]["w1"][0]


def forgotten(plan):
    return [item["node"] for item in plan["steps"] if item["do"] == "forget"]


@pytest.mark.parametrize("state", ["stopped", "locked", "pending", "error"])
def test_node_whose_engine_does_not_tell_which_one_it_is_is_not_forgotten(state):
    manager = inside("m1", manager=True, nodes=[node("m1", "manager"), node("w1", state="down")])
    silent = host(dict(BARE, state=state), hostname="w1")
    assert forgotten(plan_of(m1=host(manager, "manager", "m1"), w1=silent)) == []
    assert forgotten(plan_of(m1=host(manager, "manager", "m1"), w1=host(BARE, hostname="w1"))) == ["id-w1"]


def test_bare_hosts_become_one_swarm():
    plan = plan_of(m1=bare("manager"), m2=bare("manager"), w1=bare())
    assert plan["init"] == "m1"
    assert plan["join"] == {"m2": "manager", "w1": "worker"}
    assert plan["problems"] == {}


def test_a_bare_host_joins_the_swarm_that_is_there_though_it_is_first_in_the_list():
    nodes = [node("m2", "manager")]
    plan = plan_of(m1=bare("manager"), m2=host(inside("m2", True, nodes=nodes), "manager", "m2"))
    assert plan["init"] is None
    assert plan["join"] == {"m1": "manager"}
    assert plan["manager"] == "m2"


def lines(plan):
    return [as_line(item) for item in plan["steps"]]


def test_what_hosts_get_once_they_have_joined_is_said_before_as_it_will_be_then():
    old = node("w1", state="down", labels={"rack": "b"}, availability="pause")
    manager = inside("m1", True, nodes=[node("m1", "manager"), old])
    joining = dict(host(BARE, hostname="w1"), labels={"disk": "fast"})
    plan = plan_of(m1=host(manager, "manager", "m1"), w1=joining)
    announced = [
        "set node w1: availability: active → pause", "label node w1: label disk: missing", "label node w1: label rack: missing",
    ]  # fmt: skip
    assert lines(plan) == [
        "join node w1: not in the swarm",
        *announced,
        "forget node w1: its host is here under a new identity",
    ]
    assert plan["members"] == []
    fresh = node("w1", id="id-new")
    there = dict(manager, nodes=[node("m1", "manager"), old, fresh])
    joined = dict(host(inside("w1", node_id="id-new"), hostname="w1"), labels={"disk": "fast"})
    then = plan_of(m1=host(there, "manager", "m1"), w1=joined)
    assert set(lines(then)) <= set(lines(plan))
    assert set(announced) <= set(lines(then))


def test_the_first_manager_is_labelled_too():
    plan = plan_of(m1=dict(bare("manager"), labels={"disk": "fast"}), w1=bare())
    assert [line.partition(":")[0] for line in lines(plan)] == ["initialise swarm", "join node w1", "label node m1"]


def test_converged_hosts_have_nothing_to_do():
    nodes = [node("m1", "manager"), node("w1")]
    plan = plan_of(m1=host(inside("m1", True, nodes=nodes), "manager", "m1"), w1=host(inside("w1"), hostname="w1"))
    assert plan["steps"] == []
    assert plan["problems"] == {}


def test_two_clusters_are_refused_with_both_named():
    one = host(inside("m1", True, "aaaa", [node("m1", "manager")]), "manager")
    two = host(inside("m2", True, "bbbb", [node("m2", "manager")]), "manager")
    problems = plan_of(m1=one, m2=two)["problems"]
    assert "aaaa" in problems["m1"][0]
    assert "bbbb" in problems["m1"][0]
    assert "docker swarm leave --force" in problems["m2"][0]


def test_no_second_swarm_while_a_host_is_in_one_whose_managers_cannot_be_asked():
    plan = plan_of(m1=bare("manager"), w1=host(inside("w1")))
    assert plan["init"] is None
    assert "a second swarm is not made" in plan["problems"]["m1"][0]


def test_no_swarm_while_a_host_is_unknown():
    plan = plan_of(m1=bare("manager"), m2=host(None, "manager"))
    assert plan["init"] is None
    assert "m2" in plan["problems"]["m1"][0]
    # A run that only prepares its hosts does not care.
    plan = cluster_plan.swarm_plan({"m1": bare("manager"), "m2": host(None, "manager")}, forms=False)
    assert (plan["init"], plan["problems"]) == (None, {})


def test_limited_run_makes_nothing_of_hosts_that_it_does_not_reach_for():
    plan = plan_of(m1=host(BARE, "manager", "m1", here=False), w1=bare())
    assert plan["init"] is None
    assert "--limit" in plan["problems"]["w1"][0]
    nodes = [node("m1", "manager")]
    inside_m1 = host(inside("m1", True, nodes=nodes), "manager", "m1", here=False)
    plan = plan_of(m1=inside_m1, m2=host(BARE, "manager", "m2", here=False), w1=bare(hostname="w1"))
    assert plan["join"] == {"w1": "worker"}


def test_worker_of_another_swarm_is_refused():
    nodes = [node("m1", "manager")]
    stranger = inside("w1", managers=[{"node_id": "id-x", "addr": "198.51.100.1:2377"}])
    plan = plan_of(m1=host(inside("m1", True, nodes=nodes), "manager"), w1=host(stranger))
    assert "already in another swarm" in plan["problems"]["w1"][0]
    assert plan["rejoin"] == {}


def test_lost_quorum_is_told_and_nothing_is_made():
    plan = plan_of(m1=host(inside("m1", True, quorum=False), "manager"), m2=bare("manager"))
    assert "lost their quorum" in plan["problems"]["m1"][0]
    assert plan["init"] is None


@pytest.mark.parametrize(
    ("state", "word"), [("locked", "unlock"), ("error", "leave --force"), ("pending", "leave --force")]
)
def test_states_that_need_a_hand_are_told(state, word):
    plan = plan_of(m1=host(dict(BARE, state=state), "manager"))
    assert word in plan["problems"]["m1"][0]


def test_host_that_changes_its_group_is_promoted_or_demoted():
    nodes = [node("m1", "manager"), node("m2", "manager"), node("m3", "manager"), node("w1")]
    plan = plan_of(
        m1=host(inside("m1", True, nodes=nodes), "manager"),
        w1=host(inside("w1"), "manager"),
        m3=host(inside("m3", True, nodes=nodes), "worker"),
    )
    assert [(item["do"], item["node"]) for item in plan["members"]] == [("promote", "id-w1"), ("demote", "id-m3")]


def test_demotion_that_loses_the_quorum_is_refused_with_the_numbers():
    nodes = three_managers(dead=1)
    plan = plan_of(
        m1=host(inside("m1", True, nodes=nodes), "manager"), m2=host(inside("m2", True, nodes=nodes), "worker")
    )
    assert plan["members"] == []
    assert "1 would be reachable, and 2 are needed" in plan["problems"]["m2"][0]


def test_last_manager_is_not_demoted():
    nodes = [node("m1", "manager"), node("w1")]
    plan = plan_of(m1=host(inside("m1", True, nodes=nodes), "worker"), w1=host(inside("w1"), "worker"))
    assert "m1" in plan["problems"]


def test_labels_are_merged_and_availability_left_alone_unless_told():
    nodes = [node("m1", "manager", labels={"zone": "a", "own": "x"}, availability="drain")]
    plan = plan_of(m1=host(inside("m1", True, nodes=nodes), "manager", labels={"zone": "b", "disk": 1}))
    assert members.by_node(plan["members"]) == {
        "nodes": [{"id": "id-m1", "labels": {"disk": "1", "zone": "b"}}],
        "forget": [],
    }


def test_dead_entry_of_a_reimaged_host_goes():
    nodes = [node("m1", "manager"), node("w1", state="down")]
    nodes[1]["id"] = "id-old"
    plan = plan_of(m1=host(inside("m1", True, nodes=nodes), "manager", "m1"), w1=host(BARE, hostname="w1"))
    assert plan["join"] == {"w1": "worker"}
    assert forgotten(plan) == ["id-old"]
    # Not before the host is in the swarm again, since what the old entry tells goes over to the new one.
    assert members.by_node(plan["members"])["forget"] == []
    nodes.append(node("w1"))
    plan = plan_of(m1=host(inside("m1", True, nodes=nodes), "manager", "m1"), w1=host(inside("w1"), hostname="w1"))
    assert members.by_node(plan["members"])["forget"] == ["id-old"]


def test_managers_swap_in_two_steps_with_the_asked_one_last():
    nodes = [node("m1", "manager"), node("w1")]
    plan = plan_of(m1=host(inside("m1", True, nodes=nodes), "worker"), w1=host(inside("w1"), "manager"))
    assert plan["problems"] == {}
    assert [(item["do"], item["node"]) for item in plan["members"]] == [("promote", "id-w1")]
    nodes = [node("m1", "manager"), node("w1", "manager")]
    both = {name: inside(name, True, nodes=nodes) for name in ("m1", "w1")}
    plan = plan_of(m1=host(both["m1"], "worker"), w1=host(both["w1"], "manager"))
    assert plan["manager"] == "w1"
    assert [(item["do"], item["node"]) for item in plan["members"]] == [("demote", "id-m1")]


def test_manager_that_was_made_a_worker_a_moment_ago_is_no_lost_quorum():
    nodes = [node("m1", "manager"), node("m2")]
    plan = plan_of(
        m1=host(inside("m1", True, nodes=nodes), "manager"), m2=host(inside("m2", True, quorum=False), "worker")
    )
    assert plan["problems"] == {}
    assert plan["steps"] == []
