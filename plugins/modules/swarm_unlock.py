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
  - With autolock, a manager that was started is locked until it gets the swarm's unlock key. This module tries keys until
    one fits.
  - A manager that is not locked is left alone.
  - Does not wait until the managers have a quorum, since they may all be locked, and need each other for one.
author:
  - The dockyard.swarm maintainers (@dockyard)
options:
  keys:
    description: The keys to try, most likely one first.
    type: list
    elements: str
    required: true
  timeout:
    description: Seconds that one key may take. A wrong one is refused at once; a right one is answered only with a quorum.
    type: int
    default: 10
extends_documentation_fragment:
  - dockyard.swarm.attributes
"""

EXAMPLES = r"""
- name: Unlock it
  dockyard.swarm.swarm_unlock:
    keys: "{{ '/srv/secrets' | dockyard.swarm.unlock_keys }}"
  no_log: true
"""

RETURN = r"""
plan:
  description: The change made, or in check mode the one that would be made, with its reason.
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

from ansible_collections.dockyard.swarm.plugins.module_utils import _plan
from ansible_collections.dockyard.swarm.plugins.module_utils._engine_api import Engine, EngineError

REMEDY = (
    "unlock it with 'docker swarm unlock', or put its key as a line into a file NAME.keys in swarm/unlock below "
    "swarm_cluster_secrets_dir on the controller and run again"
)


class Lock:
    """The lock of this manager."""

    def __init__(self, params):
        self.keys = [key.strip() for key in params["keys"] if key.strip()]
        self.timeout = params["timeout"]
        self.engine = Engine()

    def read(self):
        try:
            local = self.engine.get("/info").get("Swarm") or {}
        except EngineError as exc:
            raise _plan.PlanError("the Engine cannot be asked: %s" % exc) from exc
        return local.get("LocalNodeState") or "inactive"

    def plan(self, state):
        if state != "locked":
            return []
        if not self.keys:
            raise _plan.PlanError("the swarm is locked on this manager, and there is no key to try: %s" % REMEDY)
        return [_plan.change("unlock", "swarm", "it is locked on this manager", before=state, after="unlocked")]

    def apply(self, _changes, _state):
        refusals = []
        for key in self.keys:
            refusal = self._refused(key)
            if refusal is None:
                return
            refusals.append(refusal)
        raise _plan.ApplyError(
            "the swarm is locked on this manager, and none of the %d keys that were tried fits (%s): %s"
            % (len(refusals), "; ".join(dict.fromkeys(refusals)), REMEDY)
        )

    def _refused(self, key):
        """Why the Engine does not take the key, or None where the manager is locked no more."""
        try:
            self.engine.post("/swarm/unlock", {"UnlockKey": key}, timeout=self.timeout)
            return None
        except EngineError as exc:
            refusal = exc
        if refusal.status:
            return None if self._state() == "active" else refusal.message
        # With the right key, the request hangs until there is a quorum, while the manager has long left its lock.
        return refusal.message if self._state() in ("locked", None) else None

    def _state(self):
        try:
            return self.read()
        except _plan.PlanError:
            return None


def main():
    module = AnsibleModule(
        argument_spec=dict(
            keys=dict(type="list", elements="str", required=True, no_log=True),
            timeout=dict(type="int", default=10),
        ),
        supports_check_mode=True,
    )
    lock = Lock(module.params)
    _plan.run(module, "swarm", lock.read, lock.plan, lock.apply, lambda state: {"state": state})


if __name__ == "__main__":
    main()
