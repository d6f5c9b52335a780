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

from ..module_utils._core.plan import change, run
from ..module_utils._core.systemd import RUNNING, act, read_units
from ..module_utils._host import published_ports

SOCKET = "docker.socket"
DOCKER = "docker.service"
CONTAINERD = "containerd.service"


class Stop:
    """The Engine of this host."""

    def __init__(self, params):
        self.params = params
        self.units = [SOCKET, DOCKER] + ([CONTAINERD] if params["containerd"] else [])

    def read(self):
        return read_units(self.units)

    def plan(self, state):
        return [
            change("stop", name, "it runs", before=state[name]["active"], after="inactive")
            for name in self.units
            if state.get(name, {}).get("active") in RUNNING
        ]

    def apply(self, plan, _state):
        # One call: systemd stops containerd after the daemon that needs it.
        with published_ports.closed(self.params["grace"], self.params["timeout"]):
            act("stop", *[item["to"] for item in plan], timeout=self.params["timeout"])


def main():
    module = AnsibleModule(
        argument_spec=dict(
            containerd=dict(type="bool", default=False),
            grace=dict(type="int", default=10),
            timeout=dict(type="int", default=180),
        ),
        supports_check_mode=True,
    )
    stop = Stop(module.params)
    run(module, "engine", stop.read, stop.plan, stop.apply)


if __name__ == "__main__":
    main()
