# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: what files are, as facts: content by hash, mode, owner, link."""

from __future__ import annotations

import glob
import hashlib
import os
from typing import TYPE_CHECKING, Iterable

if TYPE_CHECKING:
    from .facts import FileFacts


def read_files(patterns: Iterable[str]) -> dict[str, FileFacts]:
    """Hash, mode and owner of every file that a pattern finds: ``path -> {sha256, mode, uid, gid, link}``.

    A folder has no hash. ``link`` is the target where the path is a symbolic link.
    """
    files: dict[str, FileFacts] = {}
    for pattern in patterns:
        for path in sorted(glob.glob(pattern)) if "*" in pattern else [pattern]:
            try:
                facts = os.stat(path)
                digest = None
                if os.path.isfile(path):
                    with open(path, "rb") as handle:
                        digest = hashlib.sha256(handle.read()).hexdigest()
            except OSError:
                continue
            files[path] = {
                "sha256": digest,
                "mode": "%04o" % (facts.st_mode & 0o7777),
                "uid": facts.st_uid,
                "gid": facts.st_gid,
                "link": os.readlink(path) if os.path.islink(path) else None,
            }
    return files
