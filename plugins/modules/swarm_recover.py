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
  - Whether another manager still has a quorum cannot be seen from one node; P(dockyard.swarm.recover_plan#filter) looks at all.
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
- name: Go on with the only manager that is left
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

import json
import os

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._core.atomic_files import hold, read_text, remove, write_text
from ..module_utils._core.engine_api import Engine, EngineError
from ..module_utils._core.plan import ApplyError, PlanError, run
from ..module_utils._facts.swarm import read_swarm
from ..module_utils._host.interfaces import read_addresses
from ..module_utils._recovery.force_new_cluster import force_new, restart, wait_sealed
from ..module_utils._recovery.recover import RECOVERY_PENDING, recover_request, recover_steps
from ..module_utils._swarm.manager_key import KEY_OPTIONS, LOCK, is_sealed, key_path, local, put_key, settled, start


class Recover:
    """This manager."""

    def __init__(self, params):
        self.params = params
        self.timeout = params["timeout"]
        self.engine = Engine(timeout=max(60, params["timeout"]))

    def read(self):
        try:
            info = self.engine.get("/info")
            swarm = read_swarm(info.get("Swarm") or {}, self.engine)
        except EngineError as exc:
            raise PlanError("the Engine cannot be asked: %s" % exc) from exc
        root = info["DockerRootDir"]
        return {
            "swarm": swarm,
            "root": root,
            "joined": json.loads(read_text(os.path.join(root, "swarm", "docker-state.json")) or "{}"),
            "sealed": is_sealed(root),
            "journal": json.loads(read_text(RECOVERY_PENDING) or "null"),
        }

    def plan(self, state):
        return recover_steps(state["swarm"], state["sealed"], state["journal"])

    def apply(self, plan, state):
        steps = [item["do"] for item in plan]
        try:
            if "recover" in steps:
                if self._recover(state, "decrypt" in steps):
                    if is_sealed(state["root"]):
                        return  # the controller's half sends the key for the last restart
                    restart(self.engine, state["root"], self.timeout)
            else:
                self._decrypt(state, "decrypt" in steps)
                restart(self.engine, state["root"], self.timeout)
            remove(RECOVERY_PENDING)
        except (OSError, EngineError) as exc:
            raise ApplyError("%s; a run later on goes on from here" % exc) from exc

    def _recover(self, state, sealed):
        """Let it go on alone; whether the Engine has to be started anew then."""
        journal, swarm = state["journal"], state["swarm"]
        autolock = sealed or bool(journal and journal["autolock"])
        self._note(autolock, False)
        self._decrypt(state, sealed)
        if swarm["state"] == "active" and not journal:
            try:
                self._alone(state, swarm, autolock)
                return False
            except ApplyError:
                pass  # it cannot stop the manager that runs, as one whose tasks hang: the Engine has to
        if autolock or journal or swarm["state"] == "active":
            # The Engine reads the key when it starts; and one that was unlocked without a quorum lets nobody in any more.
            start(self.engine, self.timeout)
            if settled(self.engine, self.timeout) == "locked":
                if is_sealed(state["root"]):
                    return True  # it went on alone all the same
                raise ApplyError("the manager stays locked with its key decrypted: see journalctl -u docker")
            # Now it knows who it is. Objects of the cluster cannot be read yet.
            swarm = read_swarm(dict(local(self.engine), ControlAvailable=False))
        self._alone(state, swarm, autolock)
        return True

    def _alone(self, state, swarm, autolock):
        addresses = [item["address"] for item in read_addresses()]
        request = recover_request(swarm, state["joined"], addresses, autolock)
        self._note(autolock, True)
        wait_sealed(state["root"], force_new(self.engine, request, self.timeout), self.timeout)

    def _note(self, autolock, alone):
        write_text(RECOVERY_PENDING, json.dumps({"autolock": autolock, "alone": alone}), mode=0o600)

    def _decrypt(self, state, sealed):
        if sealed:
            put_key(state["root"], self.params["node_key"], self.params["node_key_of"])


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
        return {"swarm": state["swarm"], "key": key_path(state["root"]) if state["sealed"] else None}

    run(module, "swarm", recover.read, recover.plan, recover.apply, result)


if __name__ == "__main__":
    main()
