# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: config_files_plan
short_description: What M(dockyard.swarm.config_files) would have to do on a host
version_added: 0.1.0
description:
  - Compares a host's facts with the wanted files, units and folders. Reads and changes nothing itself.
author:
  - The dockyard.swarm maintainers (@dockyard)
positional: files, units, folders
options:
  _input:
    description: A result of M(dockyard.swarm.node_facts).
    type: dict
    required: true
  files:
    description:
      - As the option O(dockyard.swarm.config_files#module:files), and O(dockyard.swarm.config_files#module:secret_files).
    type: list
    elements: dict
    required: true
  units:
    description: As the option O(dockyard.swarm.config_files#module:units).
    type: list
    elements: dict
    default: []
  folders:
    description: As the option O(dockyard.swarm.config_files#module:folders), each with all of its keys.
    type: list
    elements: dict
    default: []
"""

EXAMPLES = r"""
- name: Plan
  ansible.builtin.debug:
    msg: "{{ swarm_cluster_node | dockyard.swarm.config_files_plan([{'path': '/etc/motd', 'content': 'Hello'}]) }}"
"""

RETURN = r"""
_value:
  description: The changes, each with its reason.
  type: list
  elements: dict
"""

from ..module_utils._core import config_files


class FilterModule:
    def filters(self):
        return {"config_files_plan": config_files.make_plan}
