#!/usr/bin/python
# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: swarm_nodes
short_description: Promote, demote, label and drain the nodes of a swarm
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
    description:
      - IDs of nodes that are removed from the swarm's list once they are down.
      - One that is up is never removed, since it would wait for ever to be let in again.
    type: list
    elements: str
    default: []
  left:
    description: IDs of nodes that have left. It is waited until the swarm has them as down, which takes some ten seconds.
    type: list
    elements: str
    default: []
  timeout:
    description: Seconds that a promotion or demotion may take, or a node that has left may be listed as up.
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

from ..module_utils._core.engine_api import Engine, EngineError
from ..module_utils._core.plan import ApplyError, PlanError, run
from ..module_utils._core.wait import wait_for
from ..module_utils._swarm import members, quorum
from ..module_utils._swarm.node_facts import node_facts
from ..module_utils._swarm.node_update import update_node
from ..module_utils._swarm.settings import SECOND

# After so many heartbeats that did not come, a node is down.
MISSED = 3


class Nodes:
    """The nodes of the swarm that this manager is in."""

    def __init__(self, params):
        self.params = params
        self.engine = Engine()

    def read(self):
        try:
            return [node_facts(node) for node in self.engine.get("/nodes")]
        except EngineError as exc:
            raise PlanError("this host cannot answer for the swarm: %s" % exc.message) from exc

    def plan(self, state):
        plan = members.nodes_plan(state, self.params["nodes"], self.params["forget"], self.params["left"])
        by_verb = {verb: [item["node"] for item in plan if item["do"] == verb] for verb in ("demote", "promote")}
        problem = quorum.demotion_problem(state, by_verb["demote"], by_verb["promote"], self.params["forget"])
        if problem:
            raise PlanError(problem)
        return plan

    def apply(self, plan, _state):
        done = []
        for item in plan:
            try:
                if item["do"] == "await":
                    self._down(item["node"])
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

    def _down(self, node_id):
        """A node that has left is listed as up until it has missed its heartbeats."""

        def down():
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

    def _forget(self, node_id):
        self._down(node_id)
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

    def _settle(self, item):
        """A promotion is done when the manager is reachable, a demotion when it is no manager any more."""
        if item["do"] not in ("promote", "demote"):
            return

        def settled():
            status = self.engine.get("/nodes/%s" % item["node"]).get("ManagerStatus")
            return (status or {}).get("Reachability") == "reachable" if item["do"] == "promote" else not status

        if not wait_for(settled, self.params["timeout"]):
            raise ApplyError("%s: not done after %d s" % (item["to"], self.params["timeout"]))


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
            left=dict(type="list", elements="str", default=[]),
            timeout=dict(type="int", default=60),
        ),
        supports_check_mode=True,
    )
    nodes = Nodes(module.params)
    run(module, "nodes", nodes.read, nodes.plan, nodes.apply, lambda state: {"nodes": state})


if __name__ == "__main__":
    main()
