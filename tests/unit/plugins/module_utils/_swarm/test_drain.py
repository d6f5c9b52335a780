# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.dockyard.swarm.plugins.module_utils._engine import engine_plan
from ansible_collections.dockyard.swarm.plugins.module_utils._swarm import drain, members


def node(name, manager=False, reachable=True, **changed):
    reachability = ("reachable" if reachable else "unreachable") if manager else None
    base = {
        "id": name, "hostname": name, "role": "manager" if manager else "worker", "availability": "active", "labels": {},
        "state": "ready", "leader": False, "reachability": reachability,
    }  # fmt: skip
    return dict(base, **changed)


def task(service, where, state="running", wanted="running", placeless=False):
    return {"service": service, "node": where, "wanted": wanted, "state": state, "placeless": placeless}


def test_a_node_is_drained_and_its_availability_kept():
    plan = drain.drain_plan([node("a", availability="pause"), node("b")], [task("web", "a")], "a")
    assert [item["do"] for item in plan] == ["drain", "wait"]
    assert plan[0]["set"] == {"availability": "drain", "labels": {drain.LABEL: "pause"}}
    assert plan[1]["before"] == ["web"]


def test_what_is_drained_and_empty_needs_nothing():
    assert drain.drain_plan([node("a", availability="drain"), node("b")], [task(None, "a")], "a") == []


def test_an_interrupted_drain_keeps_what_was_before_it_and_waits_on():
    drained = node("a", availability="drain", labels={drain.LABEL: "active"})
    plan = drain.drain_plan([drained, node("b")], [task("web", "a", "running", "shutdown")], "a")
    assert [item["do"] for item in plan] == ["wait"]


@pytest.mark.parametrize("other", [{"state": "down"}, {"availability": "drain"}, {"availability": "pause"}])
def test_no_node_is_drained_where_no_other_takes_its_tasks(other):
    assert drain.drain_plan([node("a"), node("b", **other)], [task("web", "a")], "a") == []


def test_availability_comes_back_and_the_label_goes():
    assert drain.restore_plan([node("a")], "a") == []
    (item,) = drain.restore_plan([node("a", availability="drain", labels={drain.LABEL: "pause", "zone": "b"})], "a")
    assert item["set"] == {"availability": "pause", "labels": {drain.LABEL: None}}


def test_a_later_run_gives_the_availability_back_that_a_killed_one_took():
    left = node("id-w", hostname="w", availability="drain", labels={drain.LABEL: "active", "zone": "a"})
    wanted = members._with_rest_of_drain(left, {"role": "worker", "availability": "", "labels": {"zone": "a"}})
    changes = members._node_changes("w", left, wanted)
    assert [(item["do"], item["set"]) for item in changes] == [
        ("set", {"availability": "active"}),
        ("unlabel", {"labels": {drain.LABEL: None}}),
    ]
    options = members.by_node(changes)["nodes"]
    assert options == [{"id": "id-w", "availability": "active", "labels": {drain.LABEL: None}}]
    assert [item["do"] for item in members.nodes_plan([left], [dict(options[0], role=None)])] == ["set", "unlabel"]


@pytest.mark.parametrize(
    ("managers", "away", "refused"),
    [(1, 0, False), (2, 0, False), (3, 0, False), (3, 1, True), (5, 1, False), (5, 2, True)],
)
def test_the_quorum_is_counted_before_an_engine_stops(managers, away, refused):
    nodes = [node("m%d" % number, manager=True, reachable=number >= away) for number in range(managers)]
    problem = drain.restart_problem([*nodes, node("w")], "m%d" % (managers - 1))
    assert bool(problem) == refused
    if refused:
        assert "%d of %d managers" % (managers - away - 1, managers) in problem
        assert "m0" in problem.split("Bring")[1]
    assert drain.restart_problem([*nodes, node("w")], "w") is None


def test_tasks_are_waited_for_until_as_many_run_elsewhere():
    before = [task("web", "a"), task("web", "b"), task("one", "a"), task(None, "a")]
    wanted = drain.goals(before, "a")
    assert wanted == {"web": 2, "one": 1}
    during = [
        task("web", "a", "running", "shutdown"), task("web", "b"), task("web", "c", "preparing"),
        task("one", "a", "shutdown", "shutdown"), task("one", "b", "starting"),
    ]  # fmt: skip
    assert drain.lacking(during, "a", wanted) == {
        "web": "1 of 2 tasks run elsewhere",
        "one": "0 of 1 tasks run elsewhere",
    }
    after = [task("web", "b"), task("web", "c"), task("one", "b"), task("one", "a", "shutdown", "shutdown")]
    assert drain.lacking(after, "a", wanted) == {}
    assert drain.lacking([*after, task("web", "a", "running", "shutdown")], "a", wanted) == {
        "web": "still running there"
    }


def test_a_task_that_fits_nowhere_else_is_not_waited_for():
    wanted = drain.goals([task("pinned", "a")], "a")
    waiting = [task("pinned", "a", "shutdown", "shutdown"), task("pinned", None, "pending", placeless=True)]
    assert drain.lacking(waiting, "a", wanted) == {}


def test_only_replicated_services_move():
    services = [
        {"ID": "1", "Spec": {"Name": "web", "Mode": {"Replicated": {"Replicas": 2}}}},
        {"ID": "2", "Spec": {"Name": "agent", "Mode": {"Global": {}}}},
        {"ID": "3", "Spec": {"Name": "once", "Mode": {"ReplicatedJob": {}}}},
    ]
    assert drain.moving_services(services) == {"1": "web"}


def test_workers_come_first_and_the_leader_last():
    def variables(name, manager=False, needs_downtime=True):
        swarm = {"manager": manager, "node_id": "id-" + name}
        return {"swarm_engine_needs_downtime": needs_downtime, "swarm_cluster_node": {"swarm": swarm}}

    hosts = {
        "m1": variables("m1", True), "m2": variables("m2", True), "m3": variables("m3", True, needs_downtime=False),
        "w1": variables("w1"), "w2": variables("w2"), "w3": variables("w3"),
    }  # fmt: skip
    nodes = [{"id": "id-m1", "leader": True}, {"id": "id-m2", "leader": False}]
    order = engine_plan.rolling_batches(hosts, list(hosts), nodes)
    assert order == [["w1"], ["w2"], ["w3"], ["m2"], ["m1"]]
    assert engine_plan.rolling_batches(hosts, ["m1", "m2", "w1", "w2", "w3"], nodes, 2)[0] == ["w1", "w2"]
    assert engine_plan.rolling_batches(hosts, ["m1", "m2", "w1", "w2", "w3"], nodes, "2")[0] == ["w1", "w2"]
