# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: a manager forms a new single-manager cluster with the state of its swarm."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._core.atomic_files import read_text
from .._core.engine_api import EngineError
from .._core.plan import ApplyError
from .._core.systemd import journal_tail
from .._core.wait import wait_for
from .._facts.swarm import read_swarm
from .._swarm.manager_key import DOCKER, is_key_encrypted, key_path, local, start
from .._swarm.settings import autolock

if TYPE_CHECKING:
    from .._core.engine_api import Engine
    from .._core.facts import ApiObject, SwarmFacts


def wait_works(engine: Engine, timeout: float) -> SwarmFacts | None:
    """The ``swarm`` part of this manager's facts, once it has a quorum; None where it gets none."""

    def works() -> SwarmFacts | None:
        found = local(engine)
        if found.get("LocalNodeState") != "active" or not found.get("ControlAvailable"):
            return None
        swarm = read_swarm(found, engine)
        return swarm if swarm["quorum"] else None

    return wait_for(works, timeout)


def wait_key_encrypted(root: str, swarm: SwarmFacts, timeout: float) -> None:
    """Wait until a manager that started with its key decrypted has encrypted it, where its swarm wants that."""

    def encrypted() -> bool:
        # The key of raft's log is changed at that, in two steps.
        return is_key_encrypted(root) and "raft-dek-" not in (read_text(key_path(root)) or "")

    if autolock(swarm["spec"]) and not wait_for(encrypted, timeout):
        raise ApplyError(
            "the swarm locks its managers when they start (autolock), and this one did not encrypt its key %s again within %d s: "
            "switch autolock off and on" % (key_path(root), timeout)
        )


def restart(engine: Engine, root: str, timeout: float) -> None:
    """Restart the Engine of a manager that formed a new cluster.

    One that came up without a quorum, or locked, has not set up its networks: tasks are rejected, with "cannot create a swarm
    scoped network when swarm is not active", until it starts with a quorum and not locked.
    """
    start(engine, timeout)
    swarm = wait_works(engine, timeout)
    if not swarm:
        raise ApplyError("the swarm does not work after a restart of the Engine: %s" % journal_tail(DOCKER))
    wait_key_encrypted(root, swarm, timeout)


def force_new(engine: Engine, request: ApiObject, timeout: float) -> SwarmFacts:
    """Make this manager the only one of its swarm, and wait until it answers for it: the ``swarm`` part of its facts."""
    try:
        engine.post("/swarm/init", request)
    except EngineError as exc:
        raise ApplyError("the manager did not form a new cluster: %s" % exc.message) from exc

    swarm = wait_works(engine, timeout)
    if not swarm:
        found = local(engine)
        raise ApplyError(
            "the manager was asked to form a new cluster, and does not answer for its swarm after %d s: state %s %s"
            % (timeout, found.get("LocalNodeState"), found.get("Error") or "")
        )
    return swarm
