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
  - A text counts where it means one value of the option's type only, V(false) for example; so it may come from an INI inventory,
    from C(-e name=value), from the environment or from a vault. Lists and dictionaries are never taken from a text.
  - Templates in the variables that say how a host is reached are looked at, too. What they need is in the inventory, since
    nothing was read from a host yet.
author:
  - The dockyard.swarm maintainers (@dockyard)
options:
  _terms:
    description: Inventory names of the hosts.
    type: list
    elements: str
    required: true
  roles:
    description:
      - Full names of roles, for example C(ansible_role_names); those of other collections are passed over.
      - Without roles, only the variables that say how a host is reached are looked at.
    type: list
    elements: str
    default: []
  strict:
    description:
      - Whether problems are an error of the lookup. A task that uses the result has to reach its host first, which is what may
        be wrong.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: A play that says what is wrong with its options, and with how its hosts are reached
  hosts: "{{ query('dockyard.swarm.cluster_hosts') }}"
  gather_facts: false
  pre_tasks:
    - name: Check how the hosts are reached
      ansible.builtin.meta: end_play
      when: query('dockyard.swarm.option_problems', *ansible_play_hosts_all, strict=true) | length > 0
  tasks:
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

import functools
import os
import re

import yaml
from ansible.errors import AnsibleError
from ansible.module_utils.common.yaml import SafeLoader
from ansible.plugins.lookup import LookupBase

try:
    from ansible.template import trust_as_template
except ImportError:  # ansible-core 2.18, which takes every text as a template

    def trust_as_template(value):
        return value


from ..module_utils._core.options import merged, problems_of
from ..module_utils._preflight.groups import missing_managers
from ..plugin_utils._host_variables import is_encrypted, plain, reason_of
from ..plugin_utils._option_rules import RULES

MANAGERS = "swarm_cluster_manager_group"
COLLECTION = "dockyard.swarm."
ROLES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "roles")
# What is known once the hosts were read and the cluster was planned: an option that says it is looked at where it is used.
LATER = re.compile(r"'(swarm_cluster_node|swarm_cluster_plan)' is undefined")


class LookupModule(LookupBase):
    def run(self, terms, variables=None, roles=(), strict=False):
        specs = {}
        for role in sorted(set(roles)):
            if role.startswith(COLLECTION):
                specs.update(_spec(role))
        here, hostvars = variables["inventory_hostname"], variables["hostvars"]
        shared = None
        found = []
        for host in terms:
            if host == here:
                own = dict(variables)
            else:
                # Of play and roles, which `hostvars` does not have, and over that the host's own.
                shared = _shared(specs, variables, hostvars.raw_get(here)) if shared is None else shared
                own = dict(shared, **hostvars.raw_get(host))
            found += [(host, problem) for problem in self._problems(specs, own)]
        problems = merged(found)
        if strict and problems:
            raise AnsibleError("; ".join(problems))
        return problems

    def _problems(self, specs, variables):
        """All that is wrong with one host's options, and with how it is reached."""
        templar = self._templar.copy_with_new_env(available_variables=variables)
        problems, consequences = [], []
        for name, spec in specs.items():
            if name not in variables:
                continue
            raw = variables[name]
            # One that is made of another option is wrong with it.
            default = _is_default(raw, spec)
            try:
                value = plain(templar.template(raw))
            except Exception as error:  # a filter or a test inside of a template raises what it likes
                if not LATER.search(str(error)):
                    (consequences if default else problems).append((name, reason_of(error)))
                continue
            if is_encrypted(raw):
                spec = dict(spec, no_log=True)
            found = problems_of(name, value, spec, RULES, variables["groups"]["all"])
            missing = missing_managers(value, variables["groups"]) if name == MANAGERS and not found else None
            # Much is made of it by default, and a default that is not known is no more than a consequence.
            problems += [(name, missing)] if missing else []
            (consequences if default else problems).extend(found)
        for name in variables:
            if name.startswith("ansible_") and _is_template(variables[name]):
                try:
                    templar.template(variables[name])
                except Exception as error:
                    problems.append((name, reason_of(error)))
        return problems or consequences


def _shared(specs, variables, own):
    """The variables without those that the inventory has for the host that asks: another host has the default there."""
    found = {name: value for name, value in variables.items() if name not in own}
    for name, spec in specs.items():
        if name in own and "default" in spec:
            found[name] = trust_as_template(spec["default"]) if _is_template(spec["default"]) else spec["default"]
    return found


class _Loader(SafeLoader):
    """Reads Ansible's own tag, too. Ansible's loader keeps the place of each value, which takes ten times as long."""


_Loader.add_constructor("!unsafe", lambda loader, node: loader.construct_scalar(node))


@functools.lru_cache(maxsize=None)
def _spec(role):
    path = os.path.join(ROLES, role[len(COLLECTION) :], "meta", "argument_specs.yml")
    with open(path, encoding="utf-8") as handle:
        return yaml.load(handle, _Loader)["argument_specs"]["main"].get("options", {})


def _is_template(raw):
    return isinstance(raw, str) and ("{{" in raw or "{%" in raw)


def _is_default(raw, spec):
    """Whether a value is the template that is the default; line breaks in it mean nothing."""
    return isinstance(raw, str) and raw.split() == str(spec.get("default")).split()
