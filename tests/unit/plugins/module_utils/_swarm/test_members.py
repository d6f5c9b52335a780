# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.dockyard.swarm.plugins.module_utils._core.plan import PlanError
from ansible_collections.dockyard.swarm.plugins.module_utils._swarm import cluster_plan, members, quorum
from ansible_collections.dockyard.swarm.plugins.module_utils._swarm.drain import LABEL
from tests.unit.swarm_example import address, bare, host, inside, node


def members_of(old, new=None, **wanted):
    """The member changes where w1 was re-imaged: its old entry, its new one, and what the inventory wants."""
    nodes = [node("m1", "manager"), dict(old, id="id-old", state="down"), new or node("w1")]
    plan = cluster_plan.swarm_plan(
        {
            "m1": host(inside("m1", True, nodes=nodes), "manager", "m1"),
            "w1": host(inside("w1"), hostname="w1", **wanted),
        }
    )
    assert plan["problems"] == {}
    return members.by_node(plan["members"])


def test_what_only_the_old_entry_tells_goes_over_to_the_new_one():
    found = members_of(node("w1", labels={"zone": "a", "disk": "ssd"}, availability="drain"), labels={"zone": "b"})
    assert found == {
        "nodes": [{"id": "id-w1", "availability": "drain", "labels": {"disk": "ssd", "zone": "b"}}],
        "forget": ["id-old"],
    }


def test_what_the_new_entry_has_by_now_stays():
    found = members_of(node("w1", labels={"zone": "a"}), node("w1", labels={"zone": "new"}))
    assert found == {"nodes": [], "forget": ["id-old"]}


def test_drain_of_an_interrupted_upgrade_does_not_go_over():
    found = members_of(node("w1", labels={LABEL: "active"}, availability="drain"))
    assert found == {"nodes": [], "forget": ["id-old"]}


def test_wanted_availability_counts_more_than_that_of_the_old_entry():
    assert members_of(node("w1", availability="drain"), availability="active")["nodes"] == []


def test_label_that_is_not_wanted_goes():
    nodes = [node("m1", "manager", labels={"zone": "a", "own": "x"})]
    wanted = host(inside("m1", True, nodes=nodes), "manager", "m1", labels={"zone": None})
    found = cluster_plan.swarm_plan({"m1": wanted})
    assert members.by_node(found["members"])["nodes"] == [{"id": "id-m1", "labels": {"zone": None}}]


def test_node_that_has_left_is_waited_for_only_while_it_is_listed_as_up():
    known = [node("m1", "manager"), node("w1"), node("w2", state="down")]
    found = members.nodes_plan(known, [], left=["id-w1", "id-w2", "id-gone"])
    assert [(item["do"], item["node"]) for item in found] == [("await", "id-w1")]


@pytest.mark.parametrize(
    ("entry", "nodes", "drain"),
    [
        (node("x"), [], ["x"]),
        (node("x", state="down"), [], []),
        (node("x", "manager"), [{"id": "id-x", "role": "worker"}], ["x"]),
        (node("x", "manager", "down"), [{"id": "id-x", "role": "worker"}], []),
    ],
)
def test_what_a_manager_does_for_a_node_that_leaves(entry, nodes, drain):
    found = members.leaving([node("m1", "manager"), entry], {"id-x"})
    assert (found["nodes"], [item["name"] for item in found["drain"]], found["ids"]) == (nodes, drain, ["id-x"])


def clones(unread, state="down", **changed):
    """Two machines of one name; a is here, and the swarm has an entry of neither."""
    nodes = [node("m1", "manager"), node("a", hostname="x"), node("b", hostname="x", state=state, **changed)]
    hosts = {
        "m1": host(inside("m1", True, nodes=nodes), "manager", "m1"),
        "a": host(inside("a"), hostname="x"),
        "b": host(None) if unread else host(inside("b"), hostname="x"),
    }
    plan = cluster_plan.swarm_plan(hosts)
    return members.by_node(plan["members"])["forget"]


def test_entry_that_may_be_of_a_host_which_was_not_read_stays():
    assert clones(unread=True) == []
    assert clones(unread=False) == []
    # The same address: it was this very host.
    assert clones(unread=True, addr=address("a")) == ["id-b"]


def test_entry_of_a_node_that_left_a_moment_ago_goes_though_it_is_still_listed_as_up():
    assert clones(unread=True, state="ready") == []
    assert clones(unread=True, state="ready", addr=address("a")) == ["id-b"]


def test_manager_is_not_made_a_worker_by_its_own_hand():
    nodes = [node("m%d" % i, "manager") for i in (1, 2, 3)]
    hosts = {"m1": host(inside("m1", True, nodes=nodes), "worker", "m1"), "m2": host(None, "manager")}
    plan = cluster_plan.swarm_plan(hosts)
    assert plan["members"] == []
    assert "cannot demote itself" in plan["problems"]["m1"][0]


def test_only_manager_is_replaced_once_the_other_one_has_joined():
    nodes = [node("m1", "manager")]
    hosts = {"m2": bare("manager", "m2"), "m1": host(inside("m1", True, nodes=nodes), "worker", "m1")}
    plan = cluster_plan.swarm_plan(hosts)
    assert plan["problems"] == {}
    assert (plan["join"], plan["members"]) == ({"m2": "manager"}, [])


def test_dead_voter_that_is_forgotten_does_not_hold_up_a_demotion():
    known = [node("m1", "manager"), node("m2", "manager"), node("m3", "manager", "down")]
    assert quorum.demotion_problem(known, ["id-m2"]) is not None
    assert quorum.demotion_problem(known, ["id-m2"], forgotten=["id-m3"]) is None
    assert quorum.demotion_problem(known, ["id-m2", "id-m3"]) is None


def test_nodes_plan_refuses_a_node_that_is_not_there():
    with pytest.raises(PlanError, match="no node nope"):
        members.nodes_plan([node("m1", "manager")], [{"id": "nope"}])
