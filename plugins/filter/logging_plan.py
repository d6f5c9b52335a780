# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: logging_plan
short_description: What role swarm_logging has to do on a host
version_added: 0.1.0
description:
  - Compares a host's facts with the packages, files and units that bring container logs to the collector.
  - Reads and changes nothing itself.
author:
  - The dockyard.swarm maintainers (@dockyard)
positional: packages, files, units, sizes, folders
options:
  _input:
    description: A result of M(dockyard.swarm.node_facts).
    type: dict
    required: true
  packages:
    description: Names of the packages that must be installed.
    type: list
    elements: str
    required: true
  files:
    description:
      - The files that the role owns, each with C(path), C(content), C(mode) (four octal digits; the owner is root) and
        C(unit), the unit that reads it when it starts. One whose C(present) is false is to be removed.
    type: list
    elements: dict
    required: true
  units:
    description:
      - The daemons that read the files, each with C(name), C(stamp) (the file that tells with which files it was last
        started) and C(own) (whether it is the role's own, and so must run and start at boot).
      - One whose C(present) is false is to be stopped.
    type: list
    elements: dict
    required: true
  sizes:
    description: Values to check, by the name of the option that they come from. Each is a number and K, M, G or T.
    type: dict
    default: {}
  folders:
    description: Folders that the daemons write to, each with C(path), C(mode) (four octal digits) and C(gid). Root owns them.
    type: list
    elements: dict
    default: []
"""

EXAMPLES = r"""
- name: Plan
  ansible.builtin.debug:
    msg: "{{ swarm_cluster_node | dockyard.swarm.logging_plan(['rsyslog'], [], []) }}"
"""

RETURN = r"""
_value:
  description:
    - The changes, each with its reason. A restart also has C(stamp), the file to write C(after) to once it is done.
  type: list
  elements: dict
"""

from ansible.errors import AnsibleFilterError

from ..module_utils._core.plan import PlanError
from ..module_utils._logs import log_forwarding


def logging_plan(node, packages, files, units, sizes=None, folders=()):
    try:
        log_forwarding.check_sizes(sizes or {})
        return log_forwarding.make_plan(node, packages, files, units, folders)
    except PlanError as exc:
        raise AnsibleFilterError(str(exc)) from exc


class FilterModule:
    def filters(self):
        return {"logging_plan": logging_plan}
