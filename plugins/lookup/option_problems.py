# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: option_problems
short_description: What is wrong with the options of this collection's roles, on all hosts at once
version_added: 0.1.0
description:
  - Validates the variables of many hosts against the argument specs of roles. Ansible does the same with a task for each role
    on each host, which takes longer than all the rest of a run that has nothing to do.
  - What a play or a role sets is looked at once, for the host that asks; what the inventory sets, for each host.
author:
  - The dockyard.swarm maintainers (@dockyard)
options:
  _terms:
    description: Inventory names of the hosts.
    type: list
    elements: str
    required: true
  roles:
    description: Full names of roles, for example C(ansible_role_names); those of other collections are passed over.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
- name: Stop on wrong options
  ansible.builtin.assert:
    that: query('dockyard.swarm.option_problems', *ansible_play_hosts_all, roles=ansible_role_names) == []
  run_once: true
"""

RETURN = r"""
_raw:
  description: A text for each problem, with the hosts that have it.
  type: list
  elements: str
"""

import os
from collections.abc import Mapping

from ansible.errors import AnsibleError, AnsibleUndefinedVariable
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.parameters import remove_values
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.lookup import LookupBase

COLLECTION = "dockyard.swarm."
ROLES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "roles")


class LookupModule(LookupBase):
    def run(self, terms, variables=None, roles=()):
        specs = {role: _spec(role) for role in sorted(set(roles)) if role.startswith(COLLECTION)}
        names = [name for spec in specs.values() for name in spec]
        found = {}
        for host in terms:
            # The host's own variables over those of play and roles, which `hostvars` does not have.
            own = {} if host == variables["inventory_hostname"] else variables["hostvars"].raw_get(host)
            for problem in _problems(specs, self._values(names, dict(variables, **own))):
                found.setdefault(problem, []).append(host)
        return ["%s: %s" % (", ".join(hosts), problem) for problem, hosts in found.items()]

    def _values(self, names, variables):
        """The options that are set; in place of one that cannot be read, the reason."""
        templar = self._templar.copy_with_new_env(available_variables=variables)
        values = {}
        for name in names:
            if name in variables:
                try:
                    values[name] = _plain(templar.template(variables[name]))
                except AnsibleUndefinedVariable:
                    continue  # not known as long as no host was read: it shows where it is used
                except AnsibleError as error:
                    values[name] = error
        return values


def _spec(role):
    """The options without their defaults: those come with the variables of the role."""
    path = os.path.join(ROLES, role[len(COLLECTION) :], "meta", "argument_specs.yml")
    options = _plain(DataLoader().load_from_file(path))["argument_specs"]["main"].get("options", {})
    return {name: {key: option[key] for key in option if key != "default"} for name, option in options.items()}


def _plain(value):
    """A value as the validator takes it, with what the templates inside come to."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value


def _problems(specs, values):
    problems = []
    for role, spec in specs.items():
        given = {name: values[name] for name in spec if name in values}
        wrong = ["%s: %s" % (name, value) for name, value in given.items() if isinstance(value, AnsibleError)]
        if not wrong:
            result = ArgumentSpecValidator(spec).validate(given, validate_role_argument_spec=True)
            wrong = remove_values(result.error_messages, result._no_log_values)
        problems += ["role %s: %s" % (role, text) for text in wrong]
    return problems
