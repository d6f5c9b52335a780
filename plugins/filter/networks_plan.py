# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: networks_plan
short_description: Which overlay networks have something to be done to them
version_added: 0.1.0
description:
  - Compares the networks that a manager knows with the wanted ones.
author:
  - The dockyard.swarm maintainers (@dockyard)
positional: networks
options:
  _input:
    description: A result of M(dockyard.swarm.node_facts) from a manager.
    type: dict
    required: true
  networks:
    description: Options of M(dockyard.swarm.overlay_network), one dictionary a network.
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
- name: Plan
  ansible.builtin.debug:
    msg: "{{ swarm_cluster_node | dockyard.swarm.networks_plan([{'name': 'apps', 'encrypted': true}]) }}"
"""

RETURN = r"""
_value:
  description:
    - The changes, each with its reason and the C(network) as it is wanted. A network that differs and is not to be replaced
      is there with C(refuse).
  type: list
  elements: dict
"""

from ansible_collections.dockyard.swarm.plugins.module_utils import _network


class FilterModule:
    def filters(self):
        return {"networks_plan": _network.networks_plan}
