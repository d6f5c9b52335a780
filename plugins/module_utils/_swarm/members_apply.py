# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: changes, awaits and removes nodes of the swarm that this manager is in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._core.engine_api import Engine, EngineError
from .._core.plan import ApplyError, PlanError
from .._core.wait import wait_for
from .members import nodes_plan
from .node_facts import node_facts
from .node_update import update_node
from .quorum import demotion_problem
from .settings import SECOND

if TYPE_CHECKING:
    from .._core.facts import Node
    from .._core.plan import Change, Plan

# After so many missed heartbeats, a node is down.
MISSED = 3


class Nodes:
    """The nodes of the swarm that this manager is in."""

    def __init__(self, params: dict[str, Any]) -> None:
        self.params = params
        self.engine = Engine()

    def read(self) -> list[Node]:
        try:
            return [node_facts(node) for node in self.engine.get("/nodes")]
        except EngineError as exc:
            raise PlanError("this host cannot answer for the swarm: %s" % exc.message) from exc

    def plan(self, state: list[Node]) -> Plan:
        plan = nodes_plan(state, self.params["nodes"], self.params["forget"], self.params["left"])
        by_verb = {verb: [item["node"] for item in plan if item["do"] == verb] for verb in ("demote", "promote")}
        problem = demotion_problem(state, by_verb["demote"], by_verb["promote"], self.params["forget"])
        if problem:
            raise PlanError(problem)
        return plan

    def apply(self, plan: Plan, _state: list[Node]) -> None:
        done: list[str] = []
        for item in plan:
            try:
                if item["do"] == "await":
                    self._wait_down(item["node"])
                elif item["do"] == "forget":
                    self._forget(item["node"])
                else:
                    update_node(self.engine, item["node"], item["set"])
                self._settle(item)
            except EngineError as exc:
                raise ApplyError(
                    "%s %s failed: %s; done before: %s"
                    % (item["do"], item["to"], exc.message, ", ".join(done) or "nothing")
                ) from exc
            done.append("%s %s" % (item["do"], item["to"]))

    def _wait_down(self, node_id: str) -> None:
        """A node that has left is listed as up until it has missed its heartbeats."""

        def down() -> bool:
            node = self.engine.find("/nodes/%s" % node_id)
            return node is None or node_facts(node)["state"] == "down"

        timeout = self.params["timeout"]
        if not down():
            heartbeat = self.engine.get("/swarm")["Spec"].get("Dispatcher", {}).get("HeartbeatPeriod") or 0
            timeout = max(timeout, MISSED * heartbeat // SECOND + 30)
        if not wait_for(down, timeout):
            raise ApplyError(
                "node %s is still up after %d s: it has not left the swarm, or another machine is behind it"
                % (node_id, timeout)
            )

    def _forget(self, node_id: str) -> None:
        self._wait_down(node_id)
        # One that raft does not know, as after a recovery, cannot be demoted ("can't find manager in raft memberlist").
        node = self.engine.find("/nodes/%s" % node_id)
        if node is None:
            return
        if node.get("ManagerStatus"):
            update_node(self.engine, node_id, {"role": "worker"})
            wait_for(
                lambda: self.engine.get("/nodes/%s" % node_id).get("ManagerStatus") is None, self.params["timeout"]
            )
        self.engine.delete("/nodes/%s?force=true" % node_id)

    def _settle(self, item: Change) -> None:
        """A promotion is done when the manager is reachable, a demotion when it is no manager any more."""
        if item["do"] not in ("promote", "demote"):
            return

        def settled() -> bool:
            status = self.engine.get("/nodes/%s" % item["node"]).get("ManagerStatus")
            return (status or {}).get("Reachability") == "reachable" if item["do"] == "promote" else not status

        if not wait_for(settled, self.params["timeout"]):
            raise ApplyError("%s: not done after %d s" % (item["to"], self.params["timeout"]))
