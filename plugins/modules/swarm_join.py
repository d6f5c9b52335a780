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
  - Never initialises unless told to by O(initialise). Whether a swarm may be made is a question to all hosts at once,
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

from ..module_utils._core.engine_api import Engine, EngineError
from ..module_utils._core.plan import ApplyError, PlanError, run
from ..module_utils._core.wait import wait_for
from ..module_utils._facts.swarm import read_swarm
from ..module_utils._swarm import cluster_plan, quorum


class Member:
    """This node as a member of a swarm."""

    def __init__(self, params):
        self.params = params
        # An answer to init or join may take the Engine's own 20 s.
        self.engine = Engine(timeout=max(60, params["timeout"]))

    def read(self):
        try:
            return read_swarm(self.engine.get("/info").get("Swarm") or {}, self.engine)
        except EngineError as exc:
            raise PlanError("the Engine cannot be asked: %s" % exc) from exc

    def plan(self, state):
        params = self.params
        if params["cluster_id"] and state["cluster_id"] not in (None, params["cluster_id"]):
            raise PlanError(
                "option cluster_id: this node is a manager of swarm %s, not of %s: take it out with "
                "'docker swarm leave --force' first" % (state["cluster_id"], params["cluster_id"])
            )
        plan = cluster_plan.join_plan(state, params)
        if plan and params["state"] == "absent" and not params["force"]:
            problem = quorum.leave_problem(state)
            if problem:
                raise PlanError(problem)
        if plan and params["state"] == "present" and not params["advertise_addr"]:
            raise PlanError("option advertise_addr is needed to initialise or join a swarm")
        return plan

    def apply(self, plan, state):
        verb = plan[0]["do"]
        if verb in ("leave", "rejoin"):
            self._leave(force=state["manager"] or verb == "rejoin" or self.params["force"])
        if verb == "initialise":
            self._initialise()
        elif verb in ("join", "rejoin"):
            self._join()

    def _common(self):
        params = self.params
        body = {
            "ListenAddr": params["listen_addr"],
            "AdvertiseAddr": params["advertise_addr"],
            "Availability": params["availability"],
        }
        if params["data_path_addr"]:
            body["DataPathAddr"] = params["data_path_addr"]
        return body

    def _initialise(self):
        params = self.params
        body = dict(self._common(), DataPathPort=params["data_path_port"], Spec={"Name": "default"})
        if params["default_addr_pool"]:
            body.update(DefaultAddrPool=params["default_addr_pool"], SubnetSize=params["subnet_size"])
        try:
            self.engine.post("/swarm/init", body)
        except EngineError as exc:
            raise ApplyError("the swarm was not made: %s" % exc.message) from exc
        self._wait("initialised")

    def _join(self):
        params = self.params
        if not params["join_token"] or not params["join_addrs"]:
            raise ApplyError("options join_token and join_addrs are needed to join a swarm; nothing was changed")
        reasons = []
        for address in params["join_addrs"]:
            body = dict(self._common(), RemoteAddrs=[address], JoinToken=params["join_token"])
            try:
                self.engine.post("/swarm/join", body)
                break
            except EngineError as exc:
                if "continue in the background" in exc.message or self._state() == "pending":
                    break
                reasons.append("%s: %s" % (address, exc.message))
        else:
            raise ApplyError("no manager let this node in: %s" % "; ".join(reasons))
        self._wait("joined")

    def _leave(self, force):
        try:
            self.engine.post("/swarm/leave?force=%s" % ("true" if force else "false"))
        except EngineError as exc:
            raise ApplyError("the node did not leave its swarm: %s" % exc.message) from exc
        if not wait_for(lambda: self._state() == "inactive", self.params["timeout"]):
            raise ApplyError("the node is still leaving its swarm after %d s" % self.params["timeout"])

    def _local(self):
        try:
            return self.engine.get("/info").get("Swarm") or {}
        except EngineError:
            return {}

    def _state(self):
        return self._local().get("LocalNodeState")

    def _ready(self):
        local = self._local()
        if local.get("LocalNodeState") != "active":
            return False
        if self.params["role"] == "worker" and not self.params["initialise"]:
            return True
        return bool(local.get("ControlAvailable")) and read_swarm(local, self.engine)["quorum"]

    def _wait(self, what):
        if not wait_for(self._ready, self.params["timeout"]):
            local = self._local()
            raise ApplyError(
                "%s, but not an active member after %d s: state %s %s; a run later on goes on from here"
                % (what, self.params["timeout"], local.get("LocalNodeState"), local.get("Error") or "")
            )


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
    member = Member(module.params)
    run(module, "swarm", member.read, member.plan, member.apply, lambda state: {"swarm": state})


if __name__ == "__main__":
    main()
