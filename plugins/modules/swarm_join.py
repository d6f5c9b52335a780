#!/usr/bin/python
# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: swarm_join
short_description: Initialise, join or leave a swarm
version_added: 0.1.0
description:
  - Initialises a swarm on this node, joins this node to one as manager or worker, or leaves it.
  - A node that is in a swarm already is left as it is. To promote, demote, label or drain one, use
    M(dockyard.swarm.swarm_nodes) on a manager.
  - Initialises a swarm only where O(initialise) is set. Whether a swarm may be made is a question to all hosts at once,
    which the role swarm_node answers.
author:
  - The dockyard.swarm maintainers (@dockyard)
options:
  state:
    description: Whether the node is to be in a swarm.
    type: str
    choices: [present, absent]
    default: present
  role:
    description: What the node joins as.
    type: str
    choices: [manager, worker]
    default: worker
  initialise:
    description: Whether this node makes the swarm. Nothing is done where it is in one already.
    type: bool
    default: false
  advertise_addr:
    description: The address, or address and port, that the other nodes reach this one by. Needed to join or initialise.
    type: str
  data_path_addr:
    description: The address for the traffic of overlay networks, where it is not O(advertise_addr).
    type: str
  listen_addr:
    description: The address and port on which a manager listens.
    type: str
    default: 0.0.0.0:2377
  join_addrs:
    description: Addresses of managers, with ports. They are tried in turn until one answers.
    type: list
    elements: str
    default: []
  join_token:
    description: The token for O(role).
    type: str
  cluster_id:
    description: ID of the swarm that the node has to be in. A manager of another one is refused.
    type: str
  availability:
    description: The node's availability from its first moment on.
    type: str
    choices: [active, pause, drain]
    default: active
  default_addr_pool:
    description: Address pools for the swarm's networks in CIDR notation. Fixed once the swarm is made.
    type: list
    elements: str
    default: []
  subnet_size:
    description: Prefix length of the networks cut from O(default_addr_pool), at most 29. Fixed once the swarm is made.
    type: int
    default: 24
  data_path_port:
    description: UDP port of the overlay networks, 1024 to 49151. Fixed once the swarm is made.
    type: int
    default: 4789
  force:
    description: Leave also where that loses the quorum, or ends the swarm.
    type: bool
    default: false
  timeout:
    description: Seconds until the node has to be an active member.
    type: int
    default: 120
extends_documentation_fragment:
  - dockyard.swarm.attributes
"""

EXAMPLES = r"""
- name: Make a swarm
  dockyard.swarm.swarm_join:
    initialise: true
    role: manager
    advertise_addr: 192.0.2.11

- name: Join it
  dockyard.swarm.swarm_join:
    role: worker
    advertise_addr: 192.0.2.12
    join_addrs: [192.0.2.11:2377]
    join_token: "{{ tokens.worker }}"
"""

RETURN = r"""
plan:
  description: The change made, or in check mode the one that would be made, with its reason.
  returned: success
  type: list
  elements: dict
  sample: [{do: join, to: swarm, before: null, after: worker, why: not in one}]
swarm:
  description: The node's view of its swarm, as M(dockyard.swarm.node_facts) returns it.
  returned: success
  type: dict
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._core.plan import run
from ..module_utils._facts.swarm import read_swarm
from ..module_utils._swarm.join_apply import Member


def main():
    module = AnsibleModule(
        argument_spec=dict(
            state=dict(type="str", choices=["present", "absent"], default="present"),
            role=dict(type="str", choices=["manager", "worker"], default="worker"),
            initialise=dict(type="bool", default=False),
            advertise_addr=dict(type="str"),
            data_path_addr=dict(type="str"),
            listen_addr=dict(type="str", default="0.0.0.0:2377"),
            join_addrs=dict(type="list", elements="str", default=[]),
            join_token=dict(type="str", no_log=True),
            cluster_id=dict(type="str"),
            availability=dict(type="str", choices=["active", "pause", "drain"], default="active"),
            default_addr_pool=dict(type="list", elements="str", default=[]),
            subnet_size=dict(type="int", default=24),
            data_path_port=dict(type="int", default=4789),
            force=dict(type="bool", default=False),
            timeout=dict(type="int", default=120),
        ),
        supports_check_mode=True,
    )
    member = Member(module.params, read_swarm)
    run(module, "swarm", member.read, member.plan, member.apply, lambda state: {"swarm": state})


if __name__ == "__main__":
    main()
