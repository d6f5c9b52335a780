# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: plan_text
short_description: A plan as lines to be read
version_added: 0.1.0
description:
  - Gives one line for each change, with what is done, to what, and why. Where something differs, the line names both values.
  - What looks like a secret by its name, for example a variable C(DB_PASSWORD), is hidden, and so is the password in a URL.
author:
  - The dockyard.swarm maintainers (@dockyard)
options:
  _input:
    description: The changes, each with C(do), C(to) and C(why), and C(before) and C(after) where something differs.
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
- name: Say what differs
  ansible.builtin.debug:
    msg: "{{ swarm_cluster_node | dockyard.swarm.host_plan([], {'net.ipv4.ip_forward': 1}, [], []) | dockyard.swarm.plan_text }}"
"""

RETURN = r"""
_value:
  description: The lines.
  type: list
  elements: str
  sample: ["set sysctl net.ipv4.ip_forward: 0 → 1"]
"""


from ..module_utils._core.plan_text import as_line


def plan_text(plan):
    return [as_line(item) for item in plan]


class FilterModule:
    def filters(self):
        return {"plan_text": plan_text}
