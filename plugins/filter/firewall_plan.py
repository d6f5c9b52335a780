# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: firewall_plan
short_description: Ports that a host's firewall has to open, and may close again
version_added: 0.1.0
description:
  - Compares what a running firewall lets in with the wanted rules.
author:
  - The dockyard.swarm maintainers (@dockyard)
positional: rules, keep
options:
  _input:
    description: A result of M(dockyard.swarm.node_facts).
    type: dict
    required: true
  rules:
    description: The wanted rules, as in O(dockyard.swarm.firewall#module:rules).
    type: list
    elements: str
    required: true
  keep:
    description: Rules that stay where the collection made them, as in O(dockyard.swarm.firewall#module:keep).
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: Plan
  ansible.builtin.debug:
    msg: "{{ swarm_cluster_node | dockyard.swarm.firewall_plan(['tcp 2377 from 192.0.2.12']) }}"
"""

RETURN = r"""
_value:
  description: The changes, each with its reason.
  type: list
  elements: dict
"""

from ansible.errors import AnsibleFilterError

from ..module_utils._host import firewall, nftables


def _with_filter_errors(function, *arguments):
    try:
        return function(*arguments)
    except ValueError as exc:
        raise AnsibleFilterError(str(exc)) from exc


def firewall_plan(facts, rules, keep=()):
    return _with_filter_errors(firewall.make_plan, facts["firewall"], rules, keep)


def firewall_rules(addresses, host, options):
    return _with_filter_errors(firewall.wanted_rules, host, addresses, options)


def firewall_table(facts, wanted, published="open", present=True):
    texts = {nftables.PATH: _with_filter_errors(nftables.ruleset, wanted, facts["firewall"]["rules"], published)}
    texts.update(nftables.UNIT_FILES)
    unit = {
        "name": firewall.OWN_UNIT,
        "present": present,
        "reload": True,
        "restart": facts["firewall"]["table"] is False,
    }
    files = [
        {"path": path, "content": text, "unit": firewall.OWN_UNIT, "present": present} for path, text in texts.items()
    ]
    files[0]["validate"] = "nft -c -f %s"
    return {"files": files, "units": [unit]}


class FilterModule:
    def filters(self):
        return {"firewall_plan": firewall_plan, "firewall_rules": firewall_rules, "firewall_table": firewall_table}
