#!/usr/bin/python
# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: mesh
short_description: Lead published ports to the routing mesh again
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

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._core.plan import run
from ..module_utils._host import routing_mesh_apply
from ..module_utils._host.routing_mesh import make_plan


def main():
    module = AnsibleModule(argument_spec={}, supports_check_mode=True)
    run(module, "routing mesh", routing_mesh_apply.read, make_plan, routing_mesh_apply.apply)


if __name__ == "__main__":
    main()
