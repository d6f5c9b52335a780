# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: restore_plan
short_description: Plan where a backup of a swarm is restored, or why it must not be
version_added: 0.1.0
description:
  - Checks all hosts at once, so that no second swarm is made beside one that still runs.
  - Takes the manager that has the address of the one that was backed up.
author:
  - The dockyard.swarm maintainers (@dockyard)
positional: manifest, managers, workers, host
options:
  _input:
    description: The variable C(hostvars), with C(swarm_cluster_node) of the hosts that were read.
    type: dict
    required: true
  manifest:
    description: The description of the backup, from P(dockyard.swarm.backup_manifest#lookup).
    type: dict
    required: true
  managers:
    description: Inventory names of the managers.
    type: list
    elements: str
    required: true
  workers:
    description: Inventory names of the workers.
    type: list
    elements: str
    required: true
  host:
    description: The host to restore on. Empty finds it by its address.
    type: str
    default: ""
"""

EXAMPLES = r"""
- name: Plan
  ansible.builtin.debug:
    msg: "{{ hostvars | dockyard.swarm.restore_plan(manifest, groups.swarm_managers, groups.swarm_workers) }}"
"""

RETURN = r"""
_value:
  description:
    - A dictionary with C(host), C(problems) (texts, nothing may be done where there is one), and C(there), whether this backup
      was restored already.
  type: dict
"""

from ..module_utils._recovery import backup, recover, restore


def _facts(hostvars, names):
    found = {}
    for host in dict.fromkeys(names):
        facts = hostvars[host].get("swarm_cluster_node") if host in hostvars else None
        found[host] = facts if facts and "swarm" in facts else None
    return found


def restore_plan(hostvars, manifest, managers, workers, host=""):
    managers = list(managers)
    return restore.restore_plan(manifest, _facts(hostvars, managers + list(workers)), managers, host)


def recover_plan(hostvars, managers, workers, host):
    return recover.recover_plan(_facts(hostvars, list(managers) + list(workers)), host)


def backup_host(hostvars, managers):
    states = {host: facts["swarm"] for host, facts in _facts(hostvars, managers).items() if facts}
    return backup.backup_host(states, list(managers))


class FilterModule:
    def filters(self):
        return {"restore_plan": restore_plan, "recover_plan": recover_plan, "backup_host": backup_host}
