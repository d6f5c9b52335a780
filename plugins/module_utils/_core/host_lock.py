# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: one change at a time on one host, whichever run or controller asks for it.

A module outlives its controller: the next run meets it on the host. The kernel ends the lock with the process, however it ends.
"""

from __future__ import annotations

import fcntl
import os
import time
from typing import TextIO

LOCK = "/run/dockyard.lock"
# Seconds to wait for another change: a transaction of packages or a start of the Engine is over by then.
PATIENCE = 600
INTERVAL = 0.2

_HELD: list[TextIO] = []


class BusyError(Exception):
    """Another change goes on; the text says which."""


def take(name: str, patience: float = PATIENCE, path: str | None = None) -> str | None:
    """Hold the lock of this host until this process ends; returns what was waited for, or None.

    Who may not write there changes nothing either, and takes no lock. The file is not removed, since one that waits has it open;
    programs that are started do not inherit it.

    :param name: what is to be done, for those that wait for it.
    """
    try:
        handle = os.fdopen(os.open(path or LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "r+", encoding="utf-8")
    except PermissionError:
        return None
    begun = time.monotonic()
    waited = None
    while not _locked(handle):
        waited = _holder(handle)
        if time.monotonic() - begun >= patience:
            handle.close()
            raise BusyError(
                "another change of this host is not done after %d s: %s. Nothing was changed; one change is made at a time. "
                "Wait until it is done, or end that process, and run again" % (patience, waited)
            )
        time.sleep(INTERVAL)
    handle.seek(0)
    handle.truncate()
    handle.write("%s (process %d, since %s)" % (name, os.getpid(), time.strftime("%Y-%m-%d %H:%M:%S %z")))
    handle.flush()
    _HELD.append(handle)
    return "waited %d s for %s" % (time.monotonic() - begun, waited) if waited else None


def give_back() -> None:
    """End the lock before the process ends."""
    while _HELD:
        _HELD.pop().close()


def _locked(handle: TextIO) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holder(handle: TextIO) -> str:
    handle.seek(0)
    return handle.read().strip() or "a process that has just begun"
