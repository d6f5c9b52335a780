# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: cluster_status
short_description: Tell what runs where, in lines for a person
version_added: 0.1.0
description:
  - Lists nodes, networks with their capacity, and the services that the collection made, each with where it is reached.
author:
  - The dockyard.swarm maintainers (@dockyard)
positional: plan, domain
options:
  _input:
    description: The C(swarm) part of a result of M(dockyard.swarm.node_facts) from a manager.
    type: dict
    required: true
  plan:
    description: The variable C(swarm_cluster_plan).
    type: dict
    required: true
  domain:
    description: The cluster's domain.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Show the cluster
  ansible.builtin.debug:
    msg: "{{ swarm_cluster_node.swarm | dockyard.swarm.cluster_status(swarm_cluster_plan, swarm_cluster_domain) }}"
"""

RETURN = r"""
_value:
  description: The lines.
  type: list
  elements: str
"""


def cluster_status(swarm, plan, domain):
    nodes = swarm.get("nodes") or []
    lines = ["swarm %s: %d nodes" % ((swarm.get("cluster_id") or "none")[:12], len(nodes))]
    for node in sorted(nodes, key=lambda item: (item["role"], item["hostname"])):
        role = "leader" if node["leader"] else node["role"]
        lines.append(
            "  node %-12s %-15s %-8s %-6s %-7s Engine %s"
            % (node["hostname"], node["addr"], role, node["state"], node["availability"], node["engine"])
        )
    for net in sorted(swarm.get("networks") or [], key=lambda item: item["name"]):
        subnets = ", ".join(item["subnet"] or "" for item in net["subnets"])
        more = ", encrypted" if net["encrypted"] else ""
        capacity = (plan.get("capacity") or {}).get(net["name"])
        if capacity:
            more += ", %d of %d addresses taken, room for %d more tasks" % (
                capacity["taken"],
                capacity["size"],
                capacity["fits"],
            )
        lines.append("  network %-9s %s%s" % (net["name"], subnets, more))
    for name, spec in sorted((swarm.get("services") or {}).items()):
        ports = (spec.get("EndpointSpec") or {}).get("Ports") or []
        where = ", ".join("port %s on every node" % port.get("PublishedPort") for port in ports) or "no published port"
        lines.append("  service %-18s %s" % (name, where))
    lines.append("names: <host>.%s, asked from %s" % (domain, plan["addresses"].get(plan["manager"])))
    return lines


class FilterModule:
    def filters(self):
        return {"cluster_status": cluster_status}
