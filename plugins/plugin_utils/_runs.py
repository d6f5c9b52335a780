# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: which run of Ansible this is, and whether another one of this controller goes on.

A run is its process: controller, process ID, and when that began. About runs of other controllers nothing is known here.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import socket


def controller():
    """This computer's name."""
    return socket.gethostname()


def this_run():
    """The run that a worker process, which plugins of tasks are executed in, belongs to."""
    pid = os.getppid()
    return "%s:%d:%s" % (_place(), pid, _begun(pid))


def has_ended(run):
    """Whether a run is known to have ended: one of this controller, whose process is gone."""
    place, _sep, rest = run.partition(":")
    pid, _sep, begun = rest.partition(":")
    return place == _place() and pid.isdigit() and _begun(int(pid)) != begun


def _place():
    """Where process IDs mean the same: a boot of a computer, and in it a container."""
    words = [socket.gethostname(), _read("/proc/sys/kernel/random/boot_id")]
    with contextlib.suppress(OSError):
        words.append(os.readlink("/proc/self/ns/pid"))
    return hashlib.sha256("\n".join(words).encode()).hexdigest()[:16]


def _begun(pid):
    """When a process began, in ticks since the boot; nothing where there is none."""
    # The command's name, which may have anything in it, is in brackets; the time is the 20th word after it.
    words = _read("/proc/%d/stat" % pid).rpartition(")")[2].split()
    return words[19] if len(words) > 19 and words[0] not in ("Z", "X") else ""


def _read(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as handle:
            return handle.read().strip()
    except OSError:
        return ""
