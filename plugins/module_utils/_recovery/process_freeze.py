# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: a process that is paused while its files are copied, and continued in any case."""

from __future__ import annotations

import contextlib
import glob
import os
import select
import signal
import time
from typing import Iterator, NoReturn

from .._core.atomic_files import read_text
from .._core.plan import ApplyError

# Seconds after which it is continued, with or without the copy. Managers elect another leader after some ten.
LIMIT = 10
# Seconds in which all of its threads have to have stopped: one that waits for the disk stops after that.
STOPS = 3


@contextlib.contextmanager
def frozen(pid: int, limit: float = LIMIT) -> Iterator[float]:
    """Pause a process. A separate guard process continues it where this one dies, or takes too long."""
    reader, writer = os.pipe()
    guard = os.fork()
    if guard == 0:
        _guard(pid, reader, writer, limit)
    os.close(reader)
    begun = time.monotonic()
    try:
        os.kill(pid, signal.SIGSTOP)
        end = begun + min(STOPS, limit)
        while not stands_still(pid):
            if time.monotonic() > end:
                raise ApplyError(
                    "process %d did not stop within %d s; it was continued, and nothing was copied" % (pid, STOPS)
                )
            time.sleep(0.001)
        yield begun
        if not stands_still(pid) or time.monotonic() - begun >= limit:
            raise ApplyError(
                "the daemon was continued before its files were copied (it may be paused for %d s)" % limit
            )
    finally:
        try:
            os.kill(pid, signal.SIGCONT)
        finally:
            os.close(writer)
            os.waitpid(guard, 0)


def _guard(pid: int, reader: int, writer: int, limit: float) -> NoReturn:
    try:
        os.setsid()
        for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        os.close(writer)
        for handle in (0, 1, 2):  # a caller that waits for the module's output does not wait for this
            os.close(handle)
        select.select([reader], [], [], limit)
    finally:
        # It must never return into the parent's code, not even where the process is gone.
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGCONT)
        os._exit(0)


def stands_still(pid: int, proc: str = "/proc") -> bool:
    """Whether all threads of a process are stopped."""
    texts = [read_text(path) for path in glob.glob("%s/%d/task/*/stat" % (proc, pid))]
    # The name, in brackets, may have blanks and brackets in it.
    return bool(texts) and all(text is None or text.rpartition(")")[2].split()[0] in ("T", "t") for text in texts)
