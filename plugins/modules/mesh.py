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
  - Restores the rules of iptables that lead published ports to the routing mesh, where they are missing. A reload of
    firewalld removes them if it has a direct rule, or iptables as its backend.
  - Restarts nothing and interrupts no connection. Does nothing where the Engine's own chains are missing, too, since only a
    restart of the Engine restores those.
author:
  - The dockyard.swarm maintainers (@dockyard)
extends_documentation_fragment:
  - dockyard.swarm.attributes
"""

EXAMPLES = r"""
- name: Restore the routing mesh rules
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
