# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: host_plan
short_description: What role swarm_host has to do on a host
version_added: 0.1.0
description:
  - Compares a host's facts with the wanted packages, kernel parameters, kernel modules, files, units and firewall rules.
author:
  - The dockyard.swarm maintainers (@dockyard)
positional: wanted
options:
  _input:
    description: A result of M(dockyard.swarm.node_facts).
    type: dict
    required: true
  wanted:
    description:
      - A dictionary with C(host), C(addresses) (of each member, by its inventory name), C(packages), C(sysctls) (values by name),
        C(modules) (of the kernel), C(files) (see O(dockyard.swarm.config_files#module:files)), C(time_units) and C(timezone)
        (empty to keep the host's own).
      - For the firewall, C(backend) (V(auto), V(nftables), or empty to leave it alone), C(published) (V(open) or V(declared)) and
        C(firewall), a dictionary with C(managers) (names), C(data_path_port), C(data_paths) (address for the overlay networks'
        traffic, by name), C(served) (C(ports) that the roles of the play contribute, see P(dockyard.swarm.contributions#lookup)),
        C(kept) (likewise of the roles that are not in the play), C(bridges) (ranges of the Docker bridges; empty for Docker's
        own) and C(ports) (the user's own, each with C(port), C(protocol) and C(sources)).
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Plan
  ansible.builtin.debug:
    msg: "{{ (swarm_cluster_node | dockyard.swarm.host_plan(wanted)).all }}"
"""

RETURN = r"""
_value:
  description:
    - A dictionary with C(all) changes, each with its reason, and C(firewall), those of them that a running firewall needs.
    - C(rules) and C(keep), as in M(dockyard.swarm.firewall); C(files) and C(units), as in M(dockyard.swarm.config_files); and
      C(table) with the C(files) and C(units) that are the collection's own rules.
  type: dict
"""

from ansible.errors import AnsibleFilterError

from ..module_utils._host import role_plan


def host_plan(facts, wanted):
    try:
        return role_plan.make_role_plan(facts, wanted)
    except ValueError as exc:
        raise AnsibleFilterError(str(exc)) from exc


class FilterModule:
    def filters(self):
        return {"host_plan": host_plan}
