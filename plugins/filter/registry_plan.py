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
      place:
        description: Where the images are, as C(places) of the cluster plan has it.
        type: dict
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
    - The changes by part, C(certificate), C(passwords), C(trust), C(place) and C(deployment), and C(all) of them; each a list.
    - C(certificates) as P(dockyard.swarm.certificate_plan#filter) takes them, C(htpasswd), the text of the password file, and
      C(stack) as M(dockyard.swarm.swarm_stack) takes it; each empty where a host does not speak to the swarm.
  type: dict
"""

from ansible.errors import AnsibleFilterError
from jinja2 import pass_environment

from ..module_utils._core.config_files import make_plan
from ..module_utils._core.plan import PlanError
from ..module_utils._core.stages import facts_of
from ..module_utils._services import registry_options
from ..module_utils._services import registry_plan as planner
from ..module_utils._swarm.placement import place_plan
from ..plugin_utils import _secret_files
from .certificates import certificate_plan
from .htpasswd import htpasswd
from .stack_plan import stack_plan


@pass_environment
def _registry_plan(environment, node, hostvars, trust, wanted=None):
    try:
        return registry_plan(node, hostvars, trust, wanted, _secret_files.by_environment(environment))
    except PlanError as exc:
        raise AnsibleFilterError(str(exc)) from exc


def registry_config(settings, given):
    problems = registry_options.check_config(given)
    if problems:
        raise AnsibleFilterError("; ".join(problems))
    return registry_options.merged_config(settings, given)


def registry_plan(node, hostvars, trust, wanted=None, decrypt=None):
    plan = {"certificate": [], "passwords": [], "trust": make_plan(node, trust), "place": [], "deployment": []}
    made = {"certificates": [], "htpasswd": "", "stack": {}}
    if wanted:
        problems = registry_options.check_users(wanted["users"])
        if problems:
            raise AnsibleFilterError("; ".join(problems))
        texts, addresses = wanted["texts"], wanted["addresses"]
        managers = {host: facts_of(hostvars[host]) if host in hostvars else None for host in wanted["managers"]}
        made["certificates"] = [planner.certificate(wanted["hostname"], managers, addresses)]
        made["htpasswd"] = htpasswd(wanted["users"], texts["htpasswd"])
        plan["certificate"] = certificate_plan(made["certificates"], wanted["secrets_dir"], decrypt)
        plan["passwords"] = planner.htpasswd_plan(wanted["users"], texts["htpasswd"], made["htpasswd"])
        texts = planner.texts_to_come(texts, plan["certificate"], made["htpasswd"])
        made["stack"] = planner.stack(wanted["service"], wanted["place"], texts)
        plan["place"] = place_plan(wanted["place"], node["swarm"].get("nodes") or [])
        plan["deployment"] = planner.without_placeholders(stack_plan(node["swarm"], made["stack"]))
    order = ("certificate", "passwords", "trust", "place", "deployment")
    return dict(plan, all=[item for part in order for item in plan[part]], **made)


class FilterModule:
    def filters(self):
        return {"registry_plan": _registry_plan, "registry_config": registry_config}
