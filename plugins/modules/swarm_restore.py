#!/usr/bin/python
# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: swarm_restore
short_description: Restore a lost swarm from a backup of its state
version_added: 0.1.0
description:
  - Puts a backup that M(dockyard.swarm.swarm_backup) made into the place of the Engine's swarm folder, and makes this node the
    only manager of that swarm, with all of its services, networks, secrets, configs and nodes.
  - The host has to have the address that the backup's manager had, since the managers' state holds it.
  - Where the swarm locks its managers (autolock), the manager starts with its key decrypted, and encrypts it again as soon as
    it leads the swarm. Autolock stays on, with the same unlock key, which never leaves the controller.
  - Nothing is changed on a node that is in a swarm; on the one that was restored from this backup, nothing needs to be.
  - The next run continues a restore that was cut short.
author:
  - The dockyard.swarm maintainers (@dockyard)
options:
  src:
    description: The backup, on the controller.
    type: path
    required: true
  key_file:
    description: File on the controller with the key that it was made with.
    type: path
    required: true
  unlock_keys:
    description:
      - Keys of a swarm whose managers are locked, besides the one in the backup; all are tried.
    type: list
    elements: str
    default: []
  manifest:
    description: The description of the backup; the controller's half of the module reads it out of O(src).
    type: dict
  archive:
    description: The backup on the host; the controller's half of the module sends it, where it is needed.
    type: path
  timeout:
    description: Seconds in which the Engine has to start, and the swarm to work.
    type: int
    default: 120
notes:
  - The controller needs the Python library cryptography.
extends_documentation_fragment:
  - dockyard.swarm.attributes
  - dockyard.swarm.node_key
"""

EXAMPLES = r"""
- name: Restore the swarm
  dockyard.swarm.swarm_restore:
    src: /srv/backups/swarm/7b5gqv0vkrcz-20260301T123000Z.backup
    key_file: /root/backup.key
"""

RETURN = r"""
plan:
  description: The changes made, or in check mode those that would be made, each with its reason.
  returned: success
  type: list
  elements: dict
  sample: [{do: put, to: "swarm 7b5gqv0vkrcz: its state", before: null, after: "as of 2026-03-01T12:30:00Z", why: not here}]
swarm:
  description: The node's view of its swarm, as M(dockyard.swarm.node_facts) returns it.
  returned: success
  type: dict
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._core.atomic_files import hold
from ..module_utils._core.plan import run
from ..module_utils._recovery.restore_apply import Restore
from ..module_utils._swarm.manager_key import KEY_OPTIONS, LOCK, key_path


def main():
    module = AnsibleModule(
        argument_spec=dict(
            src=dict(type="path", required=True),
            key_file=dict(type="path", required=True, no_log=False),
            manifest=dict(type="dict"),
            archive=dict(type="path"),
            **KEY_OPTIONS,
            timeout=dict(type="int", default=120),
        ),
        supports_check_mode=True,
    )
    if not module.params["manifest"]:
        module.fail_json(
            msg="option manifest: the controller's half of this module did not run, which reads the backup"
        )
    if not module.params["archive"]:
        module.check_mode = True  # asked by the controller whether to send the backup
    if not module.check_mode:
        hold(LOCK)
    restore = Restore(module.params)

    def result(state):
        return {"swarm": state["swarm"], "key": key_path(state["root"]) if state["key_encrypted"] else None}

    run(module, "swarm", restore.read, restore.plan, restore.apply, result)


if __name__ == "__main__":
    main()
