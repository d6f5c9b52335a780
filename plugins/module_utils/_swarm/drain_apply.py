# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: takes a node out of service and puts it back, by the manager that this runs on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

from .._core.engine_api import Engine, EngineError
from .._core.plan import ApplyError, PlanError
from .._core.wait import wait_for
from .drain import (
    drain_plan,
    goals,
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
    from .._core.facts import Node
    from .._core.plan import Plan
    from .drain import Task


class State(TypedDict):
    nodes: list[Node]
    tasks: list[Task]


class Drain:
    """One node, changed through this manager."""

    def __init__(self, params: dict[str, Any]) -> None:
        self.node_id: str = params["node"]
        self.out = params["state"] == "drained"
        self.timeout: float = params["timeout"]
        self.engine = Engine()

    def read(self) -> State:
        if not self.out and not wait_for(self._back, self.timeout):
            raise PlanError(
                "node %s did not come back within %d s: see `docker node ls` on a manager and `journalctl -u docker` on the "
                "node. It stays drained until a later run finds it ready" % (self._name(), self.timeout)
            )
        try:
            return {"nodes": self._nodes(), "tasks": self._tasks()}
        except EngineError as exc:
            raise PlanError("this host cannot answer for the swarm: %s" % exc.message) from exc

    def plan(self, state: State) -> Plan:
        if self.node_id not in [node["id"] for node in state["nodes"]]:
            raise PlanError("option node: the swarm has no node %s" % self.node_id)
        if not self.out:
            return restore_plan(state["nodes"], self.node_id)
        problem = restart_problem(state["nodes"], self.node_id)
        if problem:
            raise PlanError(problem)
        return drain_plan(state["nodes"], state["tasks"], self.node_id)

    def apply(self, plan: Plan, state: State) -> None:
        wanted = goals(state["tasks"], self.node_id)
        for item in plan:
            if "set" in item:
                update_node(self.engine, self.node_id, item["set"])
        if not self.out or wait_for(lambda: not self._lacking(wanted), self.timeout, interval=0.5):
            return
        left = self._lacking(wanted)
        for item in restore_plan(self._nodes(), self.node_id):
            update_node(self.engine, self.node_id, item["set"])
        services = "; ".join("%s: %s" % pair for pair in sorted(left.items()))
        raise ApplyError(
            "node %s was not drained within %d s, and has its availability back (%s): see `docker service ps` of these services"
            % (self._name(), self.timeout, services)
        )

    def _lacking(self, wanted: dict[str, int]) -> dict[str, str]:
        return lacking(self._tasks(), self.node_id, wanted)

    def _nodes(self) -> list[Node]:
        return [node_facts(node) for node in self.engine.get("/nodes")]

    def _tasks(self) -> list[Task]:
        services = moving_services(self.engine.get("/services"))
        return [task_facts(task, services) for task in self.engine.get("/tasks")]

    def _back(self) -> bool:
        try:
            return any(node["id"] == self.node_id and is_back(node) for node in self._nodes())
        except EngineError:
            return False

    def _name(self) -> str:
        try:
            return node_facts(self.engine.get("/nodes/%s" % self.node_id))["hostname"]
        except EngineError:
            return self.node_id

    def result(self, state: State) -> dict[str, Node]:
        return {"node": next(node for node in state["nodes"] if node["id"] == self.node_id)}
