# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: networks_plan
short_description: Plan the networks of a swarm on one host
version_added: 0.1.0
description:
  - Compares the networks that a manager, and for macvlans each node, knows with the wanted ones.
author:
  - The dockyard.swarm maintainers (@dockyard)
positional: networks, path_mtu, macvlans
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
  path_mtu:
    description: MTU of the paths between the hosts in bytes, for networks without one of their own.
    type: int
  macvlans:
    description:
      - What is wanted of macvlans, a dictionary with C(host), C(manager) (whether this host is asked for the swarm, and for
        overlays), C(networks) (option swarm_networks_macvlans) and C(parts) (each macvlan's by host).
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Plan
  ansible.builtin.debug:
    msg: "{{ swarm_cluster_node | dockyard.swarm.networks_plan([{'name': 'apps', 'encrypted': true}], 1500, macvlans) }}"
  vars:
    macvlans: {host: node1, manager: true, networks: [], parts: {}}
"""

RETURN = r"""
_value:
  description:
    - The changes, each with its reason, the C(network) as it is wanted, and its C(scope), overlay, node or swarm.
    - A network that differs and is not to be replaced is there with C(refuse).
  type: list
  elements: dict
"""

from ..module_utils._networks import macvlan, overlay


def networks_plan(facts, networks, path_mtu, macvlans):
    plan = []
    if macvlans["manager"]:
        plan += [dict(item, scope="overlay") for item in overlay.networks_plan(facts, networks, path_mtu)]
    wanted = macvlans["networks"]
    return plan + macvlan.macvlans_plan(facts, macvlans["host"], macvlans["manager"], wanted, macvlans["parts"])


class FilterModule:
    def filters(self):
        return {"networks_plan": networks_plan}
