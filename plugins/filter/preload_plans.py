# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: preload_plans
short_description: Import all plans into the process that asks, and return false
version_added: 0.1.0
description:
  - Ansible handles each task of each host in a process of its own, and each imports the filters that it uses. What the main
    process has imported before is there in all of them. It evaluates conditions of meta tasks by itself, so that one such task
    with this filter spares all others the import.
author:
  - The dockyard.swarm maintainers (@dockyard)
options:
  _input:
    description: Anything.
    type: raw
    required: true
"""

EXAMPLES = r"""
- name: Load the plans once, for the processes of all hosts
  ansible.builtin.meta: end_play
  when: none | dockyard.swarm.preload_plans
"""

RETURN = r"""
_value:
  description: Always false.
  type: bool
"""

import contextlib
import importlib
import pkgutil


def preload_plans(_anything):
    package = __name__.rpartition(".")[0]
    for module in pkgutil.iter_modules(importlib.import_module(package).__path__, package + "."):
        # One that lacks a library says so where it is used.
        with contextlib.suppress(ImportError):
            importlib.import_module(module.name)
    return False


class FilterModule:
    def filters(self):
        return {"preload_plans": preload_plans}
