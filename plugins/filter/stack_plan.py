# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: stack_plan
short_description: What swarm_stack would change, made on the controller
version_added: 0.1.0
author:
  - The dockyard.swarm maintainers (@dockyard)
description:
  - Compares a stack with what M(dockyard.swarm.node_facts) read on a manager, so that a role with nothing to do needs
    no task.
  - Where the facts count a service's tasks, a service that does not run in full is in the plan, too.
positional: stack
options:
  _input:
    description:
      - The RV(dockyard.swarm.node_facts#module:swarm) of a manager. Before there is a swarm, everything is to be made.
    type: dict
    required: true
  stack:
    description:
      - The options of M(dockyard.swarm.swarm_stack) as a dictionary, that is C(name), C(state), C(adopt), C(secrets),
        C(configs), C(services), C(registry_auth).
    type: dict
    required: true
seealso:
  - plugin: dockyard.swarm.swarm_stack
    plugin_type: module
"""

EXAMPLES = r"""
- name: Deploy where something differs
  dockyard.swarm.swarm_stack:
    name: shop
    services: "{{ shop_services }}"
  when: swarm_cluster_node.swarm | dockyard.swarm.stack_plan(shop_stack) | length > 0
  vars:
    shop_stack:
      name: shop
      services: "{{ shop_services }}"
"""

RETURN = r"""
_value:
  description: The changes, each a dictionary with C(do), C(to), C(why), C(before) and C(after). Empty when all is well.
  type: list
  elements: dict
"""

from ansible.errors import AnsibleFilterError

from ..module_utils._core.plan import PlanError, public
from ..module_utils._services.stack import plan_stack, plan_waiting


def stack_plan(swarm, stack):
    """The plan of ``swarm_stack`` from the facts of a manager."""
    try:
        plan = public(plan_stack(stack, swarm or {}))
        return plan or plan_waiting(stack, swarm or {})
    except PlanError as exc:
        raise AnsibleFilterError("stack %s: %s" % (stack.get("name"), exc)) from None


class FilterModule:
    """The filter of this file."""

    def filters(self):
        return {"stack_plan": stack_plan}
