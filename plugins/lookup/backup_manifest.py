# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: backup_manifest
short_description: Read the description of a backup of a swarm
version_added: 0.1.0
description:
  - Reads a backup that M(dockyard.swarm.swarm_backup) made, and checks that it is complete.
  - The controller needs the Python library cryptography.
author:
  - The dockyard.swarm maintainers (@dockyard)
options:
  _terms:
    description: Paths of backups, or their names in O(dir). An empty one stands for the newest there.
    type: list
    elements: str
    required: true
  dir:
    description: The folder of the backups.
    type: path
    required: true
  key_file:
    description: The file with the key that they were made with.
    type: path
    required: true
"""

EXAMPLES = r"""
- name: Test the newest backup
  ansible.builtin.debug:
    msg: "{{ lookup('dockyard.swarm.backup_manifest', '', dir='/srv/backups/swarm', key_file='/root/backup.key').created }}"
"""

RETURN = r"""
_raw:
  description:
    - For each backup a dictionary with C(path), C(cluster_id), C(node_id), C(hostname), C(advertise_addr), C(raft_addr),
      C(listen_addr), C(data_path_addr), C(engine), C(autolock), C(created) and C(managers).
  type: list
  elements: dict
"""

from ansible.plugins.lookup import LookupBase

from ..plugin_utils import _backup_store, _secret_files


class LookupModule(LookupBase):
    def run(self, terms, variables=None, **kwargs):
        self.set_options(var_options=variables, direct=kwargs)
        key = _backup_store.read_key(self.get_option("key_file"), _secret_files.by_loader(self._loader))
        found = []
        for term in terms:
            path = _backup_store.find(self.get_option("dir"), term)
            manifest = _backup_store.read(path, key)[1]
            manifest.pop("files")
            found.append(dict(manifest, path=path))
        return found
