# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: engine_install
short_description: What of the Engine a host is to have, in the words of module packages
version_added: 0.1.0
description:
  - Tells which packages are wanted in which versions, which are held, which get in the way, and where they come from.
author:
  - The dockyard.swarm maintainers (@dockyard)
positional: version, hold, conflicts
options:
  _input:
    description: Names of the Engine's packages.
    type: list
    elements: str
    required: true
  version:
    description: The Engine's version, its first numbers, or V(latest). Without it, an Engine that is there stays as it is.
    type: str
    default: ""
  hold:
    description: Whether the packages are held.
    type: bool
    default: true
  conflicts:
    description: Packages that get in the way.
    type: list
    elements: str
    default: []
  files:
    description: Package files, from P(dockyard.swarm.package_files#filter), where the Engine comes from such.
    type: list
    elements: dict
    default: []
  repository:
    description:
      - The repository, in the words of module M(dockyard.swarm.package_source), where the Engine comes from one.
      - It may have C(urls) and C(folders), of which C(replaces) is made.
    type: dict
"""

EXAMPLES = r"""
- name: Say what is wanted
  ansible.builtin.debug:
    msg: "{{ ['docker-ce', 'docker-ce-cli', 'containerd.io'] | dockyard.swarm.engine_install('28', conflicts=['docker.io']) }}"
"""

RETURN = r"""
_value:
  description:
    - C(names), C(versions), C(hold) and C(remove) as module M(dockyard.swarm.packages) has them, C(files) with where each is
      put on the host (C(dest)), and C(repository).
  type: dict
"""

from ..module_utils._engine import install


class FilterModule:
    def filters(self):
        return {"engine_install": install.wanted}
