# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: files that are never half-written."""

from __future__ import annotations

import fcntl
import os
import tempfile
from typing import Callable, TextIO

_HELD: list[TextIO] = []


def hold(path: str) -> None:
    """Wait until no other process holds this lock file, and hold it until this one ends, however it ends.

    A module outlives its controller: the next run waits for it.
    """
    handle = open(path, "w", encoding="ascii")
    _HELD.append(handle)
    fcntl.flock(handle, fcntl.LOCK_EX)


def read_text(path: str) -> str | None:
    """A file's text, or None where there is no such file."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as handle:
            return handle.read()
    except FileNotFoundError:
        return None


def write_text(
    path: str, text: str, mode: int = 0o644, keep: bool = True, check: Callable[[str], object] | None = None
) -> None:
    """Put ``text`` at ``path`` so that a reader, or a power cut, sees the old file or the new one, never a part.

    :param keep: whether an existing file keeps its owner, group and mode, and a symbolic link is written through.
        Without it the file becomes one of root with ``mode``, and takes the place of a link.
    :param check: called with the path of the new text before that takes the old one's place; it may raise.
    """
    if keep:
        path = os.path.realpath(path)
    folder = os.path.dirname(path)
    os.makedirs(folder, mode=0o755, exist_ok=True)
    handle, scratch = tempfile.mkstemp(prefix="." + os.path.basename(path) + ".", dir=folder)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", errors="surrogateescape") as out:
            out.write(text)
            out.flush()
            os.fchmod(out.fileno(), mode)
            old = _stat(path) if keep else None
            if old:
                os.fchown(out.fileno(), old.st_uid, old.st_gid)
                os.fchmod(out.fileno(), old.st_mode & 0o7777)
            os.fsync(out.fileno())
        if check:
            check(scratch)
        os.rename(scratch, path)
    except BaseException:
        os.unlink(scratch)
        raise
    sync_folder(folder)


def _stat(path: str) -> os.stat_result | None:
    try:
        return os.stat(path)
    except FileNotFoundError:
        return None


def remove(path: str) -> None:
    """Remove a file; one that is not there is fine."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        return
    sync_folder(os.path.dirname(path))


def sync_folder(folder: str) -> None:
    """Make a rename or removal in ``folder`` last through a power cut."""
    handle = os.open(folder or ".", os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
