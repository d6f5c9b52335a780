# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: one manager goes on alone with the state of its swarm."""

from __future__ import annotations

import glob
import hashlib
import os

from ansible_collections.dockyard.swarm.plugins.module_utils._engine_api import EngineError, wait_for
from ansible_collections.dockyard.swarm.plugins.module_utils._engine_facts import read_swarm
from ansible_collections.dockyard.swarm.plugins.module_utils._files import read_text, remove, write_text
from ansible_collections.dockyard.swarm.plugins.module_utils._plan import ApplyError
from ansible_collections.dockyard.swarm.plugins.module_utils._settings import autolock
from ansible_collections.dockyard.swarm.plugins.module_utils._systemd import act, journal_tail

DOCKER = "docker.service"
# Of whoever changes what a manager starts with.
LOCK = "/run/dockyard-manager.lock"
# Of modules whose controller's half sends them the manager's key (doc fragment node_key).
KEY_OPTIONS = dict(
    unlock_keys=dict(type="list", elements="str", default=[], no_log=True),
    node_key=dict(type="str", no_log=True),
    node_key_of=dict(type="str", no_log=False),
)


def local(engine):
    """The ``Swarm`` part of ``/info``; empty while the Engine does not answer."""
    try:
        return engine.get("/info").get("Swarm") or {}
    except EngineError:
        return {}


def settled(engine, timeout):
    """The node's state once it is known what it starts as. A manager without a quorum stays ``pending``."""

    def state():
        found = local(engine)
        known = found.get("LocalNodeState") not in (None, "pending") or found.get("ControlAvailable")
        return found["LocalNodeState"] if known else None

    return wait_for(state, timeout)


def wait_works(engine, timeout):
    """The ``swarm`` part of this manager's facts, once it has a quorum; None where it gets none."""

    def works():
        found = local(engine)
        if found.get("LocalNodeState") != "active" or not found.get("ControlAvailable"):
            return None
        swarm = read_swarm(found, engine)
        return swarm if swarm["quorum"] else None

    return wait_for(works, timeout)


def key_path(root):
    """The key of a manager."""
    return os.path.join(root, "swarm", "certificates", "swarm-node.key")


def is_sealed(root):
    """Whether a manager's key is encrypted on the disk, as it is where managers are locked when they start."""
    return "ENCRYPTED" in (read_text(key_path(root)) or "")


def wait_sealed(root, swarm, timeout):
    """Wait until a manager that started with its key decrypted has encrypted it, where its swarm wants that."""

    def sealed():
        # The key of raft's log is changed at that, in two steps.
        return is_sealed(root) and "raft-dek-" not in (read_text(key_path(root)) or "")

    if autolock(swarm["spec"]) and not wait_for(sealed, timeout):
        raise ApplyError(
            "the swarm locks its managers when they start (autolock), and this one did not encrypt its key %s again within %d s: "
            "switch autolock off and on" % (key_path(root), timeout)
        )


def put_key(root, text, digest):
    """Put a manager's key, decrypted by the controller, in the place of the one that has this SHA-256."""
    path = key_path(root)
    for left in glob.glob(os.path.join(glob.escape(os.path.dirname(path)), "." + os.path.basename(path) + ".*")):
        remove(left)  # of a run that was cut short
    if hashlib.sha256((read_text(path) or "").encode()).hexdigest() != digest:
        raise ApplyError("%s was changed meanwhile: run again" % path)
    write_text(path, text, mode=0o600)


def start(engine, timeout):
    """Have the Engine start anew."""
    act("restart", DOCKER, timeout=timeout + 60)
    if not wait_for(engine.answers, timeout):
        raise ApplyError("the Engine does not start: %s" % journal_tail(DOCKER))


def restart(engine, root, timeout):
    """Have the Engine of a manager that went on alone start anew.

    One that came up without a quorum, or locked, has not set up its networks: tasks are rejected, with "cannot create a swarm
    scoped network when swarm is not active", until it starts with a quorum and not locked.
    """
    start(engine, timeout)
    swarm = wait_works(engine, timeout)
    if not swarm:
        raise ApplyError("the swarm does not work after a restart of the Engine: %s" % journal_tail(DOCKER))
    wait_sealed(root, swarm, timeout)


def force_new(engine, request, timeout):
    """Make this manager the only one of its swarm, and wait until it answers for it: the ``swarm`` part of its facts."""
    try:
        engine.post("/swarm/init", request)
    except EngineError as exc:
        raise ApplyError("the manager did not go on alone: %s" % exc.message) from exc

    swarm = wait_works(engine, timeout)
    if not swarm:
        found = local(engine)
        raise ApplyError(
            "the manager was told to go on alone, and does not answer for its swarm after %d s: state %s %s"
            % (timeout, found.get("LocalNodeState"), found.get("Error") or "")
        )
    return swarm
