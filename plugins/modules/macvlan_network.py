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
  - Ranges of different nodes must not overlap, since each node gives its addresses out by itself. Role swarm_networks sees to it.
  - Neither can be changed while containers use it. That is refused with what has to be done.
author:
  - The dockyard.swarm maintainers (@dockyard)
options:
  name:
    description: The network's name.
    type: str
    required: true
  state:
    description: Whether it is to be there.
    type: str
    choices: [present, absent]
    default: present
  scope:
    description: Whether this is about the node's part, or about the swarm's network.
    type: str
    choices: [node, swarm]
    required: true
  parent:
    description: The interface that containers are bound to, C(eth1) for example. That of a VLAN, C(eth1.50), the Engine makes.
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
    description: Whether the network has no way out.
    type: bool
    default: false
  labels:
    description: Labels of the swarm's network. Others that it has are left alone.
    type: dict
    default: {}
  timeout:
    description: Seconds within which a node has to let go of a network that was removed.
    type: int
    default: 60
extends_documentation_fragment:
  - dockyard.swarm.attributes
"""

EXAMPLES = r"""
- name: Have this node's part
  dockyard.swarm.macvlan_network:
    name: plant
    scope: node
    parent: eth1
    subnets:
      - {subnet: 192.0.2.0/24, gateway: 192.0.2.1, ip_range: 192.0.2.128/28}

- name: Have the network
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

from ..module_utils._core.engine_api import Engine, EngineError, query
from ..module_utils._core.plan import ApplyError, PlanError, run
from ..module_utils._core.wait import wait_for
from ..module_utils._networks.macvlan import cluster_plan, config_name, node_plan
from ..module_utils._networks.network_facts import network_facts, read_configs


class Macvlan:
    """A macvlan, as this node or as the swarm has it."""

    def __init__(self, params):
        self.params = params
        self.node = params["scope"] == "node"
        self.name = config_name(params["name"]) if self.node else params["name"]
        self.engine = Engine()

    def read(self):
        try:
            if self.node:
                return read_configs(self.engine).get(self.name)
            found = self.engine.get("/networks" + query(scope=["swarm"]))
        except EngineError as exc:
            raise PlanError("network %s: the Engine does not tell: %s" % (self.name, exc.message)) from exc
        return next((network_facts(net) for net in found if net["Name"] == self.name), None)

    def plan(self, state):
        return (node_plan if self.node else cluster_plan)(self.params, state)

    def apply(self, plan, _state):
        try:
            if plan[0]["do"] in ("remove", "replace"):
                # A node holds on to its part for a moment after the swarm's network is gone; one that is to differ is in use.
                self._remove(self.params["timeout"] if plan[0]["do"] == "remove" else 0)
            if plan[0]["do"] in ("create", "replace"):
                self.engine.post("/networks/create", self._config() if self.node else self._network())
        except EngineError as exc:
            raise ApplyError("network %s: %s" % (self.name, exc.message)) from exc

    def _remove(self, timeout):
        refusal = []

        def gone():
            try:
                self.engine.delete("/networks/%s" % self.name)
            except EngineError as exc:
                if exc.status == 404:
                    return True
                refusal[:] = [exc.message]
                return False
            return True

        if not wait_for(gone, timeout):
            raise ApplyError(
                "network %s: %s: take the services and containers that use network %s off it, run with state: absent, and then "
                "without it" % (self.name, refusal[0], self.params["name"])
            )

    def _config(self):
        words = {"subnet": "Subnet", "gateway": "Gateway", "ip_range": "IPRange"}
        parts = [{words[key]: value for key, value in item.items() if value} for item in self.params["subnets"]]
        return {
            "Name": self.name,
            "Driver": "macvlan",
            "ConfigOnly": True,
            "EnableIPv6": any(":" in item["subnet"] for item in self.params["subnets"]),
            "IPAM": {"Driver": "default", "Config": parts},
            "Options": {"parent": self.params["parent"]},
        }

    def _network(self):
        return {
            "Name": self.name,
            "Driver": "macvlan",
            "Scope": "swarm",
            "CheckDuplicate": True,
            "Attachable": self.params["attachable"],
            "Internal": self.params["internal"],
            "ConfigFrom": {"Network": config_name(self.name)},
            "Labels": {key: str(value) for key, value in self.params["labels"].items()},
        }


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
