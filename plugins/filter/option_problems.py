# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: option_problems
short_description: What is wrong with the options of this collection's roles, on all hosts at once
version_added: 0.1.0
description:
  - Validates the variables of many hosts against the argument specs of the roles. Ansible does the same by a task for each
    role on each host, which costs more than all else when there is nothing to do.
author:
  - The dockyard.swarm maintainers (@dockyard)
positional: hosts, roles
options:
  _input:
    description: The variable C(hostvars).
    type: dict
    required: true
  hosts:
    description: Inventory names of the hosts to look at.
    type: list
    elements: str
    required: true
  roles:
    description: Full names of the roles in the play; those of other collections are passed over.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
- name: Stop on wrong options
  ansible.builtin.assert:
    that: (hostvars | dockyard.swarm.option_problems(ansible_play_hosts_all, ansible_role_names)) == []
  run_once: true
"""

RETURN = r"""
_value:
  description: A text for each problem, with the hosts that have it.
  type: list
  elements: str
"""

import os
from collections.abc import Mapping

from ansible.errors import AnsibleError
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.parameters import remove_values
from ansible.parsing.dataloader import DataLoader

COLLECTION = "dockyard.swarm."
ROLES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "roles")


def option_problems(hostvars, hosts, roles):
    specs = {role: _spec(role) for role in sorted(set(roles)) if role.startswith(COLLECTION)}
    found = {}
    for host in hosts:
        variables = hostvars[host]
        for role, spec in specs.items():
            for problem in _problems(variables, spec):
                found.setdefault("role %s: %s" % (role, problem), []).append(host)
    return ["%s: %s" % (", ".join(having), problem) for problem, having in found.items()]


def _spec(role):
    path = os.path.join(ROLES, role[len(COLLECTION) :], "meta", "argument_specs.yml")
    return _plain(DataLoader().load_from_file(path)["argument_specs"]["main"].get("options", {}))


def _problems(variables, spec):
    given, problems = {}, []
    for name in spec:
        if name in variables:
            try:
                given[name] = _plain(variables[name])
            except AnsibleError as error:
                problems.append("%s: %s" % (name, error))
    if problems:
        return problems
    result = ArgumentSpecValidator(spec).validate(given, validate_role_argument_spec=True)
    return remove_values(result.error_messages, result._no_log_values)


def _plain(value):
    """A value as the validator takes it, with what the templates inside come to."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value


class FilterModule:
    def filters(self):
        return {"option_problems": option_problems}
