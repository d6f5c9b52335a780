# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: engine_plan
short_description: What role swarm_engine has to do on a host
version_added: 0.1.0
description:
  - Compares a host's facts with the wanted packages, daemon options, images and unit state.
author:
  - The dockyard.swarm maintainers (@dockyard)
positional: install, options
options:
  _input:
    description: A result of M(dockyard.swarm.node_facts).
    type: dict
    required: true
  install:
    description: What is to be installed, from P(dockyard.swarm.engine_install#filter).
    type: dict
    required: true
  options:
    description: Wanted daemon options.
    type: dict
    required: true
  remove:
    description: Names of options that must not be set.
    type: list
    elements: str
    default: []
  archives:
    description: Image archives to have loaded, each with C(image) and C(path).
    type: list
    elements: dict
    default: []
  environment:
    description: Wanted environment variables of the daemon. Without them its drop-in is left alone.
    type: dict
  files:
    description: Files that the Engine reads besides, as the option O(dockyard.swarm.config_files#module:files).
    type: list
    elements: dict
    default: []
  cluster:
    description: The swarm's nodes, as a manager lists them, so that one which was left out of service is put back.
    type: list
    elements: dict
    default: []
"""

EXAMPLES = r"""
- name: Plan
  ansible.builtin.debug:
    msg: "{{ swarm_cluster_node | dockyard.swarm.engine_plan(swarm_engine_install, {'log-driver': 'journald'}) }}"
"""

RETURN = r"""
_value:
  description:
    - The changes by part, C(restore), C(repository), C(packages), C(data), C(files), C(daemon), C(unit), C(images), and C(all)
      of them; each a list.
    - C(changes) are those of C(packages) that touch an Engine that is there, and end it for a while.
    - C(stops) tells whether packages or options stop a daemon, C(needs_downtime) whether anything does that serves a swarm.
  type: dict
"""

from ..module_utils._engine import engine_plan


class FilterModule:
    def filters(self):
        return {"engine_plan": engine_plan.engine_plan, "rolling_batches": engine_plan.rolling_batches}
