#!/usr/bin/python
# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: engine_stop
short_description: Stop the Docker Engine without cutting off requests
version_added: 0.1.0
description:
  - Stops the daemon of a node that is in a swarm, and its socket, so that nothing starts it again.
  - Before that, the node's published ports refuse new connections, so that a load balancer uses the next node, and open
    connections get O(grace) seconds to end. The refusal ends by itself, even if the module is killed.
author:
  - The dockyard.swarm maintainers (@dockyard)
options:
  containerd:
    description: Whether containerd is stopped as well, as for an upgrade or a move of its data.
    type: bool
    default: false
  unreplaced:
    description:
      - What is done about running containers outside of the swarm that nobody starts again, since their restart policy is neither
        V(always) nor V(unless-stopped). V(refuse) stops before anything is changed, V(end) ends them.
    type: str
    choices: [refuse, end]
    default: refuse
  grace:
    description: Seconds that open connections to published ports get to end.
    type: int
    default: 10
  timeout:
    description: Seconds that the units get to stop.
    type: int
    default: 180
extends_documentation_fragment:
  - dockyard.swarm.attributes
"""

EXAMPLES = r"""
- name: Stop the Engine of a drained node
  dockyard.swarm.engine_stop:
"""

RETURN = r"""
plan:
  description: The changes made, or in check mode those that would be made, each with its reason.
  returned: success
  type: list
  elements: dict
  sample: [{do: stop, to: docker.service, why: it runs, before: active, after: inactive}]
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._core.engine_api import Engine, EngineError
from ..module_utils._core.plan import PlanError, change, run
from ..module_utils._core.systemd import RUNNING, act, read_units
from ..module_utils._host import published_ports
from ..module_utils._swarm import unreplaced

SOCKET = "docker.socket"
DOCKER = "docker.service"
CONTAINERD = "containerd.service"
# The label of containers that are tasks of the swarm.
TASK = "com.docker.swarm.task.id"


class Stop:
    """The Engine of this host."""

    def __init__(self, params):
        self.params = params
        self.units = [SOCKET, DOCKER] + ([CONTAINERD] if params["containerd"] else [])

    def read(self):
        units = read_units(self.units)
        runs = units.get(DOCKER, {}).get("active") in RUNNING
        return {"units": units, "ending": unreplaced.ending_containers(_containers()) if runs else {}}

    def plan(self, state):
        if state["ending"] and self.params["unreplaced"] == "refuse":
            raise PlanError(unreplaced.container_problem(state["ending"]))
        units = state["units"]
        return [change("end", name, why) for name, why in sorted(state["ending"].items())] + [
            change("stop", name, "it runs", before=units[name]["active"], after="inactive")
            for name in self.units
            if units.get(name, {}).get("active") in RUNNING
        ]

    def apply(self, plan, _state):
        # One call: systemd stops containerd after the daemon that needs it.
        with published_ports.closed(self.params["grace"], self.params["timeout"]):
            act("stop", *[item["to"] for item in plan if item["do"] == "stop"], timeout=self.params["timeout"])


def _containers():
    """What runs outside of the swarm; nothing where the Engine does not answer, as one that has to be stopped may not."""
    engine = Engine()
    try:
        listed = engine.get("/containers/json")
        outside = [item["Id"] for item in listed if TASK not in (item.get("Labels") or {})]
        return [item for item in (engine.find("/containers/%s/json" % found) for found in outside) if item]
    except EngineError:
        return []


def main():
    module = AnsibleModule(
        argument_spec=dict(
            containerd=dict(type="bool", default=False),
            unreplaced=dict(type="str", choices=["refuse", "end"], default="refuse"),
            grace=dict(type="int", default=10),
            timeout=dict(type="int", default=180),
        ),
        supports_check_mode=True,
    )
    stop = Stop(module.params)
    run(module, "engine", stop.read, stop.plan, stop.apply)


if __name__ == "__main__":
    main()
