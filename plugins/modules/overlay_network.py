#!/usr/bin/python
# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: overlay_network
short_description: Create, replace or remove an overlay network of the swarm
version_added: 0.1.0
description:
  - Runs on a manager. Creates a network or removes it. Fails with the names of the options in which an existing one differs.
  - The Engine cannot change a network. With O(replace) it is recreated. Its services are detached, all tasks of each at once.
    The network is removed and created again, with the subnets that it had unless others are wanted, and the services are
    attached again with their aliases. The same goes for the network of the routing mesh, where services lose the ports that
    they publish by it. This takes as long as tasks need to stop and to start, twice.
  - What a service was attached to is kept in its label C(dockyard.swarm.detached) meanwhile, so that the next run goes on after
    an interruption. Where the network cannot be removed, the services are attached to it again.
  - Tasks of an overlay network with an IPv6 subnet are rejected by the Engine (seen on 26.1; moby/moby#52469 has it for 29.4), so
    that such a subnet is refused. The Engine drops auxiliary addresses of a swarm's networks; there is no option for them.
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
  subnet:
    description: The subnet in CIDR notation. Without it the swarm takes one from its address pool.
    type: str
  gateway:
    description: The gateway's address in O(subnet).
    type: str
  ip_range:
    description: The part of O(subnet) that tasks get addresses from, in CIDR notation.
    type: str
  subnets:
    description:
      - Several subnets, instead of O(subnet), O(gateway) and O(ip_range).
      - A task or a service gets an address of any one of them, and a node on which no task has one of a subnet may not reach that
        subnet (seen on Engine 26.1). One large subnet does not have this problem.
    type: list
    elements: dict
    default: []
    suboptions:
      subnet:
        description: The subnet in CIDR notation.
        type: str
        required: true
      gateway:
        description: The gateway's address in it.
        type: str
      ip_range:
        description: The part of it that tasks get addresses from, in CIDR notation.
        type: str
  ipam_driver:
    description: The IPAM driver, V(default) or the name of a plugin.
    type: str
  ipam_options:
    description: Options of O(ipam_driver).
    type: dict
    default: {}
  encrypted:
    description: Whether the traffic between nodes is encrypted (IPsec ESP).
    type: bool
    default: false
  attachable:
    description: Whether containers that are not tasks of a service may attach.
    type: bool
    default: false
  internal:
    description: Whether the network has no connection to the outside.
    type: bool
    default: false
  ingress:
    description: Whether this is the network of the routing mesh. A swarm has at most one.
    type: bool
    default: false
  mtu:
    description:
      - The MTU of the paths between the hosts in bytes, 576 to 65535. The Engine subtracts its own overhead, 50 bytes, and more
        where it encrypts.
      - Without it O(path_mtu) is used when the network is created.
    type: int
  path_mtu:
    description:
      - The MTU of the paths between the hosts in bytes, for networks without O(mtu). An existing network with a larger one
        differs only where O(replace) is set. Without it the Engine takes 1500.
    type: int
  visible:
    description:
      - Whether workers list the network even where no task of it runs, for programs that look it up before they attach a
        container. Needs O(attachable). Role swarm_networks does this with a small task on every node; this module only
        checks the option.
    type: bool
    default: false
  driver_options:
    description: Further options of the driver, for example C(com.docker.network.driver.overlay.vxlanid_list).
    type: dict
    default: {}
  labels:
    description: Labels of the network. Other labels are left alone.
    type: dict
    default: {}
  replace:
    description: Whether a network that differs is recreated, also while services use it.
    type: bool
    default: false
  timeout:
    description: Seconds to wait for the network to be removed, and for tasks to stop and to start, each.
    type: int
    default: 120
extends_documentation_fragment:
  - dockyard.swarm.attributes
"""

EXAMPLES = r"""
- name: Create an encrypted network for the applications
  dockyard.swarm.overlay_network:
    name: apps
    subnet: 10.20.0.0/24
    encrypted: true

- name: Give the routing mesh an MTU of 1400, also while services publish ports by it
  dockyard.swarm.overlay_network:
    name: ingress
    ingress: true
    mtu: 1400
    replace: true
"""

RETURN = r"""
plan:
  description: The changes made, or in check mode those that would be made, each with its reason.
  returned: success
  type: list
  elements: dict
network:
  description: The network, as M(dockyard.swarm.node_facts) returns it, or null.
  returned: success
  type: dict
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._core.plan import run
from ..module_utils._networks.overlay_apply import Network


def main():
    part = dict(
        subnet=dict(type="str", required=True),
        gateway=dict(type="str"),
        ip_range=dict(type="str"),
    )
    module = AnsibleModule(
        argument_spec=dict(
            name=dict(type="str", required=True),
            state=dict(type="str", choices=["present", "absent"], default="present"),
            subnet=dict(type="str"),
            gateway=dict(type="str"),
            ip_range=dict(type="str"),
            subnets=dict(type="list", elements="dict", default=[], options=part),
            ipam_driver=dict(type="str"),
            ipam_options=dict(type="dict", default={}),
            encrypted=dict(type="bool", default=False),
            attachable=dict(type="bool", default=False),
            internal=dict(type="bool", default=False),
            ingress=dict(type="bool", default=False),
            mtu=dict(type="int"),
            path_mtu=dict(type="int"),
            visible=dict(type="bool", default=False),
            driver_options=dict(type="dict", default={}),
            labels=dict(type="dict", default={}),
            replace=dict(type="bool", default=False),
            timeout=dict(type="int", default=120),
        ),
        supports_check_mode=True,
    )
    network = Network(module.params)
    run(
        module,
        "network %s" % module.params["name"],
        network.read,
        network.plan,
        network.apply,
        lambda state: {"network": state["network"]},
        alone=False,
    )


if __name__ == "__main__":
    main()
