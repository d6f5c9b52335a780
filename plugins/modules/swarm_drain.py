#!/usr/bin/python
# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: swarm_drain
short_description: Take a node out of service once other nodes run its tasks, and put it back
version_added: 0.1.0
description:
  - Runs on a manager, if possible another one than the node itself.
  - Taking a node out drains it, and waits until the tasks of replicated services run on other nodes, as many as before.
    Tasks of global services stay with the node. A task for which no other node is suitable does not hold it up.
  - Where no other node could take the tasks, nothing is done.
  - A manager whose absence would lose the quorum is refused, if the swarm has three managers or more.
  - What availability the node had is kept in its label C(dockyard.swarm.availability) until it is put back, so that an
    interrupted run loses nothing.
author:
  - The dockyard.swarm maintainers (@dockyard)
options:
  node:
    description: The node's ID.
    type: str
    required: true
  state:
    description:
      - V(drained) takes the node out of service. Where its tasks do not run elsewhere in time, it gets its availability back
        and the module fails.
      - V(restored) waits until the swarm counts on the node again, and gives it the availability that it had.
    type: str
    choices: [drained, restored]
    default: drained
  timeout:
    description: Seconds to wait.
    type: int
    default: 300
extends_documentation_fragment:
  - dockyard.swarm.attributes
"""

EXAMPLES = r"""
- name: Take a worker out of service
  dockyard.swarm.swarm_drain:
    node: 9jmb0s7w2u4c
  delegate_to: manager1

- name: Put it back
  dockyard.swarm.swarm_drain:
    node: 9jmb0s7w2u4c
    state: restored
  delegate_to: manager1
"""

RETURN = r"""
plan:
  description: The changes made, or in check mode those that would be made, each with its reason.
  returned: success
  type: list
  elements: dict
node:
  description: The node, as M(dockyard.swarm.node_facts) lists it.
  returned: success
  type: dict
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._core.engine_api import Engine, EngineError
from ..module_utils._core.plan import ApplyError, PlanError, run
from ..module_utils._core.wait import wait_for
from ..module_utils._swarm.drain import (
    drain_plan,
    goals,
    is_back,
    lacking,
    moving_services,
    restart_problem,
    restore_plan,
    task_facts,
)
from ..module_utils._swarm.node_facts import node_facts
from ..module_utils._swarm.node_update import update_node


class Drain:
    """One node, by the hand of this manager."""

    def __init__(self, params):
        self.node_id = params["node"]
        self.out = params["state"] == "drained"
        self.timeout = params["timeout"]
        self.engine = Engine()

    def read(self):
        if not self.out and not wait_for(self._back, self.timeout):
            raise PlanError(
                "node %s did not come back within %d s: see `docker node ls` on a manager and `journalctl -u docker` on the "
                "node. It stays drained until a later run finds it ready" % (self._name(), self.timeout)
            )
        try:
            return {"nodes": self._nodes(), "tasks": self._tasks()}
        except EngineError as exc:
            raise PlanError("this host cannot answer for the swarm: %s" % exc.message) from exc

    def plan(self, state):
        if self.node_id not in [node["id"] for node in state["nodes"]]:
            raise PlanError("option node: the swarm has no node %s" % self.node_id)
        if not self.out:
            return restore_plan(state["nodes"], self.node_id)
        problem = restart_problem(state["nodes"], self.node_id)
        if problem:
            raise PlanError(problem)
        return drain_plan(state["nodes"], state["tasks"], self.node_id)

    def apply(self, plan, state):
        wanted = goals(state["tasks"], self.node_id)
        for item in plan:
            if "set" in item:
                update_node(self.engine, self.node_id, item["set"])
        if not self.out or wait_for(lambda: not self._lacking(wanted), self.timeout, interval=0.5):
            return
        left = self._lacking(wanted)
        for item in restore_plan(self._nodes(), self.node_id):
            update_node(self.engine, self.node_id, item["set"])
        told = "; ".join("%s: %s" % pair for pair in sorted(left.items()))
        raise ApplyError(
            "node %s was not drained within %d s, and has its availability back (%s): see `docker service ps` of these services"
            % (self._name(), self.timeout, told)
        )

    def _lacking(self, wanted):
        return lacking(self._tasks(), self.node_id, wanted)

    def _nodes(self):
        return [node_facts(node) for node in self.engine.get("/nodes")]

    def _tasks(self):
        services = moving_services(self.engine.get("/services"))
        return [task_facts(task, services) for task in self.engine.get("/tasks")]

    def _back(self):
        try:
            return any(node["id"] == self.node_id and is_back(node) for node in self._nodes())
        except EngineError:
            return False

    def _name(self):
        try:
            return node_facts(self.engine.get("/nodes/%s" % self.node_id))["hostname"]
        except EngineError:
            return self.node_id

    def result(self, state):
        return {"node": next(node for node in state["nodes"] if node["id"] == self.node_id)}


def main():
    module = AnsibleModule(
        argument_spec=dict(
            node=dict(type="str", required=True),
            state=dict(type="str", choices=["drained", "restored"], default="drained"),
            timeout=dict(type="int", default=300),
        ),
        supports_check_mode=True,
    )
    drain = Drain(module.params)
    run(module, "node", drain.read, drain.plan, drain.apply, drain.result)


if __name__ == "__main__":
    main()
