# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: unlocks a manager that is locked when it starts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

from .._core.engine_api import Engine, EngineError
from .._core.plan import ApplyError, PlanError, change
from .._core.systemd import journal_tail
from .manager_key import DOCKER, is_key_encrypted, key_path, put_key, settled, start

if TYPE_CHECKING:
    from .._core.plan import Plan


class State(TypedDict):
    state: str  # of the node
    root: str  # the Engine's folder
    key_encrypted: bool


def unlock_steps(state: State) -> Plan:
    """The changes that unlock this manager. Pure."""
    if state["state"] != "locked":
        return []
    why = "the manager is locked"
    restart = change("restart", "swarm: this manager", why, before="locked", after="unlocked")
    if not state["key_encrypted"]:
        return [restart]  # an earlier run was cut short
    after = "decrypted, until there is a quorum"
    return [change("decrypt", key_path(state["root"]), why, before="encrypted", after=after), restart]


class Lock:
    """The lock of this manager."""

    def __init__(self, params: dict[str, Any]) -> None:
        self.params = params
        self.engine = Engine()

    def read(self) -> State:
        try:
            info = self.engine.get("/info")
        except EngineError as exc:
            raise PlanError("the Engine cannot be asked: %s" % exc) from exc
        root = info["DockerRootDir"]
        state = (info.get("Swarm") or {}).get("LocalNodeState") or "inactive"
        return {"state": state, "root": root, "key_encrypted": is_key_encrypted(root)}

    def plan(self, state: State) -> Plan:
        return unlock_steps(state)

    def apply(self, plan: Plan, state: State) -> None:
        timeout = self.params["timeout"]
        try:
            if plan[0]["do"] == "decrypt":
                put_key(state["root"], self.params["node_key"], self.params["node_key_of"])
            start(self.engine, timeout)
        except (OSError, EngineError) as exc:
            raise ApplyError("%s; run again to continue from here" % exc) from exc
        if settled(self.engine, timeout) in (None, "locked"):
            raise ApplyError("the manager stays locked with its key decrypted: %s" % journal_tail(DOCKER))
