# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: copies the state of this manager while its daemon is paused."""

from __future__ import annotations

import glob
import json
import os
import shutil
import tempfile
import time
from typing import TYPE_CHECKING, Any, TypedDict

from .._core import file_tree
from .._core.atomic_files import read_text
from .._core.engine_api import Engine, EngineError
from .._core.plan import ApplyError, PlanError, change
from .._core.systemd import systemctl
from .._facts.swarm import read_swarm
from .._swarm.node_update import update_node
from . import archive
from .backup import backup_problem
from .manifest import BackupError, describe
from .process_freeze import frozen

if TYPE_CHECKING:
    from .._core.facts import Node, SwarmFacts
    from .._core.plan import Plan
    from .manifest import Description, Manifest

# Beside what is copied, since /tmp may be in memory. The next run removes one that is left.
SCRATCH = ".dockyard-backup-"
LOCK = "/run/dockyard-backup.lock"


class State(TypedDict):
    swarm: SwarmFacts
    root: str  # the Engine's folder
    version: str  # of the Engine


class Backup:
    """The state of this manager."""

    def __init__(self, force: bool) -> None:
        self.force = force
        self.engine = Engine()
        self.made: dict[str, Any] = {}

    def read(self) -> State:
        try:
            info = self.engine.get("/info")
            swarm = read_swarm(info.get("Swarm") or {}, self.engine)
        except EngineError as exc:
            raise PlanError("the Engine cannot be asked: %s" % exc) from exc
        return {"swarm": swarm, "root": info["DockerRootDir"], "version": info["ServerVersion"]}

    def plan(self, state: State) -> Plan:
        problem = backup_problem(state["swarm"], self.force)
        if problem:
            raise PlanError(problem)
        return [change("back up", "swarm %s" % (state["swarm"]["cluster_id"] or "")[:12], "as every run does")]

    def apply(self, _plan: Plan, state: State) -> None:
        for left in glob.glob(os.path.join(glob.escape(state["root"]), SCRATCH + "*")):
            shutil.rmtree(left)
        folder = tempfile.mkdtemp(prefix=SCRATCH, dir=state["root"])
        try:
            self.made = self._make(state, folder)
        except (OSError, EngineError, file_tree.TreeError, BackupError) as exc:
            shutil.rmtree(folder)
            raise ApplyError("the swarm was not backed up, and nothing was changed: %s" % exc) from exc
        except BaseException:
            shutil.rmtree(folder)
            raise

    def _make(self, state: State, folder: str) -> dict[str, Any]:
        source, copy = os.path.join(state["root"], "swarm"), os.path.join(folder, "swarm")
        swarm = state["swarm"]
        description = self._description(state)
        key = self.engine.get("/swarm/unlockkey")["UnlockKey"] if description["autolock"] else None
        self._settle(self._node(swarm)["id"])
        with frozen(_daemon()) as begun:
            file_tree.sync(source, copy)
            wrong = file_tree.compare(source, copy, exact=lambda _name, _size: False)
            took = time.monotonic() - begun
        if wrong:
            raise BackupError("the copy differs from its source: %s" % "; ".join(wrong))
        now = self.engine.get("/swarm")
        if now["ID"] != swarm["cluster_id"] or (
            description["autolock"] and self.engine.get("/swarm/unlockkey")["UnlockKey"] != key
        ):
            raise BackupError("the swarm, or the key that unlocks it, was changed meanwhile: run again")
        manifest: Manifest = {**description, "files": archive.listing(copy)}
        path = os.path.join(folder, "archive")
        archive.pack(copy, manifest, key, path)
        shutil.rmtree(copy)
        return {"archive": path, "manifest": manifest, "frozen_ms": round(took * 1000)}

    @staticmethod
    def _node(swarm: SwarmFacts) -> Node:
        return next(node for node in swarm["nodes"] if node["id"] == swarm["node_id"])

    def _settle(self, node_id: str) -> None:
        """Have the last changes of the swarm on the disk as committed.

        A manager writes that along with the next change, and forcing a new cluster drops what is not known as committed. So
        a next change is made, which changes nothing.
        """
        for _again in (1, 2):
            update_node(self.engine, node_id, {})
            time.sleep(1)

    def _description(self, state: State) -> Description:
        swarm = state["swarm"]
        managers = [item for item in self.engine.get("/nodes") if item.get("ManagerStatus")]
        joined = json.loads(read_text(os.path.join(state["root"], "swarm", "docker-state.json")) or "{}")
        return describe(
            swarm,
            self._node(swarm),
            {item["ID"]: item["ManagerStatus"]["Addr"] for item in managers},
            state["version"],
            joined,
            time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        )


def _daemon() -> int:
    """The process ID of the daemon."""
    pid = systemctl("show", "--property=MainPID", "--value", "docker.service")[1].strip()
    name = (read_text("/proc/%s/comm" % pid) or "").strip()
    if name != "dockerd":
        raise BackupError("the main process of docker.service is %s (%s), not dockerd" % (pid, name or "none"))
    return int(pid)
