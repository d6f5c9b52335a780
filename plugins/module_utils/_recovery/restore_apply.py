# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: makes this host the only manager of a backup's swarm."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from .._core.atomic_files import remove, write_text
from .._core.engine_api import Engine, EngineError
from .._core.plan import ApplyError, PlanError
from .._core.systemd import RUNNING, act, journal_tail, read_units
from .._core.wait import wait_for
from .._facts.swarm import read_swarm
from .._host.interfaces import read_addresses
from .._swarm.manager_key import DOCKER, is_key_encrypted, put_key, settled
from . import restore_steps
from .force_new_cluster import force_new, restart, wait_key_encrypted
from .force_new_plan import init_request
from .manifest import BackupError, identity
from .restore import PLACING, RESTORE_PENDING, STARTED, is_restored, node_plan

if TYPE_CHECKING:
    from .._core.facts import SwarmFacts
    from .._core.plan import Plan
    from .manifest import Manifest
    from .restore import HostState

SOCKET = "docker.socket"


class Restore:
    """This host, which is to be the only manager of the backup's swarm."""

    def __init__(self, params: dict[str, Any]) -> None:
        self.params = params
        self.manifest: Manifest = params["manifest"]
        self.engine = Engine(timeout=max(60, params["timeout"]))

    def read(self) -> HostState:
        journal = restore_steps.read_journal()
        swarm: SwarmFacts | None = None
        version: str | None = None
        root = journal["root"] if journal else None
        if _daemon_runs():
            try:
                info = self.engine.get("/info")
            except EngineError as exc:
                raise PlanError("the Engine cannot be asked: %s" % exc) from exc
            swarm = read_swarm(info.get("Swarm") or {}, self.engine)
            version, root = info["ServerVersion"], info["DockerRootDir"]
        return {
            "swarm": swarm,
            "version": version,
            "root": root,
            "addresses": [item["address"] for item in read_addresses()],
            "journal": journal,
            "key_encrypted": root is not None and is_key_encrypted(root),
        }

    def plan(self, state: HostState) -> Plan:
        return node_plan(state, self.manifest)

    def apply(self, plan: Plan, state: HostState) -> None:
        root = state["root"]
        if not root:
            raise ApplyError("the Engine does not run: install and start it, as role swarm_engine does")
        try:
            for item in plan:
                if item["do"] == "put":
                    self._put(root)
                elif item["do"] == "recover":
                    self._recover(root, state["addresses"])
                elif item["do"] == "decrypt":
                    put_key(root, self.params["node_key"], self.params["node_key_of"])
            if is_key_encrypted(root) and plan[-1]["do"] != "end":
                return  # the controller's half sends the key for the last restart
            restart(self.engine, root, self.params["timeout"])
            remove(RESTORE_PENDING)
        except (OSError, EngineError, BackupError) as exc:
            raise ApplyError("%s; run again to continue from here" % exc) from exc

    def _put(self, root: str) -> None:
        with open(self.params["archive"], "rb") as source:
            restore_steps.unpack(source, root)
        self._note(PLACING, root)
        act("stop", SOCKET, DOCKER)
        restore_steps.place(root)
        self._note(STARTED, root)
        restore_steps.clear(root)

    def _note(self, phase: str, root: str) -> None:
        note = dict(identity(self.manifest), phase=phase, root=root)
        write_text(RESTORE_PENDING, json.dumps(note), mode=0o600)

    def _recover(self, root: str, addresses: list[str]) -> None:
        if not _daemon_runs():
            act("reset-failed", DOCKER, fail=False)
            act("start", SOCKET, DOCKER, timeout=self.params["timeout"] + 60)
        if not wait_for(self.engine.answers, self.params["timeout"]):
            raise ApplyError("the Engine does not start with the state of the backup: %s" % journal_tail(DOCKER))
        if settled(self.engine, self.params["timeout"]) == "locked":
            return  # it encrypted its key, as it does only after it formed a new cluster: an earlier run was cut short then
        request = init_request(self.manifest, addresses)
        swarm = force_new(self.engine, request, self.params["timeout"])
        if not is_restored(swarm, self.manifest):
            raise ApplyError(
                "the node is %s in swarm %s, not %s in %s as in the backup"
                % (swarm["node_id"], swarm["cluster_id"], self.manifest["node_id"], self.manifest["cluster_id"])
            )
        wait_key_encrypted(root, swarm, self.params["timeout"])


def _daemon_runs() -> bool:
    unit = read_units([DOCKER]).get(DOCKER)
    return unit is not None and unit["active"] in RUNNING
