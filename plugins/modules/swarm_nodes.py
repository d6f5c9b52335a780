#!/usr/bin/python
# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: swarm_nodes
short_description: Promote, demote, label, and drain the nodes of a swarm
version_added: 0.1.0
description:
  - Runs on a manager and changes any number of nodes in one call, promotions before demotions.
  - Labels are merged into those that a node has; others are left alone.
author:
  - The dockyard.swarm maintainers (@dockyard)
options:
  nodes:
    description: The nodes to change. What is not given is left as it is.
    type: list
    elements: dict
    default: []
    suboptions:
      id:
        description: The node's ID.
        type: str
        required: true
      role:
        description: What the node is to be. A demotion that loses the quorum is refused.
        type: str
        choices: [manager, worker]
      availability:
        description: Whether the node takes tasks.
        type: str
        choices: [active, pause, drain]
      labels:
        description: Labels to set, by name. One that is V(null) is removed.
        type: dict
  forget:
    description: IDs of nodes that are down for good and are removed from the swarm's list.
    type: list
    elements: str
    default: []
  timeout:
    description: Seconds that a promotion or demotion may take.
    type: int
    default: 60
extends_documentation_fragment:
  - dockyard.swarm.attributes
"""

EXAMPLES = r"""
- name: Make a node a manager and label it
  dockyard.swarm.swarm_nodes:
    nodes:
      - id: 9jmb0s7w2u4c
        role: manager
        labels: {zone: a}
"""

RETURN = r"""
plan:
  description: The changes made, or in check mode those that would be made, each with its reason.
  returned: success
  type: list
  elements: dict
nodes:
  description: The swarm's nodes, as M(dockyard.swarm.node_facts) returns them.
  returned: success
  type: list
  elements: dict
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.dockyard.swarm.plugins.module_utils import _plan, _swarm
from ansible_collections.dockyard.swarm.plugins.module_utils._engine_api import Engine, EngineError, wait_for
from ansible_collections.dockyard.swarm.plugins.module_utils._engine_facts import node_facts
from ansible_collections.dockyard.swarm.plugins.module_utils._nodes import update_node


class Nodes:
    """The nodes of the swarm that this manager is in."""

    def __init__(self, params):
        self.params = params
        self.engine = Engine()

    def read(self):
        try:
            return [node_facts(node) for node in self.engine.get("/nodes")]
        except EngineError as exc:
            raise _plan.PlanError("this host cannot answer for the swarm: %s" % exc.message) from exc

    def plan(self, state):
        plan = _swarm.nodes_plan(state, self.params["nodes"], self.params["forget"])
        by_verb = {verb: [item["node"] for item in plan if item["do"] == verb] for verb in ("demote", "promote")}
        trouble = _swarm.demotion_trouble(state, by_verb["demote"], by_verb["promote"])
        if trouble:
            raise _plan.PlanError(trouble)
        return plan

    def apply(self, plan, _state):
        done = []
        for item in plan:
            try:
                if item["do"] == "forget":
                    self._forget(item["node"])
                else:
                    update_node(self.engine, item["node"], item["set"])
                self._settle(item)
            except EngineError as exc:
                raise _plan.ApplyError(
                    "%s %s failed: %s; done before: %s"
                    % (item["do"], item["to"], exc.message, ", ".join(done) or "nothing")
                ) from exc
            done.append("%s %s" % (item["do"], item["to"]))

    def _forget(self, node_id):
        node = node_facts(self.engine.get("/nodes/%s" % node_id))
        if node["role"] == "manager":
            update_node(self.engine, node_id, {"role": "worker"})
            wait_for(
                lambda: self.engine.get("/nodes/%s" % node_id).get("ManagerStatus") is None, self.params["timeout"]
            )
        self.engine.delete("/nodes/%s?force=true" % node_id)

    def _settle(self, item):
        """A promotion is done when the manager is reachable, a demotion when it is no manager any more."""
        if item["do"] not in ("promote", "demote"):
            return

        def settled():
            status = self.engine.get("/nodes/%s" % item["node"]).get("ManagerStatus")
            return (status or {}).get("Reachability") == "reachable" if item["do"] == "promote" else not status

        if not wait_for(settled, self.params["timeout"]):
            raise _plan.ApplyError("%s: not done after %d s" % (item["to"], self.params["timeout"]))


def main():
    node = dict(
        id=dict(type="str", required=True),
        role=dict(type="str", choices=["manager", "worker"]),
        availability=dict(type="str", choices=["active", "pause", "drain"]),
        labels=dict(type="dict"),
    )
    module = AnsibleModule(
        argument_spec=dict(
            nodes=dict(type="list", elements="dict", default=[], options=node),
            forget=dict(type="list", elements="str", default=[]),
            timeout=dict(type="int", default=60),
        ),
        supports_check_mode=True,
    )
    nodes = Nodes(module.params)
    _plan.run(module, "nodes", nodes.read, nodes.plan, nodes.apply, lambda state: {"nodes": state})


if __name__ == "__main__":
    main()
