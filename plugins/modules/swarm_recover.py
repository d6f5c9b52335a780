#!/usr/bin/python
# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: swarm_recover
short_description: Force a new single-manager cluster when the other managers are lost
version_added: 0.1.0
description:
  - Makes this node, a manager that has lost its quorum for good, the only manager of its swarm, with all that the swarm has. It
    keeps the address that the other nodes know.
  - Where the swarm locks its managers (autolock), the manager's key is decrypted on the controller and lies on the host as it
    would without autolock, until the manager leads the swarm and encrypts it again; the unlock key stays the same. Without an
    unlock key that fits nothing is changed.
  - Does nothing on a manager that has a quorum.
  - Whether another manager still has a quorum cannot be seen from one node; P(dockyard.swarm.recover_plan#filter) checks all.
author:
  - The dockyard.swarm maintainers (@dockyard)
options:
  timeout:
    description: Seconds in which the Engine has to start, and the swarm to work.
    type: int
    default: 120
notes:
  - The controller needs the Python library cryptography, where the swarm locks its managers.
extends_documentation_fragment:
  - dockyard.swarm.attributes
  - dockyard.swarm.node_key
"""

EXAMPLES = r"""
- name: Recover the swarm from the only manager that is left
  dockyard.swarm.swarm_recover:
    unlock_keys: "{{ swarm_cluster_secrets_dir | dockyard.swarm.unlock_keys }}"
"""

RETURN = r"""
plan:
  description: The changes made, or in check mode those that would be made, each with its reason.
  returned: success
  type: list
  elements: dict
  sample: [{do: recover, to: "swarm: its managers", before: 3, after: 1, why: they have lost their quorum}]
swarm:
  description: The node's view of its swarm, as M(dockyard.swarm.node_facts) returns it.
  returned: success
  type: dict
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._core.atomic_files import hold
from ..module_utils._core.plan import run
from ..module_utils._recovery.recover_apply import Recover
from ..module_utils._swarm.manager_key import KEY_OPTIONS, LOCK, key_path


def main():
    module = AnsibleModule(
        argument_spec=dict(
            **KEY_OPTIONS,
            timeout=dict(type="int", default=120),
        ),
        supports_check_mode=True,
    )
    if module.params["node_key"] is None:
        module.check_mode = True  # asked by the controller whether a key has to be decrypted
    if not module.check_mode:
        hold(LOCK)
    recover = Recover(module.params)

    def result(state):
        return {"swarm": state["swarm"], "key": key_path(state["root"]) if state["key_encrypted"] else None}

    run(module, "swarm", recover.read, recover.plan, recover.apply, result)


if __name__ == "__main__":
    main()
