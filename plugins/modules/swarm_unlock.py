#!/usr/bin/python
# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: swarm_unlock
short_description: Unlock a manager of a swarm with the key that fits
version_added: 0.1.0
description:
  - With autolock, a manager whose Engine was started is locked until it gets the swarm's unlock key.
  - The controller decrypts the manager's own key with the unlock key, and the Engine is restarted with it. The manager
    encrypts its key again as soon as the managers have a quorum. Until then it lies on the host as it would without autolock,
    readable by root alone. The unlock key never leaves the controller.
  - C(docker swarm unlock) is not used, since an Engine that started locked does not set up the swarm's networks when it is
    unlocked. It is a manager then, but rejects every task that has a network, with "cannot create a swarm scoped network when
    swarm is not active" (Engine 26.1).
  - A manager that is not locked is left alone.
  - Does not wait until the managers have a quorum, since they may all be locked, and need each other for one. So run it on all
    of them at once.
author:
  - The dockyard.swarm maintainers (@dockyard)
options:
  timeout:
    description: Seconds in which the Engine has to start.
    type: int
    default: 120
notes:
  - The controller needs the Python library cryptography.
  - Containers that run beside the swarm on the host are restarted, as with every restart of the Engine.
extends_documentation_fragment:
  - dockyard.swarm.attributes
  - dockyard.swarm.node_key
"""

EXAMPLES = r"""
- name: Unlock it
  dockyard.swarm.swarm_unlock:
    unlock_keys: "{{ '/srv/secrets' | dockyard.swarm.unlock_keys }}"
"""

RETURN = r"""
plan:
  description: The changes made, or in check mode those that would be made, each with its reason.
  returned: success
  type: list
  elements: dict
state:
  description:
    - The node's state in the Engine's words. V(pending) is an unlocked manager that waits for a quorum, or looks for its
      managers. In check mode, the state that it has.
  returned: success
  type: str
  sample: active
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._core.atomic_files import hold
from ..module_utils._core.plan import run
from ..module_utils._swarm.manager_key import KEY_OPTIONS, LOCK, key_path
from ..module_utils._swarm.unlock import Lock


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
    lock = Lock(module.params)

    def result(state):
        return {"state": state["state"], "key": key_path(state["root"]) if state["key_encrypted"] else None}

    run(module, "swarm", lock.read, lock.plan, lock.apply, result)


if __name__ == "__main__":
    main()
