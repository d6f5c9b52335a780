# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: which volumes a host has, and which TCP ports are taken, without asking the Engine."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Collection, Iterable

from .._core.atomic_files import read_text
from .._host import listeners

if TYPE_CHECKING:
    from .._core.facts import Listener


def read_volumes(names: Iterable[str], data_root: str) -> list[str]:
    """Those of the named volumes that are there. Every volume has a folder, also where the Engine does not run."""
    return [name for name in names if name and os.path.isdir(os.path.join(data_root, "volumes", name))]


def listening(
    sockets: Iterable[Listener], ports: Collection[int], proc: str = "/proc", pid_file: str = "/run/docker.pid"
) -> dict[str, list[str]]:
    """Local addresses by port, of those TCP ports on which a program listens.

    The Engine itself listens on published ports of the routing mesh: its sockets are left out. What a single container publishes
    has a process of its own for that.
    """
    found = [item for item in sockets if item["protocol"] == "tcp" and item["port"] in ports]
    engine = (read_text(pid_file) or "").strip() if found else ""
    own = listeners.inodes_of(engine, proc) if engine else set()
    others: dict[str, set[str]] = {}
    for item in found:
        if item["inode"] not in own:
            others.setdefault(str(item["port"]), set()).add(item["address"])
    return {port: sorted(addresses) for port, addresses in others.items()}
