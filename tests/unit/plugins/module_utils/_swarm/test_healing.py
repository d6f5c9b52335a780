# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.dockyard.swarm.plugins.module_utils._swarm import cluster_plan
from tests.unit.swarm_example import BARE, address, bare, host, inside, node, three_managers

OURS = [{"node_id": "id-m1", "addr": address("m1") + ":2377"}]
KEYS = {"found": True, "dir": "/secrets", "known": []}
NEW = ["192.0.2.251"]


def swarm_of(nodes, **others):
    """The plan of a swarm with these entries, as m1 lists them, and other hosts."""
    hosts = {"m1": host(inside("m1", True, nodes=nodes), "manager", "m1"), **others}
    return cluster_plan.swarm_plan(hosts, keys=KEYS)


def verbs(plan):
    return [(item["do"], item["to"]) for item in plan["steps"]]


@pytest.mark.parametrize("state", ["active", "pending", "error"])
def test_node_whose_entry_was_removed_joins_anew(state):
    plan = swarm_of([node("m1", "manager")], w1=host(inside("w1", state=state, managers=OURS)))
    assert plan["problems"] == {}
    assert verbs(plan) == [("rejoin", "node w1")]
    assert plan["rejoin"]["w1"]["node"] is None
    assert "no entry" in plan["rejoin"]["w1"]["why"]


@pytest.mark.parametrize("state", ["active", "pending", "error"])
def test_node_of_other_managers_is_a_stranger(state):
    far = [{"node_id": "id-x", "addr": "198.51.100.1:2377"}]
    plan = swarm_of([node("m1", "manager")], w1=host(inside("w1", state=state, managers=far)))
    assert plan["rejoin"] == {}
    assert "already in another swarm" in plan["problems"]["w1"][0]


def test_node_that_tells_nothing_of_its_swarm_is_left_to_its_owner():
    plan = swarm_of([node("m1", "manager")], w1=host(dict(BARE, state="error", error="certificate expired")))
    assert plan["rejoin"] == {}
    assert "certificate expired" in plan["problems"]["w1"][0]


@pytest.mark.parametrize("state", ["pending", "error"])
def test_worker_that_does_not_come_up_joins_anew(state):
    nodes = [node("m1", "manager"), node("w1", state="down")]
    plan = swarm_of(nodes, w1=host(inside("w1", state=state, error="no"), hostname="w1"))
    assert verbs(plan) == [("rejoin", "node w1")]
    assert plan["rejoin"]["w1"]["node"] == "id-w1"


def test_broken_manager_joins_anew_and_one_that_comes_up_slowly_does_not():
    others = {"m2": host(inside("m2", True, nodes=three_managers(dead=1)), "manager", "m2")}
    plan = swarm_of(three_managers(dead=1), m3=host(inside("m3", state="error"), "manager", "m3"), **others)
    assert verbs(plan) == [("rejoin", "node m3")]
    plan = swarm_of(three_managers(dead=1), m3=host(inside("m3", state="pending"), "manager", "m3"), **others)
    assert plan["rejoin"] == {}
    assert "port 2377" in plan["problems"]["m3"][0]


def test_manager_that_would_take_the_quorum_along_stays():
    nodes = [node("m1", "manager"), node("m2", "manager"), node("m3", "manager", "down"), node("m4", "manager", "down")]
    nodes.append(node("m5", "manager"))
    broken = host(inside("m2", state="error", error="no"), "manager", "m2")
    plan = swarm_of(nodes, m2=broken)
    assert plan["rejoin"] == {}
    assert "of the 4 managers that would remain 2 would be reachable, and 3 are needed" in plan["problems"]["m2"][0]


def test_broken_node_that_tells_nothing_is_known_by_name_and_address():
    nodes = [node("m1", "manager"), node("w1", state="down")]
    silent = dict(BARE, state="error", error="certificate is unreadable")
    plan = swarm_of(nodes, w1=host(silent, hostname="w1", own=[address("w1")]))
    assert plan["rejoin"]["w1"]["node"] == "id-w1"
    plan = swarm_of(nodes, w1=host(silent, hostname="w1", own=NEW))
    assert "reports neither" in plan["problems"]["w1"][0]


def test_dead_managers_are_counted_out_before_a_living_one_is_judged():
    nodes = [*three_managers(dead=1)]
    moved = host(inside("m2", True, nodes=nodes), "manager", "m2", advertise_addr="192.0.2.251")
    plan = swarm_of(nodes, m2=moved, m3=host(inside("m3", state="error"), "manager", "m3"))
    assert plan["problems"] == {}
    # One after the other: m2 in its turn.
    assert list(plan["rejoin"]) == ["m3"]
    assert verbs(plan) == [("rejoin", "node m3"), ("rejoin", "node m2")]


def test_node_that_the_run_does_not_act_on_is_left_alone():
    plan = swarm_of([node("m1", "manager")], w1=host(inside("w1", state="pending", managers=OURS), here=False))
    assert (plan["rejoin"], plan["problems"]) == ({}, {})


# --- locked managers


def locked(name="m1", **changed):
    return host(dict(BARE, state="locked"), "manager", name, **changed)


def test_locked_managers_are_unlocked_and_nothing_else_is_concluded_from_them():
    hosts = {
        "m1": locked(), "m2": locked("m2"), "m3": host(inside("m3", True, quorum=False), "manager", "m3"),
        "w1": host(inside("w1", state="pending")), "w2": bare(),
    }  # fmt: skip
    plan = cluster_plan.swarm_plan(hosts, keys=KEYS)
    assert plan["problems"] == {}
    assert verbs(plan) == [("unlock", "node m1"), ("unlock", "node m2")]
    assert (plan["init"], plan["join"]) == (None, {})


def test_what_a_locked_manager_gives_back_to_the_quorum_is_waited_for():
    nodes = three_managers(dead=1)
    leaver = host(inside("m2", True, nodes=nodes), "worker", "m2")
    plan = swarm_of(nodes, m2=leaver, m3=locked("m3"))
    assert (plan["problems"], verbs(plan)) == ({}, [("unlock", "node m3")])


def test_key_that_another_manager_has_is_kept_before_it_is_needed():
    state = inside("m1", True, nodes=three_managers(dead=1), unlock_key="abc")
    hosts = {"m1": host(state, "manager", "m1"), "m3": locked("m3")}
    plan = cluster_plan.swarm_plan(hosts, keys=dict(KEYS, found=False))
    assert (plan["problems"], plan["keep_key"], plan["unlock"]) == ({}, True, ["m3"])


def test_locked_manager_without_a_key_is_told_where_to_put_it():
    plan = cluster_plan.swarm_plan({"m1": locked()}, keys=dict(KEYS, found=False))
    assert "/secrets/swarm/unlock" in plan["problems"]["m1"][0]


def test_locked_manager_outside_of_a_limited_run_stops_it_only_where_no_other_can_be_asked():
    plan = cluster_plan.swarm_plan({"m1": locked(here=False), "w1": bare()}, keys=KEYS)
    assert "--limit" in plan["problems"]["m1"][0]
    plan = swarm_of(three_managers(dead=1), m3=locked("m3", here=False))
    assert plan["problems"] == {}


@pytest.mark.parametrize(("known", "keep"), [([], True), (["abc"], False)])
def test_unlock_key_that_the_controller_lacks_is_kept(known, keep):
    state = inside("m1", True, nodes=[node("m1", "manager")], unlock_key="abc")
    plan = cluster_plan.swarm_plan({"m1": host(state, "manager", "m1")}, keys=dict(KEYS, known=known))
    assert plan["keep_key"] is keep
    assert bool(verbs(plan)) is keep


# --- addresses


def test_worker_with_another_address_joins_anew():
    nodes = [node("m1", "manager"), node("w1")]
    plan = swarm_of(nodes, w1=host(inside("w1"), hostname="w1", own=NEW))
    assert verbs(plan) == [("rejoin", "node w1")]
    assert address("w1") in plan["rejoin"]["w1"]["why"]


def test_address_that_was_set_counts_more_than_those_of_the_host():
    nodes = [node("m1", "manager"), node("w1")]
    translated = host(inside("w1"), hostname="w1", own=NEW, advertise_addr=address("w1"))
    assert swarm_of(nodes, w1=translated)["rejoin"] == {}
    other = host(inside("w1"), hostname="w1", advertise_addr="192.0.2.251")
    assert "swarm_node_advertise_addr is 192.0.2.251" in swarm_of(nodes, w1=other)["rejoin"]["w1"]["why"]


def test_what_the_facts_do_not_tell_is_no_other_address():
    nodes = [node("m1", "manager"), node("w1")]
    six = host(inside("w1", node_addr="2001:db8::1"), hostname="w1", own=NEW)
    nowhere = host(inside("w1", node_addr="0.0.0.0"), hostname="w1", own=NEW)
    for item in (six, nowhere, host(inside("w1"), hostname="w1", own=[])):
        assert swarm_of(nodes, w1=item)["rejoin"] == {}


def test_manager_with_another_address_joins_anew_by_what_raft_knows():
    nodes = [node("m1", "manager"), node("m2", "manager", reachability="unreachable"), node("m3", "manager")]
    moved = host(inside("m2", True, nodes=nodes, node_addr=NEW[0]), "manager", "m2", own=NEW)
    plan = swarm_of(nodes, m2=moved, m3=host(inside("m3", True, nodes=nodes), "manager", "m3"))
    assert plan["problems"] == {}
    assert verbs(plan) == [("rejoin", "node m2")]


def test_manager_that_others_reach_at_the_address_of_a_device_in_front_of_it_stays():
    nodes = three_managers()
    behind = host(inside("m2", True, nodes=nodes), "manager", "m2", own=NEW)
    assert swarm_of(nodes, m2=behind)["rejoin"] == {}


def test_moved_manager_is_not_the_one_that_is_asked():
    nodes = [node("m1", "manager", reachability="unreachable"), node("m2", "manager"), node("m3", "manager")]
    hosts = {name: host(inside(name, True, nodes=nodes), "manager", name) for name in ("m1", "m2", "m3")}
    hosts["m1"]["own"] = NEW
    plan = cluster_plan.swarm_plan(hosts)
    assert plan["manager"] == "m2"
    assert verbs(plan) == [("rejoin", "node m1")]


def test_only_manager_with_another_address_is_told_the_steps():
    nodes = [node("m1", "manager"), node("w1")]
    plan = cluster_plan.swarm_plan({"m1": host(inside("m1", True, nodes=nodes), "manager", "m1", own=NEW)})
    assert plan["rejoin"] == {}
    (text,) = plan["problems"]["m1"]
    assert all(words in text for words in (address("m1"), "1. give it", "2. set swarm_node_advertise_addr", "3. take"))


def test_all_managers_move_one_after_the_other_and_none_by_its_own_hand():
    nodes = three_managers()
    new = {"m1": "192.0.2.251", "m2": "192.0.2.252", "m3": "192.0.2.253"}
    hosts = {
        name: host(inside(name, True, nodes=nodes), "manager", name, advertise_addr=where)
        for name, where in new.items()
    }
    plan = cluster_plan.swarm_plan(hosts)
    assert (plan["problems"], plan["manager"], list(plan["rejoin"])) == ({}, "m1", ["m2"])
    # Those that joined anew are asked for the last.
    nodes = [node("m1", "manager"), *(node(name, "manager", manager_addr=new[name] + ":2377") for name in ("m2", "m3"))]
    hosts = {
        name: host(inside(name, True, nodes=nodes), "manager", name, advertise_addr=where)
        for name, where in new.items()
    }
    plan = cluster_plan.swarm_plan(hosts)
    assert (plan["manager"], list(plan["rejoin"])) == ("m2", ["m1"])


def test_moved_manager_stays_where_no_other_one_is_reached():
    nodes = three_managers()
    moved = host(inside("m1", True, nodes=nodes), "manager", "m1", advertise_addr="192.0.2.251")
    plan = cluster_plan.swarm_plan({"m1": moved, "m2": host(None, "manager"), "m3": host(None, "manager")})
    assert plan["rejoin"] == {}
    assert "this run reaches no other manager" in plan["problems"]["m1"][0]


@pytest.mark.parametrize("other", [bare("manager", "m2"), host(inside("m2"), "manager", "m2")])
def test_steps_for_the_only_manager_work(other):
    nodes = [node("m1", "manager"), node("m2")]
    moved = host(inside("m1", True, nodes=nodes), "manager", "m1", advertise_addr="192.0.2.251")
    plan = cluster_plan.swarm_plan({"m1": moved, "m2": other})
    assert plan["problems"] == {}
    assert plan["rejoin"] == {}
    assert ("rejoin", "node m1") in verbs(plan)
    nodes = [node("m1", "manager"), node("m2", "manager")]
    hosts = {name: host(inside(name, True, nodes=nodes), "manager", name) for name in ("m1", "m2")}
    hosts["m1"]["advertise_addr"] = "192.0.2.251"
    plan = cluster_plan.swarm_plan(hosts)
    assert (plan["manager"], list(plan["rejoin"])) == ("m2", ["m1"])
