#!/usr/bin/python
# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: overlay_network
short_description: Make an overlay network what it should be
version_added: 0.1.0
description:
  - Runs on a manager. Creates a network, removes it, or tells by the name of the option where an existing one differs.
  - The Engine cannot change a network. It is removed and made anew only when O(replace) says so.
author:
  - The dockyard.swarm maintainers (@dockyard)
options:
  name:
    description: The network's name.
    type: str
    required: true
  state:
    description: Whether the network is to be there.
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
  encrypted:
    description: Whether the traffic between nodes is encrypted (IPsec ESP).
    type: bool
    default: false
  attachable:
    description: Whether containers that are not tasks of a service may attach.
    type: bool
    default: false
  internal:
    description: Whether the network has no way out.
    type: bool
    default: false
  ingress:
    description: Whether this is the network of the routing mesh. A swarm has at most one.
    type: bool
    default: false
  mtu:
    description: The largest packet in bytes, 576 to 65535. Without it the Engine takes 1500 less what it needs itself.
    type: int
  labels:
    description: Labels of the network.
    type: dict
    default: {}
  replace:
    description: Whether a network that differs is removed and made anew. Refused while tasks use it.
    type: bool
    default: false
  timeout:
    description: Seconds that creating or removing may take.
    type: int
    default: 60
extends_documentation_fragment:
  - dockyard.swarm.attributes
"""

EXAMPLES = r"""
- name: Have an encrypted network for the applications
  dockyard.swarm.overlay_network:
    name: apps
    subnet: 10.20.0.0/24
    encrypted: true
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

from ansible_collections.dockyard.swarm.plugins.module_utils import _network, _plan
from ansible_collections.dockyard.swarm.plugins.module_utils._engine_api import Engine, EngineError, query, wait_for
from ansible_collections.dockyard.swarm.plugins.module_utils._engine_facts import network_facts


class Network:
    """One network of the swarm that this manager is in."""

    def __init__(self, params):
        self.params = dict(params)
        self.timeout = self.params.pop("timeout")
        self.engine = Engine()

    def read(self):
        try:
            found = self.engine.get("/networks" + query(scope=["swarm"]))
        except EngineError as exc:
            raise _plan.PlanError("this host cannot answer for the swarm: %s" % exc.message) from exc
        return next((network_facts(net) for net in found if net["Name"] == self.params["name"]), None)

    def plan(self, state):
        trouble = _network.check_addresses(_network.wanted_network(self.params))
        if trouble:
            raise _plan.PlanError("network %s: %s" % (self.params["name"], "; ".join(trouble)))
        return _network.make_plan(self.params, state)

    def apply(self, plan, state):
        try:
            if plan[0]["do"] in ("remove", "replace"):
                self._remove(state)
            if plan[0]["do"] in ("create", "replace"):
                self._create()
        except EngineError as exc:
            raise _plan.ApplyError("network %s: %s" % (self.params["name"], exc.message)) from exc

    def _remove(self, state):
        users = [
            item["Spec"]["Name"]
            for item in self.engine.get("/services")
            if any(
                net.get("Target") in (state["id"], state["name"])
                for net in (item["Spec"].get("TaskTemplate") or {}).get("Networks") or []
            )
        ]
        if users:
            raise _plan.ApplyError(
                "network %s is in use by %s: nothing was changed; take the services off it first"
                % (state["name"], ", ".join(sorted(users)))
            )
        self.engine.delete("/networks/%s" % state["id"])
        # Gone means gone on this node too: its name is free only then.
        if not wait_for(lambda: self.engine.find("/networks/%s" % state["id"]) is None, self.timeout):
            raise _plan.ApplyError("network %s is still there after %d s" % (state["name"], self.timeout))

    def _create(self):
        self.engine.post("/networks/create", body_of(self.params))


def body_of(params):
    """The body of ``POST /networks/create``."""
    options = {}
    if params["encrypted"]:
        options["encrypted"] = "true"
    if params["mtu"]:
        options["com.docker.network.driver.mtu"] = str(params["mtu"])
    ipam = {"Driver": "default"}
    if params["subnet"]:
        part = {"Subnet": params["subnet"], "Gateway": params["gateway"], "IPRange": params["ip_range"]}
        ipam["Config"] = [{key: value for key, value in part.items() if value}]
    return {
        "Name": params["name"],
        "CheckDuplicate": True,
        "Driver": "overlay",
        "Scope": "swarm",
        "Attachable": params["attachable"],
        "Internal": params["internal"],
        "Ingress": params["ingress"],
        "IPAM": ipam,
        "Options": options,
        "Labels": {key: str(value) for key, value in params["labels"].items()},
    }


def main():
    module = AnsibleModule(
        argument_spec=dict(
            name=dict(type="str", required=True),
            state=dict(type="str", choices=["present", "absent"], default="present"),
            subnet=dict(type="str"),
            gateway=dict(type="str"),
            ip_range=dict(type="str"),
            encrypted=dict(type="bool", default=False),
            attachable=dict(type="bool", default=False),
            internal=dict(type="bool", default=False),
            ingress=dict(type="bool", default=False),
            mtu=dict(type="int"),
            labels=dict(type="dict", default={}),
            replace=dict(type="bool", default=False),
            timeout=dict(type="int", default=60),
        ),
        supports_check_mode=True,
    )
    network = Network(module.params)
    _plan.run(
        module,
        "network %s" % module.params["name"],
        network.read,
        network.plan,
        network.apply,
        lambda state: {"network": state},
    )


if __name__ == "__main__":
    main()
