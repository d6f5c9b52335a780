#!/usr/bin/python
# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: macvlan_network
short_description: Create or remove a macvlan network of the swarm, or a node's part of it
version_added: 0.1.0
description:
  - Containers of a macvlan have addresses of the physical network that an interface of their node is in.
  - With O(scope=node), which every node needs, it makes the config-only network C(NAME-config) with the parent interface and
    the range of addresses that are this node's. With O(scope=swarm), on one manager, it makes the swarm's network,
    which takes these.
  - Ranges of different nodes must not overlap, since each node assigns its addresses by itself. Role swarm_networks sets them.
  - Neither can be changed while containers use it. The module then fails and says what to do.
author:
  - The dockyard.swarm maintainers (@dockyard)
options:
  name:
    description: The network's name.
    type: str
    required: true
  state:
    description: Whether the network is wanted.
    type: str
    choices: [present, absent]
    default: present
  scope:
    description: Whether the node's part is meant, or the swarm's network.
    type: str
    choices: [node, swarm]
    required: true
  parent:
    description: The parent interface, for example C(eth1). The Engine creates that of a VLAN, such as C(eth1.50), itself.
    type: str
  subnets:
    description: The physical network's subnets, of IPv4, IPv6 or both.
    type: list
    elements: dict
    default: []
    suboptions:
      subnet:
        description: The subnet in CIDR notation.
        type: str
        required: true
      gateway:
        description: Its gateway's address.
        type: str
      ip_range:
        description: The part of it that containers of this node get addresses from, in CIDR notation.
        type: str
        required: true
  attachable:
    description: Whether containers that are not tasks of a service may attach.
    type: bool
    default: false
  internal:
    description: Whether the network has no connection to the outside.
    type: bool
    default: false
  labels:
    description: Labels of the swarm's network. Other labels are left alone.
    type: dict
    default: {}
  timeout:
    description: Seconds to wait until a node has released a network that was removed.
    type: int
    default: 60
extends_documentation_fragment:
  - dockyard.swarm.attributes
"""

EXAMPLES = r"""
- name: Create this node's part
  dockyard.swarm.macvlan_network:
    name: plant
    scope: node
    parent: eth1
    subnets:
      - {subnet: 192.0.2.0/24, gateway: 192.0.2.1, ip_range: 192.0.2.128/28}

- name: Create the network
  dockyard.swarm.macvlan_network:
    name: plant
    scope: swarm
  run_once: true
"""

RETURN = r"""
plan:
  description: The changes made, or in check mode those that would be made, each with its reason.
  returned: success
  type: list
  elements: dict
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._core.plan import run
from ..module_utils._networks.macvlan_apply import Macvlan


def main():
    part = dict(
        subnet=dict(type="str", required=True),
        gateway=dict(type="str"),
        ip_range=dict(type="str", required=True),
    )
    module = AnsibleModule(
        argument_spec=dict(
            name=dict(type="str", required=True),
            state=dict(type="str", choices=["present", "absent"], default="present"),
            scope=dict(type="str", choices=["node", "swarm"], required=True),
            parent=dict(type="str"),
            subnets=dict(type="list", elements="dict", default=[], options=part),
            attachable=dict(type="bool", default=False),
            internal=dict(type="bool", default=False),
            labels=dict(type="dict", default={}),
            timeout=dict(type="int", default=60),
        ),
        supports_check_mode=True,
    )
    params = module.params
    if params["scope"] == "node" and params["state"] == "present" and not (params["parent"] and params["subnets"]):
        module.fail_json(msg="network %s: scope node needs options parent and subnets" % params["name"])
    macvlan = Macvlan(params)
    run(module, "network %s" % macvlan.name, macvlan.read, macvlan.plan, macvlan.apply)


if __name__ == "__main__":
    main()
