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

from ..module_utils._core.plan import run
from ..module_utils._swarm.members_apply import Nodes


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
    run(module, "nodes", nodes.read, nodes.plan, nodes.apply, lambda state: {"nodes": state}, alone=False)


if __name__ == "__main__":
    main()
