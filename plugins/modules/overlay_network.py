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
  - Runs on a manager. Creates a network, removes it, or tells by the name of the option where an existing one differs.
  - The Engine cannot change a network. With O(replace) it is made anew. The services that are on it are taken off, all tasks
    of each at once, the network is removed and made again with the subnets that it had unless others are wanted, and the
    services get it back with their aliases. The same goes for the network of the routing mesh, where services lose the ports
    that they publish by it. How long that takes is how long tasks need to stop and to start, twice.
  - What a service has to get back stands in its label C(dockyard.swarm.detached) meanwhile, so that a run after an interruption
    goes on. Where the network cannot be removed, the services get back what they had.
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
  subnets:
    description:
      - Several subnets, instead of O(subnet), O(gateway) and O(ip_range).
      - A task or a service gets an address of any one of them, and a node on which no task has one of a subnet may not reach that
        subnet (seen on Engine 26.1). One large subnet has no such trouble.
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
    description: What manages the addresses, V(default) or the name of a plugin.
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
    description: Whether the network has no way out.
    type: bool
    default: false
  ingress:
    description: Whether this is the network of the routing mesh. A swarm has at most one.
    type: bool
    default: false
  mtu:
    description:
      - The MTU of the way between the hosts in bytes, 576 to 65535. The Engine makes the network's own smaller by what it
        needs itself, 50 bytes, and more where it encrypts.
      - Without it O(way_mtu) counts where the network is made.
    type: int
  way_mtu:
    description:
      - The MTU that the ways between the hosts have, in bytes, for networks without O(mtu). A network that is there and is
        made for a larger one differs only where O(replace) is set. Without it the Engine takes 1500.
    type: int
  visible:
    description:
      - Whether workers are to list the network even where no task of it runs, which programs ask for that look it up before
        they attach a container. Needs O(attachable). Role swarm_networks sees to it with a small task on every node; this
        module only checks it.
    type: bool
    default: false
  driver_options:
    description: Further options of the driver, for example C(com.docker.network.driver.overlay.vxlanid_list).
    type: dict
    default: {}
  labels:
    description: Labels of the network. Others that it has are left alone.
    type: dict
    default: {}
  replace:
    description: Whether a network that differs is made anew, also while services use it.
    type: bool
    default: false
  timeout:
    description: Seconds that creating, removing, and tasks that stop or start may take, each.
    type: int
    default: 120
extends_documentation_fragment:
  - dockyard.swarm.attributes
"""

EXAMPLES = r"""
- name: Have an encrypted network for the applications
  dockyard.swarm.overlay_network:
    name: apps
    subnet: 10.20.0.0/24
    encrypted: true

- name: Have a routing mesh for ways of MTU 1400, whether services publish ports by it or not
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

from ..module_utils._core.engine_api import Engine, EngineError, query
from ..module_utils._core.plan import ApplyError, PlanError, run
from ..module_utils._core.wait import wait_for
from ..module_utils._networks import overlay, replacement
from ..module_utils._networks.network_facts import network_facts

POLL = 0.2


class Network:
    """One network of the swarm that this manager is in."""

    def __init__(self, params):
        self.params = dict(params)
        self.timeout = self.params.pop("timeout")
        self.way = self.params.pop("way_mtu")
        # Options with a default are given always: single addresses have none, and empty lists are not given.
        self.params["subnets"] = self.params["subnets"] or None
        self.name = self.params["name"]
        self.engine = Engine()

    def read(self):
        try:
            found = [network_facts(net) for net in self.engine.get("/networks" + query(scope=["swarm"]))]
            services = self.engine.get("/services")
        except EngineError as exc:
            raise PlanError("this host cannot answer for the swarm: %s" % exc.message) from exc
        network = next((net for net in found if net["name"] == self.name), None)
        if network:
            users = [item["Spec"]["Name"] for item in services if replacement.uses(item["Spec"], network)]
            network["services"] = sorted(users)
        waiting = replacement.waiting(item["Spec"] for item in services)
        return {"network": network, "waiting": waiting.get(self.name, {}).get("services", [])}

    def plan(self, state):
        trouble = overlay.check_addresses(overlay.wanted_network(self.params))
        if trouble:
            raise PlanError("network %s: %s" % (self.name, "; ".join(trouble)))
        return overlay.make_plan(self.params, state["network"], self.way, state["waiting"])

    def apply(self, plan, state):
        wanted = overlay.wanted_network(self.params)
        verb = plan[0]["do"]
        try:
            if verb == "remove":
                self._remove(state["network"])
            elif verb == "replace":
                self._replace(state["network"], overlay.heir(wanted, state["network"], self.way))
            else:
                if verb == "create":
                    self._create(overlay.for_way(wanted, self.way))
                self._attach()
        except EngineError as exc:
            raise ApplyError("network %s: %s" % (self.name, exc.message)) from exc

    def _replace(self, network, wanted):
        services = [item for item in self.engine.get("/services") if replacement.uses(item["Spec"], network)]
        before = self._counts(services)
        options = {name: value for name, value in wanted.items() if name != "state"}
        try:
            for service in services:
                self._update(service["ID"], replacement.detached, network, options)
            self._remove(network)
        except (EngineError, ApplyError):
            if self.engine.find("/networks/%s" % network["id"]) is not None:
                self._attach(before)
            raise
        self._create(wanted)
        self._attach(before)

    def _still_on(self, network):
        return replacement.still_on(self.engine.get("/tasks"), network["id"])

    def _remove(self, network):
        """A node on which a task of the routing mesh still ends would keep the old one until its Engine is started anew."""
        if not wait_for(lambda: not self._still_on(network), self.timeout, POLL):
            raise ApplyError(
                "network %s: these tasks are still on it after %d s, and it was left as it is: %s; see docker inspect --type task"
                % (self.name, self.timeout, ", ".join(self._still_on(network)))
            )
        try:
            self.engine.delete("/networks/%s" % network["id"])
        except EngineError as exc:
            if "in use by task" not in exc.message:
                raise
            # Tasks that the list of tasks does not have: containers that were attached by hand.
            raise ApplyError(
                "network %s: a container that belongs to no service is on it, and it was left as it is: find it on the hosts "
                "with docker ps --filter network=%s, and take it off" % (network["name"], network["name"])
            ) from exc
        # Gone means gone on this node too: its name is free only then.
        if not wait_for(lambda: self.engine.find("/networks/%s" % network["id"]) is None, self.timeout, POLL):
            raise ApplyError("network %s is still there after %d s" % (network["name"], self.timeout))

    def _create(self, wanted):
        self.engine.post("/networks/create", body_of(wanted))
        if wanted["ingress"]:
            # A node without a task of the mesh gets it when its entry is written, and would answer on no port before that.
            for node in self.engine.get("/nodes"):
                self.engine.post("/nodes/%s/update?version=%d" % (node["ID"], node["Version"]["Index"]), node["Spec"])

    def _attach(self, before=None):
        """Give services back what they wait for, and see their tasks run.

        :param before: how many tasks of each ran, by ID; without it all that are wanted are waited for.
        """
        services = [
            item
            for item in self.engine.get("/services")
            if (replacement.note_of(item["Spec"]) or {}).get("network") == self.name
        ]
        if not services:
            return
        network = self.read()["network"]
        for service in services:
            self._update(service["ID"], replacement.attached, network["id"])

        def back():
            running = replacement.running_on(self.engine.get("/tasks"), network["id"])
            wanted = self._counts(services)
            goals = {
                name: min(want, (before or {}).get(name, (want, want))[0]) for name, (_run, want) in wanted.items()
            }
            return all(running.get(name, 0) >= goal for name, goal in goals.items())

        came = wait_for(back, self.timeout, POLL)
        for service in services:
            self._update(service["ID"], replacement.done)
        if not came:
            raise ApplyError(
                "network %s: its services have it again, but not all of their tasks run after %d s: see docker service ps %s"
                % (self.name, self.timeout, " ".join(item["Spec"]["Name"] for item in services))
            )

    def _update(self, service_id, change, *arguments):
        service = self.engine.get("/services/%s" % service_id)
        path = "/services/%s/update?version=%d" % (service_id, service["Version"]["Index"])
        self.engine.post(path, change(service["Spec"], *arguments))

    def _counts(self, services):
        """How many tasks run, and how many are to run, by the service's ID."""
        if not services:
            return {}
        found = self.engine.get("/services" + query(id=[item["ID"] for item in services]) + "&status=true")
        return {
            item["ID"]: (item["ServiceStatus"]["RunningTasks"], item["ServiceStatus"]["DesiredTasks"]) for item in found
        }


def body_of(wanted):
    """The body of ``POST /networks/create``."""
    options = {key: str(value) for key, value in wanted["driver_options"].items()}
    if wanted["encrypted"]:
        options["encrypted"] = "true"
    if wanted["mtu"]:
        options[overlay.MTU] = str(wanted["mtu"])
    ipam = {"Driver": wanted["ipam_driver"] or "default", "Options": wanted["ipam_options"]}
    words = {"subnet": "Subnet", "gateway": "Gateway", "ip_range": "IPRange"}
    ipam["Config"] = [{words[key]: value for key, value in part.items() if value} for part in wanted["subnets"]]
    return {
        "Name": wanted["name"],
        "CheckDuplicate": True,
        "Driver": "overlay",
        "Scope": "swarm",
        "Attachable": wanted["attachable"],
        "Internal": wanted["internal"],
        "Ingress": wanted["ingress"],
        "IPAM": ipam,
        "Options": options,
        "Labels": {key: str(value) for key, value in wanted["labels"].items()},
    }


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
            way_mtu=dict(type="int"),
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
    )


if __name__ == "__main__":
    main()
