# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: engine_plan
short_description: What role swarm_engine has to do on a host
version_added: 0.1.0
description:
  - Merges the daemon options of the role, of other roles and of the user, and compares a host's facts with them, with the wanted
    packages, files and images, and with the state of the unit.
author:
  - The dockyard.swarm maintainers (@dockyard)
positional: install, settings
options:
  _input:
    description: A result of M(dockyard.swarm.node_facts).
    type: dict
    required: true
  install:
    description: What is to be installed, from P(dockyard.swarm.engine_install#filter).
    type: dict
    required: true
  settings:
    description: The options of the role.
    type: dict
    required: true
    suboptions:
      options:
        description: Daemon options of the user, which win over all others.
        type: dict
        required: true
      remove:
        description: Names of options that must not be set.
        type: list
        elements: str
        required: true
      environment:
        description: Wanted environment variables of the daemon.
        type: dict
        required: true
      contributed:
        description: Daemon options that other roles want. Without C(log-driver) among them, logs go to files that rotate.
        type: dict
        required: true
      registries:
        description: Addresses of registries that are asked without the proxy that is set.
        type: list
        elements: str
        default: []
      data_link:
        description: Whether a link stands for the option C(data-root).
        type: bool
        required: true
      registry_cas:
        description: Certificates of the authorities of registries, PEM text by registry. An empty text takes one away.
        type: dict
        required: true
      api:
        description: Where the API is served by TCP, its C(port), and C(ca), C(certificate) and C(key) as text. Else empty.
        type: dict
        required: true
      archives:
        description: Image archives to have loaded, each with C(image) and C(path).
        type: list
        elements: dict
        required: true
      nodes:
        description: The swarm's nodes, as a manager lists them, so that one which was left out of service is put back.
        type: list
        elements: dict
        required: true
  check_mode:
    description: Whether nothing is to be changed, so that certificates may be missing.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Plan
  ansible.builtin.debug:
    msg: "{{ (swarm_cluster_node | dockyard.swarm.engine_plan(swarm_engine_install, settings)).all }}"
  vars:
    settings:
      options: {log-driver: journald}
      remove: []
      environment: {}
      contributed: {}
      data_link: false
      registry_cas: {}
      api: {}
      archives: []
      nodes: []
"""

RETURN = r"""
_value:
  description:
    - The changes by part, C(restore), C(repository), C(packages), C(data), C(files), C(daemon), C(unit), C(images), and C(all)
      of them; each a list.
    - C(changes) are those of C(packages) that touch an Engine that is there, and end it for a while.
    - C(stops) tells whether packages or options stop a daemon, C(needs_downtime) whether anything does that serves a swarm.
    - C(wanted) has the C(options), C(remove), C(environment) and C(files) that the daemon is to have, C(beforehand) the
      C(options) and C(remove) that it can be asked about before the change.
    - C(rules_missing) tells whether the Engine's rules were taken out of the kernel.
  type: dict
"""

from ansible.errors import AnsibleFilterError

from ..module_utils._core.options import as_bool
from ..module_utils._core.plan import PlanError
from ..module_utils._engine import engine_plan, install, role_plan
from ..plugin_utils._host_variables import HostVariables


def make_role_plan(facts, settings, wanted, check_mode=False):
    try:
        return role_plan.make_role_plan(facts, settings, wanted, check_mode)
    except PlanError as exc:
        raise AnsibleFilterError(str(exc)) from exc


def engine_certificates(hostvars, hosts, addresses, domain, default=False):
    """The certificates of the API; ``default`` is the option where a host has none of its own."""
    served = {}
    for host in hosts:
        variables = HostVariables(hostvars, host)
        facts = variables.get("swarm_cluster_node")
        if facts and as_bool(variables.get("swarm_engine_api", default)):
            served[host] = facts
    return role_plan.certificates(served, addresses, domain)


def stopped_engines(hostvars, hosts):
    return role_plan.stopped({host: hostvars[host].get("swarm_cluster_node") for host in hosts}, hosts)


class FilterModule:
    def filters(self):
        return {
            "engine_plan": make_role_plan,
            "engine_expected": role_plan.expected,
            "engine_packages_plan": install.make_plan,
            "engine_certificates": engine_certificates,
            "engine_certificate_name": role_plan.certificate_name,
            "rolling_batches": engine_plan.rolling_batches,
            "stopped_engines": stopped_engines,
        }
