# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: the record of the swarm that this host is in, and the mark of its data."""

from __future__ import annotations

import glob
import json
import os
import re
from typing import TYPE_CHECKING, Iterable

from .._core.atomic_files import read_text, remove, write_text
from .membership import MARK, RECORD

if TYPE_CHECKING:
    from .._core.facts import Membership, MembershipFacts

STATE = "swarm/docker-state.json"
REMAPPED = re.compile(r"/[0-9]+\.[0-9]+$")


def read_membership(root: str, others: Iterable[str] = (), path: str | None = None) -> MembershipFacts:
    """What is recorded, and whether the Engine's data is the data of then.

    :param root: the folder that the Engine uses; ``others`` are those where its data may have been.
    """
    recorded = read_record(path)
    marks = [read_text(os.path.join(top, MARK)) for top in tops(root)]
    used = os.path.realpath(root)
    return {
        "recorded": recorded,
        "marked": recorded is not None and any((text or "").strip() == recorded["node_id"] for text in marks),
        "elsewhere": sorted(
            {
                os.path.realpath(top)
                for other in others
                for top in tops(other)
                if os.path.exists(os.path.join(top, STATE)) and os.path.realpath(top) != used
            }
        ),
        "root": root,
    }


def read_record(path: str | None = None) -> Membership | None:
    """The record, or None; one that cannot be read is none."""
    try:
        found = json.loads(read_text(path or RECORD) or "null")
        return {"cluster_id": str(found["cluster_id"]), "node_id": str(found["node_id"])}
    except (ValueError, KeyError, TypeError):
        return None


def write_record(membership: Membership, root: str) -> None:
    """Record where this node belongs. The mark comes first: a record without it is a question."""
    write_text(os.path.join(root, MARK), membership["node_id"] + "\n", mode=0o600, keep=False)
    write_text(RECORD, json.dumps(membership, sort_keys=True) + "\n", mode=0o600, keep=False)


def remove_record(root: str) -> None:
    """Forget it: this node has left on purpose."""
    remove(RECORD)
    remove(os.path.join(root, MARK))


def tops(root: str) -> list[str]:
    """The folders that may be the Engine's: with userns-remap there is one for each range of user IDs."""
    inner = glob.glob(os.path.join(glob.escape(root), "*.*"))
    return [root] + sorted(path for path in inner if REMAPPED.search(path))
