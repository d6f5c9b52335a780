# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: secrets_report
short_description: What the controller's folder for secrets has and lacks for a cluster
version_added: 0.1.0
description:
  - Compares the folder with what the swarm and the hosts show, and looks at its files, one line each. Changes nothing.
author:
  - The dockyard.swarm maintainers (@dockyard)
positional: plan, secrets, secrets_dir
options:
  _input:
    description: The variable C(hostvars), of which C(swarm_cluster_node) counts.
    type: dict
    required: true
  plan:
    description: The variable C(swarm_cluster_plan).
    type: dict
    required: true
  secrets:
    description: What the roles contribute as C(secrets).
    type: list
    elements: dict
    required: true
  secrets_dir:
    description: The folder for secrets on the controller.
    type: path
    required: true
"""

EXAMPLES = r"""
- name: Show it
  ansible.builtin.debug:
    msg: "{{ (hostvars | dockyard.swarm.secrets_report(swarm_cluster_plan, secrets, swarm_cluster_secrets_dir)).lines }}"
  vars:
    secrets: "{{ query('dockyard.swarm.contributions', 'secrets', also=['all']) | first }}"
"""

RETURN = r"""
_value:
  description: A dictionary with C(lines), C(wrong) (what does not fit the cluster) and C(warnings), each a list of texts.
  type: dict
"""

from jinja2 import pass_environment

from ..module_utils._preflight import controller, controller_report
from ..plugin_utils import _controller, _secret_files


@pass_environment
def secrets_report(environment, hostvars, plan, secrets, secrets_dir):
    decrypt = _secret_files.by_environment(environment)
    folder = _controller.read(secrets, secrets_dir, decrypt)
    if folder["problem"]:
        return {"lines": [], "wrong": [folder["problem"]], "warnings": []}
    nodes = {host: hostvars[host].get("swarm_cluster_node") for host in plan["hosts"]}
    manager = nodes.get(plan["manager"]) or {}
    spec = (manager.get("swarm") or {}).get("spec")
    read = {host: facts for host, facts in nodes.items() if facts and "swarm" in facts}
    found = controller.fits(folder["secrets"], (spec or {}).get("Labels"), read)
    return controller_report.report(folder["dir"], found, _controller.files(folder["dir"], decrypt), bool(spec))


class FilterModule:
    def filters(self):
        return {"secrets_report": secrets_report}
