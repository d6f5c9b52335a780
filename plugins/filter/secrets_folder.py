# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: secrets_folder
short_description: The controller's folder for secrets as an absolute path
version_added: 0.1.0
description:
  - Expands C(~). A path that would depend on where the playbook is started is an error, and so is C(~) without the environment
    variable E(HOME).
author:
  - The dockyard.swarm maintainers (@dockyard)
options:
  _input:
    description: The folder, C(swarm_cluster_secrets_dir).
    type: path
    required: true
"""

EXAMPLES = r"""
- name: Show where it is
  ansible.builtin.debug:
    msg: "{{ '~/dockyard' | dockyard.swarm.secrets_folder }}"
"""

RETURN = r"""
_value:
  description: The path.
  type: path
"""

from ..plugin_utils import _secret_files


class FilterModule:
    def filters(self):
        return {"secrets_folder": _secret_files.folder}
