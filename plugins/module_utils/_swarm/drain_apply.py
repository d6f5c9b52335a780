# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: takes a node out of service and puts it back, by the manager that this runs on."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, TypedDict

from .._core.engine_api import Engine, EngineError
from .._core.plan import ApplyError, PlanError, change
from .._core.wait import wait_for
from . import out_of_service, unreplaced
from .drain import LABEL as DRAINED
from .drain import (
    drain_plan,
    goals,
    has_reported,
    is_back,
    lacking,
    moving_services,
    restart_problem,
    restore_plan,
    task_facts,
)
from .node_facts import node_facts
from .node_update import update_node

if TYPE_CHECKING:
    from .._core.facts import ApiObject, Node
    from .._core.plan import Plan
    from .drain import Task
    from .out_of_service import Entries


class State(TypedDict):
    nodes: list[Node]
    versions: dict[str, int]  # of the nodes' entries
    tasks: list[Task]
    ending: dict[str, tuple[str, list[str]]]
    spec: ApiObject  # of the swarm


class Drain:
    """One node, changed through this manager."""

    def __init__(self, params: dict[str, Any]) -> None:
        self.node_id: str = params["node"] or ""
        self.node_ids: list[str] = params["nodes"] or [self.node_id]
        self.looks = params["state"] == "checked"
        self.out = params["state"] == "drained"
        self.params = params
        self.run: str = (params["run"] or "") if params["comes_back"] else ""
        self.timeout: float = params["timeout"]
        self.engine = Engine()

    def read(self) -> State:
        if not (self.out or self.looks):
            self._refuse_other_run()
            if not wait_for(self._back, self.timeout):
                raise ApplyError(
                    "node %s did not come back within %d s: see `docker node ls` on a manager and `journalctl -u docker` on the "
                    "node. It stays drained until a later run finds it ready" % (self._name(), self.timeout), away=True,
                )  # fmt: skip
        try:
            nodes = self.engine.get("/nodes")
            services, tasks = self.engine.get("/services"), self.engine.get("/tasks")
            spec = self.engine.get("/swarm").get("Spec") or {}
        except EngineError as exc:
            raise ApplyError("this host cannot answer for the swarm: %s" % exc.message, unanswered=True) from exc
        names = {node["ID"]: node_facts(node)["hostname"] for node in nodes if node["ID"] in self.node_ids}
        moving = moving_services(services)
        return {
            "nodes": [node_facts(node) for node in nodes],
            "versions": {node["ID"]: node["Version"]["Index"] for node in nodes},
            "tasks": [task_facts(task, moving) for task in tasks],
            "ending": unreplaced.ending(services, tasks, names),
            "spec": spec,
        }

    def plan(self, state: State) -> Plan:
        known = [node["id"] for node in state["nodes"]]
        for node_id in self.node_ids:
            if node_id not in known:
                raise PlanError("option node: the swarm has no node %s" % node_id)
        if self.out or self.looks:
            problem = unreplaced.problem(state["ending"]) if self.params["unreplaced"] == "refuse" else None
            if problem:
                raise PlanError(problem)
        if self.looks:
            return unreplaced.plan(state["ending"])
        if not self.out:
            return restore_plan(state["nodes"], self.node_id) + self._note_back(state)
        found = self._standing(state["spec"], state["nodes"])
        self._refuse(found, state["nodes"])
        problem = restart_problem(state["nodes"], self.node_id)
        if problem:
            raise PlanError(problem)
        plan: Plan = []
        for node_id in self._left(state["spec"], state["nodes"]) if self.run else ():
            plan += restore_plan(state["nodes"], node_id) if node_id != self.node_id else []
        if self.run:
            name = self._by_id(state["nodes"])["hostname"]
            plan.append(change("note", "node %s" % name, "it goes out of service, and other runs wait for it"))
        return plan + drain_plan(state["nodes"], state["tasks"], self.node_id)

    def _note_back(self, state: State) -> Plan:
        if self.node_id not in out_of_service.entries(state["spec"], state["nodes"], time.time()):
            return []
        name = self._by_id(state["nodes"])["hostname"]
        return [change("note", "node %s" % name, "it is back in service")]

    def _by_id(self, nodes: list[Node]) -> Node:
        return next(node for node in nodes if node["id"] == self.node_id)

    def apply(self, plan: Plan, state: State) -> None:
        wanted = goals(state["tasks"], self.node_id)
        for item in plan:
            if item["do"] == "restore":
                update_node(self.engine, item["node"], item["set"])
        if not self.out:
            self._give_back()
            return
        marked = DRAINED in self._by_id(state["nodes"])["labels"]
        self._take(state["nodes"], marked or any(item["do"] == "drain" for item in plan))
        for item in plan:
            if item["do"] == "drain":
                update_node(self.engine, self.node_id, item["set"])
        if wait_for(lambda: not self._lacking(wanted), self.timeout, interval=0.5):
            return
        left = self._lacking(wanted)
        for item in restore_plan(self._nodes(), self.node_id):
            update_node(self.engine, self.node_id, item["set"])
        self._give_back()
        services = "; ".join("%s: %s" % pair for pair in sorted(left.items()))
        raise ApplyError(
            "node %s was not drained within %d s, and has its availability back (%s): see `docker service ps` of these services"
            % (self._name(), self.timeout, services)
        )

    def _left(self, spec: ApiObject, nodes: list[Node]) -> list[str]:
        """Nodes of runs that have ended and that are ready: they are put back first."""
        now, back = time.time(), {node["id"] for node in nodes if is_back(node)}
        found = out_of_service.entries(spec, nodes, now)
        return [
            node_id
            for node_id, entry in found.items()
            if out_of_service.is_left(entry, now, self.params["ended"]) and (node_id in back or node_id == self.node_id)
        ]

    def _standing(self, spec: ApiObject, nodes: list[Node]) -> Entries:
        """The entries of runs that go on, and of nodes that are not back."""
        left = self._left(spec, nodes)
        found = out_of_service.entries(spec, nodes, time.time())
        return {node_id: entry for node_id, entry in found.items() if node_id not in left}

    def _refuse(self, found: Entries, nodes: list[Node]) -> None:
        """Stop where the node must not be taken now; the controller's half of the module tries again for a while."""
        if not self.run:
            return
        manager = self._by_id(nodes)["role"] == "manager"
        ids = out_of_service.blockers(found, self.node_id, self.run, manager, self.params["parallel"])
        now = time.time()
        left = [node_id for node_id in ids if out_of_service.is_left(found[node_id], now, self.params["ended"])]
        if left:
            raise PlanError(out_of_service.left_text(found, left, nodes, self._by_id(nodes)["hostname"]))
        self._held(found, ids, nodes)

    def _refuse_other_run(self) -> None:
        """Stop where another run is at work on the node that is to be put back."""
        run = self.run
        if not run:
            return
        try:
            spec, nodes = self.engine.get("/swarm").get("Spec") or {}, self._nodes()
        except EngineError:
            return  # the node's return is awaited first
        now = time.time()
        found = out_of_service.entries(spec, nodes, now)
        entry = found.get(self.node_id)
        if entry and entry["run"] != run and not out_of_service.is_left(entry, now, self.params["ended"]):
            self._held(found, [self.node_id], nodes)

    def _held(self, found: Entries, ids: list[str], nodes: list[Node]) -> None:
        if ids:
            name = self._by_id(nodes)["hostname"]
            raise ApplyError(
                out_of_service.refusal(found, ids, nodes, name, self.params["parallel"]),
                held=[dict(found[node_id], node=node_id) for node_id in ids],
            )

    def _take(self, nodes: list[Node], drained: bool) -> None:
        """Note this node as out of service, unless another one became so since that was read."""
        run = self.run
        if not run:
            return
        manager = self._by_id(nodes)["role"] == "manager"

        def entered(spec: ApiObject) -> ApiObject:
            found = self._standing(spec, nodes)
            self._refuse(found, nodes)
            entry: out_of_service.Entry = {
                "run": run, "by": self.params["by"], "since": int(time.time()), "manager": manager, "drained": drained,
            }  # fmt: skip
            return out_of_service.with_entry(spec, self.node_id, entry, found)

        self._update_swarm(entered)

    def _give_back(self) -> None:
        """Note this node as back in service."""
        nodes = self._nodes()
        spec = self.engine.get("/swarm").get("Spec") or {}
        if out_of_service.LABEL not in (spec.get("Labels") or {}):
            return

        def removed(spec: ApiObject) -> ApiObject:
            valid = out_of_service.entries(spec, nodes, time.time())
            return out_of_service.with_entry(spec, self.node_id, None, valid)

        self._update_swarm(removed)

    def _update_swarm(self, changed: Any) -> None:
        try:
            self.engine.update("/swarm", changed)
        except EngineError as exc:
            raise ApplyError("the swarm did not take the change: %s; run again" % exc.message) from exc

    def _lacking(self, wanted: dict[str, int]) -> dict[str, str]:
        return lacking(self._tasks(), self.node_id, wanted)

    def _nodes(self) -> list[Node]:
        return [node_facts(node) for node in self.engine.get("/nodes")]

    def _tasks(self) -> list[Task]:
        services = moving_services(self.engine.get("/services"))
        return [task_facts(task, services) for task in self.engine.get("/tasks")]

    def _back(self) -> bool:
        try:
            node = self.engine.get("/nodes/%s" % self.node_id)
        except EngineError:
            return False
        return is_back(node_facts(node)) and has_reported(node["Version"]["Index"], self.params["version"])

    def _name(self) -> str:
        try:
            return node_facts(self.engine.get("/nodes/%s" % self.node_id))["hostname"]
        except EngineError:
            return self.node_id

    def result(self, state: State) -> dict[str, Any]:
        if self.looks:
            return {}
        return {
            "node": self._by_id(state["nodes"]),
            "version": state["versions"][self.node_id],
        }
