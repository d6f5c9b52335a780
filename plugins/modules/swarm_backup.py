#!/usr/bin/python
# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: swarm_backup
short_description: Back up the swarm's state to the controller, encrypted
version_added: 0.1.0
description:
  - Copies the Engine's swarm folder on a manager - certificates, and the database with services, networks, secrets, configs and
    nodes - and keeps it on the controller, encrypted.
  - The daemon is paused while its files are copied, well below a second in most cases. Containers and the other
    managers keep running. A guard process continues the daemon even where the module is killed.
  - A backup is complete before it gets its name, is read back and compared, and only then older ones go.
  - Nothing unencrypted is written to a file of the controller, and nothing is left on the manager.
  - Each run makes a backup, so that it always reports a change.
author:
  - The dockyard.swarm maintainers (@dockyard)
options:
  dir:
    description: Folder on the controller that the backup is kept in. It is created, for its owner alone, where it is missing.
    type: path
    required: true
  key_file:
    description: File on the controller with the key. It is made where it is missing, and never replaced.
    type: path
    required: true
  keep:
    description: How many backups of this swarm stay.
    type: int
    default: 7
  force:
    description: Back up also where the other managers that can be reached have no quorum while this one is paused.
    type: bool
    default: false
notes:
  - The controller needs the Python library cryptography.
extends_documentation_fragment:
  - dockyard.swarm.attributes
"""

EXAMPLES = r"""
- name: Back up the swarm
  dockyard.swarm.swarm_backup:
    dir: /srv/backups/swarm
    key_file: /root/backup.key
"""

RETURN = r"""
plan:
  description: What was done, or in check mode would be done.
  returned: success
  type: list
  elements: dict
  sample: [{do: back up, to: swarm 7b5gqv0vkrcz, before: null, after: null, why: as every run does}]
path:
  description: The backup on the controller.
  returned: when one was made
  type: str
  sample: /srv/backups/swarm/7b5gqv0vkrcz-20260301T123000Z.backup
removed:
  description: Older backups that went.
  returned: when one was made
  type: list
  elements: str
manifest:
  description:
    - The description of the backup, with the keys C(format), C(cluster_id), C(node_id), C(hostname), C(advertise_addr),
      C(raft_addr), C(listen_addr), C(data_path_addr), C(engine), C(autolock), C(created), C(managers) and C(files).
  returned: when one was made
  type: dict
frozen_ms:
  description: Milliseconds for which the daemon was paused.
  returned: when one was made
  type: int
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._core.atomic_files import hold
from ..module_utils._core.plan import run
from ..module_utils._recovery.backup_apply import LOCK, Backup


def main():
    module = AnsibleModule(
        argument_spec=dict(
            dir=dict(type="path", required=True),
            key_file=dict(type="path", required=True, no_log=False),
            keep=dict(type="int", default=7),
            force=dict(type="bool", default=False),
        ),
        supports_check_mode=True,
    )
    if not module.check_mode:
        hold(LOCK)
    backup = Backup(module.params["force"])
    run(module, "backup", backup.read, backup.plan, backup.apply, lambda _state: backup.made)


if __name__ == "__main__":
    main()
