# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: removal_plan
short_description: Plan which nodes are taken out of the swarm
version_added: 0.1.0
description:
  - Finds the nodes that are meant, and refuses what would lose the quorum, or ends the swarm.
author:
  - The dockyard.swarm maintainers (@dockyard)
positional: plan
options:
  _input:
    description: Inventory hosts, or names or IDs of nodes, as a list or a text with commas.
    type: raw
    required: true
  plan:
    description: The variable C(swarm_cluster_plan).
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Show what would be removed
  ansible.builtin.debug:
    msg: "{{ ('node5' | dockyard.swarm.removal_plan(swarm_cluster_plan)).steps }}"
"""

RETURN = r"""
_value:
  description:
    - A dictionary with C(problems) (texts), C(manager) (the host that is asked), C(hosts) (those that leave by themselves),
      C(leaving) (what is done on the manager) and C(steps).
  type: dict
"""

from ..module_utils._swarm import removal


def removal_plan(names, plan):
    words = names.split(",") if isinstance(names, str) else [str(name) for name in names]
    wanted = list(dict.fromkeys(word.strip() for word in words if word.strip()))
    return removal.removal_plan(wanted, plan["addresses"], plan["hosts"], plan["nodes"], plan["managers"])


class FilterModule:
    def filters(self):
        return {"removal_plan": removal_plan}
