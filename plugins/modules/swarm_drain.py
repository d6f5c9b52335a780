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

from ..module_utils._core.plan import run
from ..module_utils._swarm.drain_apply import Drain


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
    run(module, "node", drain.read, drain.plan, drain.apply, drain.result, alone=False)


if __name__ == "__main__":
    main()
