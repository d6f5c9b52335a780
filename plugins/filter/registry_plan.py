# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: registry_plan
short_description: What role swarm_registry has to do on a host
version_added: 0.1.0
description:
  - Compares certificate and passwords on the controller, the authority that a host trusts, and the stack in the swarm, with what
    is wanted.
  - Changes nothing. The controller needs the Python libraries cryptography and bcrypt.
author:
  - The dockyard.swarm maintainers (@dockyard)
positional: hostvars, trust, wanted
options:
  _input:
    description: A result of M(dockyard.swarm.node_facts).
    type: dict
    required: true
  hostvars:
    description: The variables of all hosts, of which C(swarm_cluster_node) counts.
    type: dict
    required: true
  trust:
    description: The files by which a host trusts the registry, as the option O(dockyard.swarm.config_files#module:files).
    type: list
    elements: dict
    required: true
  wanted:
    description: The registry, on the one host that speaks to the swarm. Empty on all others.
    type: dict
    default: {}
    suboptions:
      secrets_dir:
        description: The folder of secrets on the controller.
        type: path
        required: true
      hostname:
        description: The registry's name.
        type: str
        required: true
      managers:
        description: The managers, by their inventory names.
        type: list
        elements: str
        required: true
      addresses:
        description: Address of each host, by its inventory name.
        type: dict
        required: true
      node:
        description: Inventory name of the host that holds the images.
        type: str
        required: true
      users:
        description: Passwords by user.
        type: dict
        required: true
      service:
        description: The service of M(dockyard.swarm.swarm_stack), apart from where it runs and its secrets.
        type: dict
        required: true
      texts:
        description:
          - The registry's C(config), and C(certificate), C(key) and C(htpasswd) as they are on the controller; empty where they
            are not there yet. The plan is made from what they will be.
        type: dict
        required: true
"""

EXAMPLES = r"""
- name: Plan on a host that has only to trust the registry
  ansible.builtin.debug:
    msg: "{{ (swarm_cluster_node | dockyard.swarm.registry_plan(hostvars, trust)).all }}"
  vars:
    trust:
      - path: /etc/docker/certs.d/registry.swarm.internal:5000/ca.crt
        content: "{{ lookup('ansible.builtin.file', 'ca.crt') }}"
"""

RETURN = r"""
_value:
  description:
    - The changes by part, C(certificate), C(passwords), C(trust) and C(deployment), and C(all) of them; each a list.
    - C(certificates) as P(dockyard.swarm.certificate_plan#filter) takes them, C(htpasswd), the text of the password file, and
      C(stack) as M(dockyard.swarm.swarm_stack) takes it; each empty where a host does not speak to the swarm.
  type: dict
"""

from ansible.errors import AnsibleFilterError

from ..module_utils._core.config_files import make_plan
from ..module_utils._core.stages import facts_of
from ..module_utils._services import registry_options
from ..module_utils._services import registry_plan as planner
from .certificates import certificate_plan
from .htpasswd import htpasswd
from .stack_plan import stack_plan


def registry_config(settings, given):
    problems = registry_options.check_config(given)
    if problems:
        raise AnsibleFilterError("; ".join(problems))
    return registry_options.merged_config(settings, given)


def registry_plan(node, hostvars, trust, wanted=None):
    plan = {"certificate": [], "passwords": [], "trust": make_plan(node, trust), "deployment": []}
    made = {"certificates": [], "htpasswd": "", "stack": {}}
    if wanted:
        problems = registry_options.check_users(wanted["users"])
        if problems:
            raise AnsibleFilterError("; ".join(problems))
        texts, addresses, holder = wanted["texts"], wanted["addresses"], wanted["node"]
        facts = {host: facts_of(hostvars[host]) if host in hostvars else None for host in [*wanted["managers"], holder]}
        managers = {host: facts[host] for host in wanted["managers"]}
        made["certificates"] = [planner.certificate(wanted["hostname"], managers, addresses)]
        made["htpasswd"] = htpasswd(wanted["users"], texts["htpasswd"])
        nodes = node["swarm"].get("nodes") or []
        hostname = planner.node_hostname(holder, facts[holder], nodes, addresses.get(holder))
        plan["certificate"] = certificate_plan(made["certificates"], wanted["secrets_dir"])
        plan["passwords"] = planner.htpasswd_plan(wanted["users"], texts["htpasswd"], made["htpasswd"])
        texts = planner.texts_to_come(texts, plan["certificate"], made["htpasswd"])
        made["stack"] = planner.stack(wanted["service"], hostname, texts)
        plan["deployment"] = planner.without_placeholders(stack_plan(node["swarm"], made["stack"]))
    order = ("certificate", "passwords", "trust", "deployment")
    return dict(plan, all=[item for part in order for item in plan[part]], **made)


class FilterModule:
    def filters(self):
        return {"registry_plan": registry_plan, "registry_config": registry_config}
