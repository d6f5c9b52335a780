# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: makes this manager the only one of its swarm."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, TypedDict

from .._core.atomic_files import read_text, remove, write_text
from .._core.engine_api import Engine, EngineError
from .._core.plan import ApplyError, PlanError
from .._facts.swarm import read_swarm
from .._host.interfaces import read_addresses
from .._swarm.manager_key import is_key_encrypted, local, put_key, settled, start
from .force_new_cluster import force_new, restart, wait_key_encrypted
from .recover import RECOVERY_PENDING, recover_request, recover_steps

if TYPE_CHECKING:
    from .._core.facts import ApiObject, SwarmFacts
    from .._core.plan import Plan


class State(TypedDict):
    swarm: SwarmFacts
    root: str  # the Engine's folder
    joined: ApiObject  # docker-state.json: how the node joined
    key_encrypted: bool
    journal: dict[str, bool] | None  # what a run that was cut short left


class Recover:
    """This manager."""

    def __init__(self, params: dict[str, Any]) -> None:
        self.params = params
        self.timeout: float = params["timeout"]
        self.engine = Engine(timeout=max(60, params["timeout"]))

    def read(self) -> State:
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
            "key_encrypted": is_key_encrypted(root),
            "journal": json.loads(read_text(RECOVERY_PENDING) or "null"),
        }

    def plan(self, state: State) -> Plan:
        return recover_steps(state["swarm"], state["key_encrypted"], state["journal"])

    def apply(self, plan: Plan, state: State) -> None:
        steps = [item["do"] for item in plan]
        try:
            if "recover" in steps:
                if self._recover(state, "decrypt" in steps):
                    if is_key_encrypted(state["root"]):
                        return  # the controller's half sends the key for the last restart
                    restart(self.engine, state["root"], self.timeout)
            else:
                self._decrypt(state, "decrypt" in steps)
                restart(self.engine, state["root"], self.timeout)
            remove(RECOVERY_PENDING)
        except (OSError, EngineError) as exc:
            raise ApplyError("%s; run again to continue from here" % exc) from exc

    def _recover(self, state: State, key_encrypted: bool) -> bool:
        """Form a new cluster; whether the Engine has to be restarted afterwards."""
        journal, swarm = state["journal"], state["swarm"]
        autolock = key_encrypted or bool(journal and journal["autolock"])
        self._note(autolock, False)
        self._decrypt(state, key_encrypted)
        if swarm["state"] == "active" and not journal:
            try:
                self._force_new(state, swarm, autolock)
                return False
            except ApplyError:
                pass  # it cannot stop the manager that runs, as one whose tasks hang: the Engine has to
        if autolock or journal or swarm["state"] == "active":
            # The Engine reads the key when it starts; and one that was unlocked without a quorum accepts no other node.
            start(self.engine, self.timeout)
            if settled(self.engine, self.timeout) == "locked":
                if is_key_encrypted(state["root"]):
                    return True  # it did form a new cluster
                raise ApplyError("the manager stays locked with its key decrypted: see journalctl -u docker")
            # Now it knows who it is. Objects of the cluster cannot be read yet.
            swarm = read_swarm(dict(local(self.engine), ControlAvailable=False))
        self._force_new(state, swarm, autolock)
        return True

    def _force_new(self, state: State, swarm: SwarmFacts, autolock: bool) -> None:
        addresses = [item["address"] for item in read_addresses()]
        request = recover_request(swarm, state["joined"], addresses, autolock)
        self._note(autolock, True)
        wait_key_encrypted(state["root"], force_new(self.engine, request, self.timeout), self.timeout)

    def _note(self, autolock: bool, alone: bool) -> None:
        write_text(RECOVERY_PENDING, json.dumps({"autolock": autolock, "alone": alone}), mode=0o600)

    def _decrypt(self, state: State, key_encrypted: bool) -> None:
        if key_encrypted:
            put_key(state["root"], self.params["node_key"], self.params["node_key_of"])
