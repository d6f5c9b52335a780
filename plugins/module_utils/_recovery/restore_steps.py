# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: the steps of a restore on the disk. Each can be cut short anywhere and done again."""

from __future__ import annotations

import json
import os
from typing import BinaryIO

from .._core import file_tree
from .._core.atomic_files import read_text, sync_folder
from . import archive
from .restore import RESTORE_PENDING

# Beside the swarm folder, so that a rename puts it in its place.
INCOMING = ".dockyard-restore"


def read_journal(path: str = RESTORE_PENDING) -> dict[str, str] | None:
    """What is known of a restore that is under way, or None."""
    text = read_text(path)
    return json.loads(text) if text else None


def unpack(source: BinaryIO, root: str) -> None:
    """Have the state of an archive, all of it checked and on the disk, beside the swarm folder."""
    clear(root)
    folder = os.path.join(root, INCOMING)
    try:
        archive.check(source, folder)
    except BaseException:
        clear(root)
        raise
    file_tree.flush(folder)


def place(root: str) -> None:
    """Let it change places with the swarm folder: at no time is there neither of them."""
    folder, incoming = os.path.join(root, "swarm"), os.path.join(root, INCOMING)
    if os.path.isdir(folder):
        file_tree.exchange(incoming, folder)
    else:
        os.rename(incoming, folder)
    sync_folder(root)


def clear(root: str) -> None:
    """Remove what was not put in its place, or what had to leave it."""
    file_tree.remove_tree(os.path.join(root, INCOMING))
