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
  - Which nodes are out of service, since when and by whom, is kept in the swarm's label C(dockyard.swarm.out-of-service). One
    manager, or O(parallel) workers, may be at a time, whichever run or controller asks. Others wait for O(patience) seconds, and
    then stop. Nodes of runs that were killed are put back first.
author:
  - The dockyard.swarm maintainers (@dockyard)
options:
  node:
    description: The node's ID. Needed, except with O(state=checked).
    type: str
  nodes:
    description: IDs of the nodes that are asked about with O(state=checked).
    type: list
    elements: str
    default: []
  state:
    description:
      - V(checked) changes nothing. It tells what would end with O(nodes) and is started again by nobody, see O(unreplaced).
      - V(drained) takes the node out of service. Where its tasks do not run elsewhere in time, it gets its availability back
        and the module fails.
      - V(restored) waits until the swarm counts on the node again, and gives it the availability that it had. Managers list a
        node as ready for a while after it is gone, so ask the node first, by M(dockyard.swarm.swarm_member).
    type: str
    choices: [checked, drained, restored]
    default: drained
  timeout:
    description: Seconds to wait for tasks, or for the node.
    type: int
    default: 300
  unreplaced:
    description:
      - What is done about tasks that nobody starts again, those of services with the restart condition V(none) or whose
        attempts are used up, and those of jobs. V(refuse) stops before anything is changed, V(end) ends them.
    type: str
    choices: [refuse, end]
    default: refuse
  version:
    description:
      - With O(state=restored), RV(version) from before its Engine was stopped, of the node's entry. The node counts as back
        once the swarm has heard of it since then. Leave it out where the Engine was not stopped.
    type: int
    default: 0
  comes_back:
    description: Whether the node comes back. One that leaves the swarm does not count as out of service, and waits for no other.
    type: bool
    default: true
  parallel:
    description: How many workers may be out of service at a time.
    type: int
    default: 1
  patience:
    description: Seconds to wait while another run has nodes out of service. They count from the last change of that.
    type: int
    default: 900
  after_waiting:
    description:
      - What is done after another run was waited for. V(return) changes nothing, so that the caller can look again at what is
        left to do; RV(waited) tells.
    type: str
    choices: [continue, return]
    default: continue
  run:
    description: Which run this is. Set by the controller's half of the module.
    type: str
  by:
    description: The controller's name. Set by the controller's half of the module.
    type: str
    default: ""
  ended:
    description: Runs that are known to have ended. Set by the controller's half of the module.
    type: list
    elements: str
    default: []
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

- name: Ask what would end for good with two nodes
  dockyard.swarm.swarm_drain:
    nodes: [9jmb0s7w2u4c, x0c41pq4f2aa]
    state: checked
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
  returned: success, except with O(state=checked) and after O(after_waiting=return)
  type: dict
version:
  description: The version of the node's entry in the swarm.
  returned: success, except with O(state=checked) and after O(after_waiting=return)
  type: int
  sample: 4711
waited:
  description: Whether the module waited for another run.
  returned: always
  type: bool
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._core.plan import run
from ..module_utils._swarm.drain_apply import Drain


def main():
    module = AnsibleModule(
        argument_spec=dict(
            node=dict(type="str"),
            nodes=dict(type="list", elements="str", default=[]),
            state=dict(type="str", choices=["checked", "drained", "restored"], default="drained"),
            timeout=dict(type="int", default=300),
            unreplaced=dict(type="str", choices=["refuse", "end"], default="refuse"),
            version=dict(type="int", default=0),
            comes_back=dict(type="bool", default=True),
            parallel=dict(type="int", default=1),
            patience=dict(type="int", default=900),
            after_waiting=dict(type="str", choices=["continue", "return"], default="continue"),
            run=dict(type="str"),
            by=dict(type="str", default=""),
            ended=dict(type="list", elements="str", default=[]),
        ),
        required_if=[("state", "drained", ["node"]), ("state", "restored", ["node"])],
        supports_check_mode=True,
    )
    drain = Drain(module.params)
    run(module, "node", drain.read, drain.plan, drain.apply, drain.result, alone=False)


if __name__ == "__main__":
    main()
