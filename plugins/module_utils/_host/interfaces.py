# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: a host's addresses, routes and name servers, without starting a shell."""

from __future__ import annotations

import os
import socket
import struct
from typing import TYPE_CHECKING

from .._core.atomic_files import read_text

if TYPE_CHECKING:
    from .._core.facts import Address, Route


def read_addresses() -> list[Address]:
    """IPv4 addresses of all interfaces: ``[{interface, address, prefix, kind, mtu}]``.

    ``kind`` is ``loopback``, ``bridge`` (docker0 and every other one), ``virtual`` (no hardware behind it: veth,
    vxlan, tun) or ``physical``. Read by ioctl, since a bare host need not have iproute2.
    """
    import array
    import fcntl

    found: list[Address] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        size = 256 * 40
        buffer = array.array("B", b"\0" * size)
        used = struct.unpack(
            "iL",
            fcntl.ioctl(sock.fileno(), 0x8912, struct.pack("iL", size, buffer.buffer_info()[0])),  # SIOCGIFCONF
        )[0]
        data = buffer.tobytes()[:used]
        for offset in range(0, used, 40):
            label = data[offset : offset + 16].split(b"\0", 1)[0]
            address = socket.inet_ntoa(data[offset + 20 : offset + 24])
            try:
                raw = fcntl.ioctl(sock.fileno(), 0x891B, label.ljust(40, b"\0"))  # SIOCGIFNETMASK
                prefix = bin(struct.unpack("!I", raw[20:24])[0]).count("1")
            except OSError:
                prefix = 32
            interface = label.decode().split(":")[0]
            found.append(
                {
                    "interface": interface, "address": address, "prefix": prefix, "kind": _interface_kind(interface),
                    "mtu": _interface_mtu(interface),
                }
            )  # fmt: skip
    return found


def _interface_mtu(name: str, sys_root: str = "/sys/class/net") -> int | None:
    text = read_text(os.path.join(sys_root, name, "mtu"))
    return int(text) if text else None


def _interface_kind(name: str, sys_root: str = "/sys/class/net") -> str:
    base = os.path.join(sys_root, name)
    if name == "lo":
        return "loopback"
    if os.path.isdir(os.path.join(base, "bridge")):
        return "bridge"
    # VLANs and bonds have no device of their own, yet carry the host's real traffic.
    if os.path.exists(os.path.join(base, "device")) or os.path.isdir(os.path.join(base, "bonding")):
        return "physical"
    if os.path.exists("/proc/net/vlan/%s" % name):
        return "physical"
    return "virtual" if name.startswith(("veth", "vx-", "ov-", "tun", "tap", "dummy", "br-")) else "physical"


def read_routes(path: str = "/proc/net/route") -> list[Route]:
    """IPv4 routes: ``[{destination, interface, gateway}]``; ``destination`` in CIDR notation, ``gateway`` or None."""
    routes: list[Route] = []
    try:
        with open(path, encoding="ascii") as handle:
            rows = [line.split() for line in handle][1:]
    except OSError:
        return routes
    for row in rows:
        if len(row) < 8:
            continue
        mask = int(row[7], 16)
        routes.append(
            {
                "destination": "%s/%d" % (_address(row[1]), bin(mask).count("1")),
                "interface": row[0],
                "gateway": None if row[2] == "00000000" else _address(row[2]),
            }
        )
    return routes


def _address(text: str) -> str:
    return socket.inet_ntoa(struct.pack("=I", int(text, 16)))


def read_resolvers(path: str = "/etc/resolv.conf") -> list[str]:
    """The name servers of a resolv.conf, in order."""
    try:
        with open(path, encoding="utf-8", errors="replace") as handle:
            rows = [line.split() for line in handle]
    except OSError:
        return []
    return [row[1] for row in rows if len(row) > 1 and row[0] == "nameserver"]
