# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: place_plan
short_description: What marks the node that holds data
version_added: 0.1.0
author:
  - The dockyard.swarm maintainers (@dockyard)
description:
  - The place of what has data is in the plan of P(dockyard.swarm.cluster_plan#filter). By a label on the node, each later run
    finds it there.
positional: nodes
options:
  _input:
    description: One of C(places) of the cluster plan.
    type: dict
    required: true
  nodes:
    description: The nodes of the swarm, as a manager lists them. Without any, nothing is to be done.
    type: list
    elements: dict
    required: true
seealso:
  - plugin: dockyard.swarm.place_nodes
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Plan
  ansible.builtin.debug:
    msg: "{{ swarm_cluster_plan.places.registry | dockyard.swarm.place_plan(swarm_cluster_node.swarm.nodes) }}"
"""

RETURN = r"""
_value:
  description: The changes, for P(dockyard.swarm.place_nodes#filter).
  type: list
  elements: dict
"""

from ..module_utils._swarm.placement import place_nodes, place_plan


def plan(place, nodes):
    return place_plan(place, nodes) if nodes else []


class FilterModule:
    def filters(self):
        return {"place_plan": plan, "place_nodes": place_nodes}
