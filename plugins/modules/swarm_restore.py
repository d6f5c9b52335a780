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
  - A restore that was cut short goes on with the next run.
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
    description: What the backup says of itself; the controller's half of the module reads it out of O(src).
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
- name: Bring the swarm back
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

import json

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._core.atomic_files import hold, remove, write_text
from ..module_utils._core.engine_api import Engine, EngineError
from ..module_utils._core.plan import ApplyError, PlanError, run
from ..module_utils._core.systemd import RUNNING, act, journal_tail, read_units
from ..module_utils._core.wait import wait_for
from ..module_utils._facts.swarm import read_swarm
from ..module_utils._host.interfaces import read_addresses
from ..module_utils._recovery import backup, restore_steps
from ..module_utils._recovery.force_new_cluster import force_new, restart, wait_sealed
from ..module_utils._recovery.restore import (
    IDENTITY,
    PLACING,
    RESTORE_PENDING,
    STARTED,
    init_request,
    is_restored,
    node_plan,
)
from ..module_utils._swarm.manager_key import DOCKER, KEY_OPTIONS, LOCK, is_sealed, key_path, put_key, settled

SOCKET = "docker.socket"


class Restore:
    """This host, which is to be the only manager of the backup's swarm."""

    def __init__(self, params):
        self.params = params
        self.manifest = params["manifest"]
        self.engine = Engine(timeout=max(60, params["timeout"]))

    def read(self):
        journal = restore_steps.read_journal()
        state = {
            "swarm": None,
            "version": None,
            "root": (journal or {}).get("root"),
            "addresses": [item["address"] for item in read_addresses()],
            "journal": journal,
        }
        if read_units([DOCKER]).get(DOCKER, {}).get("active") in RUNNING:
            try:
                info = self.engine.get("/info")
            except EngineError as exc:
                raise PlanError("the Engine cannot be asked: %s" % exc) from exc
            swarm = read_swarm(info.get("Swarm") or {}, self.engine)
            state.update(swarm=swarm, version=info["ServerVersion"], root=info["DockerRootDir"])
        return dict(state, sealed=bool(state["root"]) and is_sealed(state["root"]))

    def plan(self, state):
        return node_plan(state, self.manifest)

    def apply(self, plan, state):
        try:
            for item in plan:
                if item["do"] == "put":
                    self._put(state)
                elif item["do"] == "recover":
                    self._recover(state)
                elif item["do"] == "decrypt":
                    put_key(state["root"], self.params["node_key"], self.params["node_key_of"])
            root = state["root"]
            if is_sealed(root) and plan[-1]["do"] != "end":
                return  # the controller's half sends the key for the last restart
            restart(self.engine, root, self.params["timeout"])
            remove(RESTORE_PENDING)
        except (OSError, EngineError, backup.BackupError) as exc:
            raise ApplyError("%s; a run later on goes on from here" % exc) from exc

    def _put(self, state):
        root = state["root"]
        if not root:
            raise ApplyError("the Engine does not run: install and start it, as role swarm_engine does")
        with open(self.params["archive"], "rb") as source:
            restore_steps.unpack(source, root)
        self._note(PLACING, root)
        act("stop", SOCKET, DOCKER)
        restore_steps.place(root)
        self._note(STARTED, root)
        restore_steps.clear(root)

    def _note(self, phase, root):
        note = {key: self.manifest[key] for key in IDENTITY}
        write_text(RESTORE_PENDING, json.dumps(dict(note, phase=phase, root=root)), mode=0o600)

    def _recover(self, state):
        if read_units([DOCKER]).get(DOCKER, {}).get("active") not in RUNNING:
            act("reset-failed", DOCKER, fail=False)
            act("start", SOCKET, DOCKER, timeout=self.params["timeout"] + 60)
        if not wait_for(self.engine.answers, self.params["timeout"]):
            raise ApplyError("the Engine does not start with the state of the backup: %s" % journal_tail(DOCKER))
        if settled(self.engine, self.params["timeout"]) == "locked":
            return  # it encrypted its key, which it does only once it goes on alone: an earlier run was cut short after that
        request = init_request(self.manifest, state["addresses"])
        swarm = force_new(self.engine, request, self.params["timeout"])
        if not is_restored(swarm, self.manifest):
            raise ApplyError(
                "the node is %s in swarm %s, not %s in %s as in the backup"
                % (swarm["node_id"], swarm["cluster_id"], self.manifest["node_id"], self.manifest["cluster_id"])
            )
        wait_sealed(state["root"], swarm, self.params["timeout"])


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
        return {"swarm": state["swarm"], "key": key_path(state["root"]) if state["sealed"] else None}

    run(module, "swarm", restore.read, restore.plan, restore.apply, result)


if __name__ == "__main__":
    main()
