# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: package_files
short_description: Which of a list of package files are for a host, and which packages they hold
version_added: 0.1.0
description:
  - Goes by the names of the files alone, so that they need not exist. A file is for a host of its package format (deb or rpm),
    architecture and release. One whose name has no release, such as C(tini_0.19.0-1_amd64.deb), is for all releases.
author:
  - The dockyard.swarm maintainers (@dockyard)
positional: facts
options:
  _input:
    description: Paths of package files.
    type: list
    elements: str
    required: true
  facts:
    description: A result of M(dockyard.swarm.node_facts). Without C(os) in it, all files are for the host.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Show which packages a host would get
  ansible.builtin.debug:
    msg: "{{ ['docker-ce_5%3a28.5.2-1~debian.13~trixie_amd64.deb'] | dockyard.swarm.package_files(swarm_cluster_node) }}"
"""

RETURN = r"""
_value:
  description: The files, each with C(name), C(version), C(arch), C(family) and C(path).
  type: list
  elements: dict
"""

from ansible.errors import AnsibleFilterError

from ..module_utils._packages.package_files import for_host


def package_files(paths, facts):
    try:
        return for_host(paths, facts)
    except ValueError as exc:
        raise AnsibleFilterError(str(exc)) from exc


class FilterModule:
    def filters(self):
        return {"package_files": package_files}
