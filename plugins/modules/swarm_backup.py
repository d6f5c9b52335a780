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
  - The daemon stands still while its files are copied, well below a second in most cases. Containers go on meanwhile, and so do
    the other managers. A process of its own lets the daemon go on even where the module is killed.
  - A backup is complete before it gets its name, is read back and compared, and only then older ones go.
  - Nothing unencrypted is written to a file of the controller, and nothing is left on the manager.
  - Each run makes a backup, so that it always reports a change.
author:
  - The dockyard.swarm maintainers (@dockyard)
options:
  dir:
    description: Folder on the controller that the backup is kept in. It is made, for its owner alone, where it is missing.
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
    description: Back up also where the other managers that can be reached have no quorum while this one stands still.
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
    - What the backup says of itself, with the keys C(format), C(cluster_id), C(node_id), C(hostname), C(advertise_addr),
      C(raft_addr), C(listen_addr), C(data_path_addr), C(engine), C(autolock), C(created), C(managers) and C(files).
  returned: when one was made
  type: dict
frozen_ms:
  description: Milliseconds for which the daemon stood still.
  returned: when one was made
  type: int
"""

import glob
import json
import os
import shutil
import tempfile
import time

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._core import file_tree
from ..module_utils._core.atomic_files import hold, read_text
from ..module_utils._core.engine_api import Engine, EngineError
from ..module_utils._core.plan import ApplyError, PlanError, change, run
from ..module_utils._core.systemd import systemctl
from ..module_utils._facts.swarm import read_swarm
from ..module_utils._recovery import archive
from ..module_utils._recovery import backup as _backup
from ..module_utils._recovery.process_freeze import frozen
from ..module_utils._swarm.node_update import update_node

# Beside what is copied: /tmp may be in memory. Whoever finds one of an earlier run removes it.
SCRATCH = ".dockyard-backup-"
LOCK = "/run/dockyard-backup.lock"


class Backup:
    """The state of this manager."""

    def __init__(self, force):
        self.force = force
        self.engine = Engine()
        self.made = {}

    def read(self):
        try:
            info = self.engine.get("/info")
            swarm = read_swarm(info.get("Swarm") or {}, self.engine)
        except EngineError as exc:
            raise PlanError("the Engine cannot be asked: %s" % exc) from exc
        return {"swarm": swarm, "root": info["DockerRootDir"], "version": info["ServerVersion"]}

    def plan(self, state):
        problem = _backup.backup_problem(state["swarm"], self.force)
        if problem:
            raise PlanError(problem)
        return [change("back up", "swarm %s" % state["swarm"]["cluster_id"][:12], "as every run does")]

    def apply(self, _plan_made, state):
        for left in glob.glob(os.path.join(glob.escape(state["root"]), SCRATCH + "*")):
            shutil.rmtree(left)
        folder = tempfile.mkdtemp(prefix=SCRATCH, dir=state["root"])
        try:
            self.made = self._make(state, folder)
        except (OSError, EngineError, file_tree.TreeError, _backup.BackupError) as exc:
            shutil.rmtree(folder)
            raise ApplyError("the swarm was not backed up, and nothing was changed: %s" % exc) from exc
        except BaseException:
            shutil.rmtree(folder)
            raise

    def _make(self, state, folder):
        source, copy = os.path.join(state["root"], "swarm"), os.path.join(folder, "swarm")
        swarm = state["swarm"]
        about = self._about(state)
        key = self.engine.get("/swarm/unlockkey")["UnlockKey"] if about["autolock"] else None
        self._settle(swarm["node_id"])
        with frozen(_daemon()) as begun:
            file_tree.sync(source, copy)
            wrong = file_tree.compare(source, copy, exact=lambda _name, _size: False)
            took = time.monotonic() - begun
        if wrong:
            raise _backup.BackupError("the copy differs from its source: %s" % "; ".join(wrong))
        now = self.engine.get("/swarm")
        if now["ID"] != swarm["cluster_id"] or (
            about["autolock"] and self.engine.get("/swarm/unlockkey")["UnlockKey"] != key
        ):
            raise _backup.BackupError("the swarm, or the key that unlocks it, was changed meanwhile: run again")
        manifest = dict(about, files=archive.listing(copy))
        path = os.path.join(folder, "archive")
        archive.pack(copy, manifest, key, path)
        shutil.rmtree(copy)
        return {"archive": path, "manifest": manifest, "frozen_ms": round(took * 1000)}

    def _settle(self, node_id):
        """Have on the disk that the last changes of the swarm are agreed on.

        A manager writes that along with the next change, and one that goes on alone drops what is not known as agreed on. So
        there is a next change, which changes nothing.
        """
        for _again in (1, 2):
            update_node(self.engine, node_id, {})
            time.sleep(1)

    def _about(self, state):
        swarm = state["swarm"]
        managers = [item for item in self.engine.get("/nodes") if item.get("ManagerStatus")]
        joined = json.loads(read_text(os.path.join(state["root"], "swarm", "docker-state.json")) or "{}")
        return _backup.manifest(
            swarm,
            next(node for node in swarm["nodes"] if node["id"] == swarm["node_id"]),
            {item["ID"]: item["ManagerStatus"]["Addr"] for item in managers},
            state["version"],
            joined,
            time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        )


def _daemon():
    """The process ID of the daemon."""
    pid = systemctl("show", "--property=MainPID", "--value", "docker.service")[1].strip()
    name = (read_text("/proc/%s/comm" % pid) or "").strip()
    if name != "dockerd":
        raise _backup.BackupError("the main process of docker.service is %s (%s), not dockerd" % (pid, name or "none"))
    return int(pid)


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
