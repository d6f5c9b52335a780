# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs take turns by what the swarm keeps, and a node is back once the swarm has heard of it."""

from __future__ import annotations

import copy

import pytest

from ansible_collections.dockyard.swarm.plugins.module_utils._core import engine_api
from ansible_collections.dockyard.swarm.plugins.module_utils._core.engine_api import EngineError
from ansible_collections.dockyard.swarm.plugins.module_utils._core.plan import ApplyError, PlanError
from ansible_collections.dockyard.swarm.plugins.module_utils._swarm import drain, out_of_service
from ansible_collections.dockyard.swarm.plugins.module_utils._swarm.drain_apply import Drain


class Engine(engine_api.Engine):
    """A swarm of three workers and a manager, without tasks, which takes only changes of the last version."""

    def __init__(self):
        super().__init__()
        self.version = 10
        self.between = lambda: None
        self.swarm = self._new({"Name": "default", "Labels": {"owner": "ops"}})
        names = ("w1", "w2", "w3", "m1")
        self.nodes = {name: self._node(name) for name in names}
        self.services, self.tasks = [], []

    def _new(self, spec):
        self.version += 1
        return {"Version": {"Index": self.version}, "Spec": spec}

    def _node(self, name):
        spec = {"Role": "manager" if name == "m1" else "worker", "Availability": "active", "Labels": {}}
        manager = {"ManagerStatus": {"Reachability": "reachable"}} if name == "m1" else {}
        return dict(self._new(spec), ID=name, Description={"Hostname": name}, Status={"State": "ready"}, **manager)

    def get(self, path, timeout=None):
        lists = {
            "/nodes": list(self.nodes.values()),
            "/services": self.services,
            "/tasks": self.tasks,
            "/swarm": self.swarm,
        }
        return copy.deepcopy(lists[path] if path in lists else self.nodes[path.rpartition("/")[2]])

    def post(self, path, body=None, headers=None, timeout=None):
        between, self.between = self.between, lambda: None
        between()
        item = self.swarm if path.startswith("/swarm") else self.nodes[path.split("/")[2]]
        if "version=%d" % item["Version"]["Index"] not in path:
            raise EngineError(500, "rpc error: update out of sequence", path)
        item.update(self._new(body))

    def report(self, name, state="ready"):
        """The swarm hears of a node."""
        self.nodes[name].update(self._new(self.nodes[name]["Spec"]))
        self.nodes[name]["Status"]["State"] = state

    @property
    def out(self):
        return sorted(out_of_service._written(self.swarm["Spec"]))


@pytest.fixture
def engine():
    return Engine()


def act(engine, node, state="drained", run="r1", **changed):
    """Read, plan and apply, as the module does."""
    params = {
        "node": node, "nodes": [], "state": state, "timeout": 0, "unreplaced": "refuse", "version": 0, "parallel": 1,
        "comes_back": True, "run": run, "by": "ctl", "ended": [],
    }  # fmt: skip
    job = Drain(dict(params, **changed))
    job.engine = engine
    found = job.read()
    plan = job.plan(found)
    if plan:
        job.apply(plan, found)
    return [item["do"] for item in plan], job.result(job.read() if state == "drained" else found)


def test_a_node_goes_and_comes_back_and_nothing_is_left_of_it(engine):
    verbs, result = act(engine, "w1")
    assert verbs == ["note", "drain", "wait"]
    assert (engine.out, engine.nodes["w1"]["Spec"]["Availability"]) == (["w1"], "drain")
    assert engine.swarm["Spec"]["Labels"]["owner"] == "ops"
    engine.report("w1")
    assert act(engine, "w1", "restored", version=result["version"])[0] == ["restore", "note"]
    assert engine.nodes["w1"]["Spec"] == {"Role": "worker", "Availability": "active", "Labels": {}}
    assert engine.swarm["Spec"] == {"Name": "default", "Labels": {"owner": "ops"}}


@pytest.mark.parametrize("run", ["r1", "r2"])
def test_a_second_one_waits_for_the_first_of_this_run_or_another(engine, run):
    act(engine, "w1")
    with pytest.raises(ApplyError, match=r"w1 .since .* by a run of controller ctl") as told:
        act(engine, "w2", run=run)
    assert [(item["node"], item["run"]) for item in told.value.details["held"]] == [("w1", "r1")]
    assert (engine.out, engine.nodes["w2"]["Spec"]["Availability"]) == (["w1"], "active")


def test_workers_go_together_as_far_as_is_wanted_and_a_manager_alone(engine):
    act(engine, "w1", parallel=2)
    act(engine, "w2", parallel=2)
    for node in ("w3", "m1"):
        with pytest.raises(ApplyError, match="not taken out of service"):
            act(engine, node, parallel=2)


def test_of_two_that_read_at_the_same_time_the_second_to_write_stops(engine):
    engine.between = lambda: act(engine, "w2", run="r2")
    with pytest.raises(ApplyError, match=r"w2 .since"):
        act(engine, "w1")
    assert (engine.out, engine.nodes["w1"]["Spec"]["Availability"]) == (["w2"], "active")


def test_what_a_killed_run_left_comes_back_first(engine):
    act(engine, "w1")
    assert act(engine, "w2", run="r2", ended=["r1"])[0] == ["restore", "note", "drain", "wait"]
    assert engine.out == ["w2"]
    assert engine.nodes["w1"]["Spec"]["Availability"] == "active"


def test_what_a_killed_run_left_and_that_is_not_there_holds_others_up(engine):
    act(engine, "w1")
    engine.report("w1", "down")
    with pytest.raises(PlanError, match=r"w1 .since .* was left out of service, and is not back. Start its Engine"):
        act(engine, "w2", run="r2", ended=["r1"])
    # With this one itself, the next run continues.
    assert act(engine, "w1", run="r2", ended=["r1"])[0] == ["note"]


def test_a_node_that_somebody_put_back_holds_nobody_up(engine, monkeypatch):
    act(engine, "w1")
    engine.nodes["w1"]["Spec"].update(Availability="active", Labels={})
    now = out_of_service.time.time()
    monkeypatch.setattr(out_of_service.time, "time", lambda: now + out_of_service.BEGINS + 1)
    assert act(engine, "w2", run="r2")[0] == ["note", "drain", "wait"]
    assert engine.out == ["w2"]


def test_another_run_does_not_put_a_node_back_that_is_being_changed(engine):
    act(engine, "w1")
    with pytest.raises(ApplyError) as told:
        act(engine, "w1", "restored", run="r2")
    assert told.value.details["held"][0]["node"] == "w1"
    assert act(engine, "w1", "restored", run="r2", ended=["r1"])[0] == ["restore", "note"]


def test_a_node_is_not_back_as_long_as_the_swarm_has_not_heard_of_it(engine):
    result = act(engine, "w1")[1]
    with pytest.raises(ApplyError, match="w1 did not come back within 0 s") as told:
        act(engine, "w1", "restored", version=result["version"])
    assert told.value.details == {"away": True}
    engine.report("w1", "down")
    with pytest.raises(ApplyError, match="did not come back"):
        act(engine, "w1", "restored", version=result["version"])
    engine.report("w1")
    assert act(engine, "w1", "restored", version=result["version"])[0] == ["restore", "note"]


def test_one_that_leaves_for_good_waits_for_nobody_and_is_not_noted(engine):
    act(engine, "w1")
    assert act(engine, "w2", comes_back=False)[0] == ["drain", "wait"]
    assert engine.out == ["w1"]


@pytest.mark.parametrize("state", ["checked", "drained"])
def test_what_ends_for_good_is_refused_or_ended(engine, state):
    engine.services = [{"ID": "s", "Spec": {"Name": "once", "Mode": {"Replicated": {}}}}]
    engine.tasks = [
        {
            "ID": "t", "ServiceID": "s", "NodeID": "w1", "Slot": 1, "DesiredState": "running", "Status": {"State": "running"},
            "Spec": {"RestartPolicy": {"Condition": "none"}},
        }
    ]  # fmt: skip
    with pytest.raises(PlanError, match="service once on w1: its restart condition is none"):
        act(engine, "w1", state, nodes=["w1"])
    assert (engine.out, engine.nodes["w1"]["Spec"]["Labels"]) == ([], {})
    if state == "checked":
        job = act(engine, None, state, nodes=["w1", "w2"], unreplaced="end")
        assert job == (["end"], {})
    engine.tasks[0]["DesiredState"] = "shutdown"
    engine.tasks[0]["Status"]["State"] = "complete"
    assert act(engine, "w1", unreplaced="end")[0] == ["note", "drain", "wait"]


def test_a_task_without_a_successor_is_not_waited_for():
    def task(where, wanted, state):
        return {"service": "once", "node": where, "wanted": wanted, "state": state, "placeless": False}

    goals = drain.goals([task("w1", "running", "running"), task("w2", "running", "running")], "w1")
    assert goals == {"once": 2}
    ending = [task("w1", "shutdown", "running"), task("w2", "running", "running")]
    assert drain.lacking(ending, "w1", goals) == {"once": "still running there"}
    assert drain.lacking([task("w1", "shutdown", "shutdown"), ending[1]], "w1", goals) == {}
    waits = [task("w1", "shutdown", "shutdown"), ending[1], task("w3", "ready", "ready")]
    assert drain.lacking(waits, "w1", goals) == {"once": "1 of 2 tasks run elsewhere"}
