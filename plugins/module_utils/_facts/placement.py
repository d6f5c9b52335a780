# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: which volumes a host has, and which TCP ports are taken, without asking the Engine."""

from __future__ import annotations

import os
import socket
import struct
from typing import Any, Collection, Iterable

from .._core.atomic_files import read_text

LISTEN = "0A"


def read_volumes(names: Iterable[str], data_root: str) -> list[str]:
    """Those of the named volumes that are there. Every volume has a folder, also where the Engine does not run."""
    return [name for name in names if name and os.path.isdir(os.path.join(data_root, "volumes", name))]


def read_listening(
    ports: Collection[int], proc: str = "/proc", pid_file: str = "/run/docker.pid"
) -> dict[str, list[str]]:
    """Local addresses by port, of those ports on which a program listens.

    The Engine itself listens on published ports of the routing mesh: its sockets are left out. What a single container publishes
    has a process of its own for that.
    """
    found: dict[str, set[tuple[str, str]]] = {}
    wanted = {"%04X" % port: str(port) for port in ports}
    if not wanted:
        return {}
    for name in ("tcp", "tcp6"):
        for row in (read_text(os.path.join(proc, "net", name)) or "").splitlines()[1:]:
            words = row.split(None, 10)
            address, port = words[1].split(":")
            if words[3] == LISTEN and port in wanted:
                found.setdefault(wanted[port], set()).add((_address(address), words[9]))
    own = _sockets(proc, (read_text(pid_file) or "").strip()) if found else set()
    others = {port: sorted(text for text, inode in items if inode not in own) for port, items in found.items()}
    return {port: texts for port, texts in others.items() if texts}


def _sockets(proc: str, pid: str) -> set[str]:
    """The inodes of a process' sockets."""
    inodes = set()
    folder = os.path.join(proc, pid, "fd")
    try:
        names: Any = os.listdir(folder) if pid else []
    except OSError:
        names = []
    for name in names:
        try:
            target = os.readlink(os.path.join(folder, name))
        except OSError:
            continue
        if target.startswith("socket:["):
            inodes.add(target[8:-1])
    return inodes


def _address(text: str) -> str:
    """An address as the kernel lists it, in words of the host's byte order."""
    words = [struct.pack("=I", int(text[at : at + 8], 16)) for at in range(0, len(text), 8)]
    return socket.inet_ntop(socket.AF_INET if len(words) == 1 else socket.AF_INET6, b"".join(words))
