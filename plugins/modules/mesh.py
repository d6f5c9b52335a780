#!/usr/bin/python
# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: mesh
short_description: Restore the rules that lead published ports to the routing mesh
version_added: 0.1.0
description:
  - Brings back the rules of iptables by which a node leads its published ports to the routing mesh, where somebody took them
    away. firewalld does so when it is reloaded and has a direct rule, or iptables as its backend.
  - Nothing is restarted, and no connection is disturbed. Where the Engine's own chains are gone, too, it does nothing, since
    only a restart of the Engine brings those back.
author:
  - The dockyard.swarm maintainers (@dockyard)
extends_documentation_fragment:
  - dockyard.swarm.attributes
"""

EXAMPLES = r"""
- name: Lead published ports in again
  dockyard.swarm.mesh:
"""

RETURN = r"""
plan:
  description: The changes made, or in check mode those that would be made, each with its reason.
  returned: success
  type: list
  elements: dict
"""

import subprocess

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._core import plan
from ..module_utils._core.engine_api import Engine, EngineError
from ..module_utils._host import routing_mesh
from ..module_utils._host.published_ports import BRIDGE


def apply(_plan_made, _state):
    address = _address()
    ports = routing_mesh.published(routing_mesh.listed("mangle", routing_mesh.SANDBOX))
    for words in routing_mesh.repairs(
        ports, address, routing_mesh.listed("nat") or "", routing_mesh.listed("filter") or ""
    ):
        done = subprocess.run(
            ["iptables", "-w", "10"] + words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
        )
        if done.returncode:
            said = done.stdout.decode("utf-8", "replace").strip()
            raise plan.ApplyError("iptables %s: %s" % (" ".join(words), said))
    left = routing_mesh.make_plan(routing_mesh.read(True))
    if left:
        raise plan.ApplyError("iptables took the rules, and yet: %s" % "; ".join(item["to"] for item in left))


def _address():
    """The address of the routing mesh on this node's bridge."""
    try:
        containers = Engine().get("/networks/%s" % BRIDGE)["Containers"]
        return containers["ingress-sbox"]["IPv4Address"].split("/")[0]
    except (EngineError, KeyError) as exc:
        raise plan.ApplyError("the Engine does not tell where its routing mesh is: %s" % exc) from exc


def main():
    module = AnsibleModule(argument_spec={}, supports_check_mode=True)
    plan.run(module, "routing mesh", lambda: routing_mesh.read(True), routing_mesh.make_plan, apply)


if __name__ == "__main__":
    main()
