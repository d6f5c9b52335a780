# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: host_plan
short_description: What role swarm_host has to do on a host
version_added: 0.1.0
description:
  - Compares a host's facts with the wanted packages, kernel parameters, kernel modules, files and units.
author:
  - The dockyard.swarm maintainers (@dockyard)
positional: packages, sysctls, modules, files, units, timezone
options:
  _input:
    description: A result of M(dockyard.swarm.node_facts).
    type: dict
    required: true
  packages:
    description: Names of packages.
    type: list
    elements: str
    required: true
  sysctls:
    description: Wanted values of kernel parameters by name.
    type: dict
    required: true
  modules:
    description: Names of kernel modules.
    type: list
    elements: str
    required: true
  files:
    description: The wanted files, as the option O(dockyard.swarm.config_files#module:files).
    type: list
    elements: dict
    required: true
  units:
    description: Names of systemd units that have to be enabled and run.
    type: list
    elements: str
    default: []
  timezone:
    description: Name of the time zone that the host is to have. Without one it keeps its own.
    type: str
"""

EXAMPLES = r"""
- name: Plan
  ansible.builtin.debug:
    msg: "{{ swarm_cluster_node | dockyard.swarm.host_plan([], {'net.ipv4.ip_forward': 1}, ['overlay'], []) }}"
"""

RETURN = r"""
_value:
  description: The changes, each with its reason.
  type: list
  elements: dict
"""

from ..module_utils._host import host_plan


class FilterModule:
    def filters(self):
        return {"host_plan": host_plan.host_plan}
