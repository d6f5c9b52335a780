# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: who listens on the ports that the swarm and its servers need, without starting a shell."""

from __future__ import annotations

import os
import re
import socket
import struct
from typing import TYPE_CHECKING, Collection, Iterable

if TYPE_CHECKING:
    from .._core.facts import Listener

TABLES = ("tcp", "tcp6", "udp", "udp6")
# The kernel's numbers for a socket that listens, and for one without a peer.
STATE = {"tcp": "0A", "udp": "07"}
# Nobody binds this one, so that only a socket for all addresses stands in its way.
UNUSED = "127.255.255.254"


def read_sockets(ports: Collection[tuple[str, int]], root: str = "/proc") -> list[Listener]:
    """The sockets that wait on these ports, ``(protocol, port)``, in the host's own name space; their processes not yet."""
    found: list[Listener] = []
    for table in TABLES:
        protocol = table[:3]
        wanted = "|".join("%04X" % port for kind, port in ports if kind == protocol)
        # One pass over the whole text: a busy host has a line for each of thousands of connections.
        row = r"^ *\d+: ([0-9A-F]+):(%s) [0-9A-F]+:0000 %s (?:\S+ +){5}(\d+)" % (wanted, STATE[protocol])
        for address, port, inode in re.findall(row, _text(os.path.join(root, "net", table)), re.MULTILINE):
            found.append(
                {"protocol": protocol, "port": int(port, 16), "address": _address(address), "inode": inode,
                 "process": None, "pid": None}
            )  # fmt: skip
    return found


def in_use(sockets: Iterable[Listener], ports: Collection[tuple[str, int]]) -> list[Listener]:
    """Those of the sockets that keep a server with an IPv4 address from these ports.

    An IPv6 socket for all addresses is left out where it takes no IPv4 address. The kernel's own sockets, which tunnels have, are
    shared between them and left out as well.
    """
    found = [item for item in sockets if (item["protocol"], item["port"]) in ports and item["inode"] != "0"]
    return [item for item in found if item["address"] != "::" or _takes_ipv4(item)]


def with_processes(found: Iterable[Listener], root: str = "/proc") -> list[Listener]:
    """The same sockets with the processes that have them. Looks through all processes: only where something is in the way."""
    found = list(found)
    if not found:
        return []
    wanted = {item["inode"]: item for item in found}
    for pid in filter(str.isdigit, _names(root)):
        for item in [wanted[inode] for inode in inodes_of(pid, root) if inode in wanted]:
            if item["pid"] is None:
                item["pid"] = int(pid)
                item["process"] = _text(os.path.join(root, pid, "comm")).strip() or None
    return found


def inodes_of(pid: str, root: str = "/proc") -> set[str]:
    """The inodes of a process' sockets."""
    folder = os.path.join(root, pid, "fd")
    inodes = set()
    for name in _names(folder):
        try:
            target = os.readlink(os.path.join(folder, name))
        except OSError:
            continue
        if target.startswith("socket:["):
            inodes.add(target[8:-1])
    return inodes


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as handle:
            return handle.read()
    except OSError:
        return ""


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _address(text: str) -> str:
    """An address as /proc/net has it, in words of the host's byte order; one of IPv4 in an IPv6 socket is that one."""
    words = [text[start : start + 8] for start in range(0, len(text), 8)]
    packed = b"".join(struct.pack("=I", int(word, 16)) for word in words)
    if len(packed) == 4:
        return socket.inet_ntoa(packed)
    if packed[:12] == b"\0" * 10 + b"\xff" * 2:
        return socket.inet_ntoa(packed[12:])
    return socket.inet_ntop(socket.AF_INET6, packed)


def _takes_ipv4(item: Listener) -> bool:
    """Whether a socket for all addresses of IPv6 is one for those of IPv4, too: the kernel does not list that, so it is tried."""
    kind = socket.SOCK_STREAM if item["protocol"] == "tcp" else socket.SOCK_DGRAM
    with socket.socket(socket.AF_INET, kind) as sock:
        try:
            sock.bind((UNUSED, item["port"]))
        except OSError:
            return True
    return False
