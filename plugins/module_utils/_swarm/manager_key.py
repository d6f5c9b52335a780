# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: how a manager starts, and with which key."""

from __future__ import annotations

import glob
import hashlib
import os
from typing import TYPE_CHECKING, Any

from .._core.atomic_files import read_text, remove, write_text
from .._core.engine_api import EngineError
from .._core.plan import ApplyError
from .._core.systemd import act, journal_tail
from .._core.wait import wait_for
from .settings import autolock

if TYPE_CHECKING:
    from .._core.engine_api import Engine
    from .._core.facts import ApiObject


DOCKER = "docker.service"
# Held while what a manager starts with is changed.
LOCK = "/run/dockyard-manager.lock"
# Of modules whose controller's half sends them the manager's key (doc fragment node_key).
KEY_OPTIONS: dict[str, Any] = dict(
    unlock_keys=dict(type="list", elements="str", default=[], no_log=True),
    node_key=dict(type="str", no_log=True),
    node_key_of=dict(type="str", no_log=False),
)


def local(engine: Engine) -> ApiObject:
    """The ``Swarm`` part of ``/info``; empty while the Engine does not answer."""
    try:
        return engine.get("/info").get("Swarm") or {}
    except EngineError:
        return {}


def settled(engine: Engine, timeout: float) -> str | None:
    """The node's state once it is known what it starts as. A manager without a quorum stays ``pending``."""

    def state() -> str | None:
        found = local(engine)
        known = found.get("LocalNodeState") not in (None, "pending") or found.get("ControlAvailable")
        return found["LocalNodeState"] if known else None

    return wait_for(state, timeout)


def key_path(root: str) -> str:
    """The key of a manager."""
    return os.path.join(root, "swarm", "certificates", "swarm-node.key")


def is_key_encrypted(root: str) -> bool:
    """Whether a manager's key is encrypted on the disk, as it is where managers are locked when they start."""
    return "ENCRYPTED" in (read_text(key_path(root)) or "")


def put_key(root: str, text: str, digest: str) -> None:
    """Put a manager's key, decrypted by the controller, in the place of the one that has this SHA-256."""
    path = key_path(root)
    for left in glob.glob(os.path.join(glob.escape(os.path.dirname(path)), "." + os.path.basename(path) + ".*")):
        remove(left)  # of a run that was cut short
    if hashlib.sha256((read_text(path) or "").encode()).hexdigest() != digest:
        raise ApplyError("%s was changed meanwhile: run again" % path)
    write_text(path, text, mode=0o600)


def start(engine: Engine, timeout: float) -> None:
    """Restart the Engine."""
    act("restart", DOCKER, timeout=timeout + 60)
    if not wait_for(engine.answers, timeout):
        raise ApplyError("the Engine does not start: %s" % journal_tail(DOCKER))


def unlock_key(engine: Engine, cluster: ApiObject) -> str | None:
    """The key that managers need after a start, or None where they need none. It is a secret.

    :param cluster: the answer to ``GET /swarm``.
    """
    if not autolock(cluster.get("Spec") or {}):
        return None
    return engine.get("/swarm/unlockkey").get("UnlockKey") or None


def key_digest(key: str | None) -> str | None:
    """Identifies a key without revealing it: 16 of the 64 digits of its SHA-256."""
    return hashlib.sha256(key.encode()).hexdigest()[:16] if key else None
