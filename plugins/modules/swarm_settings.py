#!/usr/bin/python
# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: swarm_settings
short_description: Change the settings of a swarm, and rotate its tokens, keys and certificates
version_added: 0.1.0
description:
  - Runs on a manager. Reads the swarm's whole specification, changes in it what is named, and writes all of it, so that
    settings which are not named stay as they are.
  - The key that autolock brings along, and the one that a rotation makes, are not returned;
    M(dockyard.swarm.swarm_unlock_key) return them.
author:
  - The dockyard.swarm maintainers (@dockyard)
options:
  settings:
    description: The settings. What is not given is left as it is.
    type: dict
    default: {}
    suboptions:
      autolock:
        description:
          - Whether a manager that starts is locked until it gets the unlock key. Without that key, a manager that was restarted
            is lost, so have it in a safe place right after this is switched on.
        type: bool
      task_history_limit:
        description: How many tasks are kept of each replica of a service, with those that have ended. V(-1) keeps all of them.
        type: int
      dispatcher_heartbeat:
        description: Seconds between two signs of life of a node, at least V(1).
        type: int
      node_cert_expiry:
        description: Hours that a node's certificate is valid, at least V(1). Nodes renew theirs in time.
        type: int
      snapshot_interval:
        description: Entries of the managers' log between two snapshots, at least V(1).
        type: int
      keep_old_snapshots:
        description: How many snapshots are kept besides the newest.
        type: int
      log_entries_for_slow_followers:
        description: Entries of the log that are kept after a snapshot for managers that lag behind.
        type: int
  labels:
    description: Labels of the swarm itself. Labels that are not named stay.
    type: dict
    default: {}
  rotate:
    description:
      - What to rotate. This is a command, and makes a change each time.
      - V(worker_token) and V(manager_token) are what nodes join with; members stay. V(unlock_key) is what unlocks managers.
      - V(ca) makes a new certificate authority, and every node gets a new certificate from it; the module waits for that. A
        rotation that is under way already is waited for.
    type: list
    elements: str
    choices: [worker_token, manager_token, unlock_key, ca]
    default: []
  timeout:
    description: Seconds that all nodes together may take for their new certificates.
    type: int
    default: 300
notes:
  - A join token holds the digest of the certificate authority, so that after a rotation of V(ca) older tokens are void.
extends_documentation_fragment:
  - dockyard.swarm.attributes
"""

EXAMPLES = r"""
- name: Lock managers that start
  dockyard.swarm.swarm_settings:
    settings:
      autolock: true
      task_history_limit: 3

- name: Replace tokens that were disclosed
  dockyard.swarm.swarm_settings:
    rotate: [worker_token, manager_token]
"""

RETURN = r"""
plan:
  description: The changes made, or in check mode those that would be made, each with its reason.
  returned: success
  type: list
  elements: dict
spec:
  description: The swarm's specification in the Engine's words, without tokens and keys.
  returned: success
  type: dict
cluster_id:
  description: The swarm's ID.
  returned: success
  type: str
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._core.plan import run
from ..module_utils._swarm.settings import public_spec
from ..module_utils._swarm.settings_apply import Settings


def main():
    whole = dict(type="int")
    module = AnsibleModule(
        argument_spec=dict(
            settings=dict(
                type="dict",
                default={},
                options=dict(
                    autolock=dict(type="bool"),
                    task_history_limit=whole,
                    dispatcher_heartbeat=whole,
                    node_cert_expiry=whole,
                    snapshot_interval=whole,
                    keep_old_snapshots=whole,
                    log_entries_for_slow_followers=whole,
                ),
            ),
            labels=dict(type="dict", default={}),
            rotate=dict(
                type="list",
                elements="str",
                choices=["worker_token", "manager_token", "unlock_key", "ca"],
                default=[],
                no_log=False,
            ),
            timeout=dict(type="int", default=300),
        ),
        supports_check_mode=True,
    )
    settings = Settings(module.params)
    run(
        module,
        "swarm",
        settings.read,
        settings.plan,
        settings.apply,
        lambda state: {"spec": public_spec(state.get("Spec") or {}), "cluster_id": state["ID"]},
        alone=False,
    )


if __name__ == "__main__":
    main()
