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
positional: networks, path_mtu, macvlans, visible_image
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
  visible_image:
    description: What the task runs that keeps networks with C(visible) in the workers' lists.
    type: str
    default: busybox:1
"""

EXAMPLES = r"""
- name: Plan
  ansible.builtin.debug:
    msg: "{{ (swarm_cluster_node | dockyard.swarm.networks_plan([{'name': 'apps', 'encrypted': true}], 1500, macvlans)).all }}"
  vars:
    macvlans: {host: node1, manager: true, networks: [], parts: {}}
"""

RETURN = r"""
_value:
  description:
    - C(all) changes, each with its reason; those of networks with the C(network) as it is wanted, and its C(scope), overlay, node
      or swarm. A network that differs and is not to be replaced is there with C(refuse).
    - The networks that the changes are about, C(overlays) to be made or changed, C(unwanted) overlays to be removed, C(nodes) for
      the parts of a macvlan that single nodes have, and C(swarm) for macvlans of the swarm.
    - C(stack) that keeps networks in the workers' lists, as M(dockyard.swarm.swarm_stack) takes it, and its changes, C(visible).
  type: dict
"""

from ..module_utils._networks import macvlan, overlay, visible
from .stack_plan import stack_plan


def networks_plan(facts, networks, path_mtu, macvlans, visible_image="busybox:1"):
    networks = overlay.typed_networks(networks)
    own = []
    if macvlans["manager"]:
        own += [dict(item, scope="overlay") for item in overlay.networks_plan(facts, networks, path_mtu)]
    own += macvlan.macvlans_plan(
        facts, macvlans["host"], macvlans["manager"], macvlan.typed_macvlans(macvlans["networks"]), macvlans["parts"]
    )
    overlays = _networks(own, "overlay")
    stack = visible.stack(networks, visible_image)
    waiting = stack_plan(facts["swarm"], stack) if macvlans["manager"] else []
    return {
        "all": own + waiting,
        "overlays": [item for item in overlays if item.get("state") != "absent"],
        "unwanted": [item for item in overlays if item.get("state") == "absent"],
        "nodes": _networks(own, "node"),
        "swarm": _networks(own, "swarm"),
        "stack": stack,
        "visible": waiting,
    }


def _networks(plan, scope):
    """The networks of a scope that have changes, each once."""
    found = [item["network"] for item in plan if item["scope"] == scope]
    return [item for index, item in enumerate(found) if item not in found[:index]]


class FilterModule:
    def filters(self):
        return {"networks_plan": networks_plan}
