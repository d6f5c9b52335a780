# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: packets that show whether a path between two hosts is open.

They go to the ports that the swarm uses, whether these are in use or not: a raw socket gets a copy of every packet that the
host's firewall let in, a packet socket one of every packet that came to the host at all. Programs on the ports are not disturbed:
they see a SYN without a connection, a VXLAN header without its flag, an unknown SPI.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Optional, TypedDict

if TYPE_CHECKING:
    Found = tuple[int, str, int, Optional[float]]

TCP, UDP, ESP = 6, 17, 50
# How far a packet came.
ARRIVED, FILTERED = "arrived", "filtered"

_UDP_HEAD = struct.Struct("!4xIHd")  # no flag of VXLAN, nonce, sender, clock of the sender
# Bytes of IPv4 and UDP around a datagram's content.
AROUND_UDP = 28
# The smallest packet that every path has to let through: what IPv6 asks for.
SMALLEST = 1280
# Path MTUs that occur, besides every eighth byte below 1500.
_KNOWN = (9000, 8950, 8192, 4352, 4000, 2000, 1500, 1480, 1450, 1440, 1430, 1420, 1400, 1380, 1370, 1360, 1350, 1300)


def sizes(mtu: int) -> list[int]:
    """The sizes of packets that are tried on an interface with this MTU, the largest first."""
    tried = {mtu, SMALLEST}.union(_KNOWN, range(SMALLEST, 1501, 8))
    return sorted((size for size in tried if SMALLEST <= size <= mtu), reverse=True)


def udp_content(nonce: int, sender: int, clock: float, size: int = 0) -> bytes:
    """The content of a datagram; ``size`` is the whole packet's."""
    head = _UDP_HEAD.pack(nonce, sender, clock)
    return head + b"\0" * (size - AROUND_UDP - len(head))


def esp_content(nonce: int, sender: int) -> bytes:
    """A packet of IP protocol 50 behind its IP header: an SPI that no host knows."""
    return struct.pack("!II", nonce, sender) + b"\0" * 24


def syn_segment(source: bytes, target: bytes, source_port: int, port: int, nonce: int, sender: int) -> bytes:
    """A TCP segment that asks for a connection. Addresses are packed."""
    seq = nonce & 0xFFFF0000 | sender
    segment = struct.pack("!HHIIBBHHHBBH", source_port, port, seq, 0, 6 << 4, 2, 1024, 0, 0, 2, 4, 1460)
    pseudo = source + target + struct.pack("!BBH", 0, TCP, len(segment))
    return segment[:16] + struct.pack("!H", _checksum(pseudo + segment)) + segment[18:]


def _checksum(data: bytes) -> int:
    total: int = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF


def read_packet(packet: bytes, nonce: int) -> Found | None:
    """What is in an IPv4 packet of ours: ``(sender, path, size, clock)``, or None. ``clock`` is None but for datagrams.

    :param packet: with its IP header; may be cut off behind the first 64 bytes or so.
    """
    if len(packet) < 20:
        return None
    start, size, protocol = (packet[0] & 15) * 4, struct.unpack_from("!H", packet, 2)[0], packet[9]
    try:
        if protocol == UDP:
            port = struct.unpack_from("!H", packet, start + 2)[0]
            found, sender, clock = _UDP_HEAD.unpack_from(packet, start + 8)
            return (sender, "udp %d" % port, size, clock) if found == nonce else None
        if protocol == TCP:
            port, seq = struct.unpack_from("!HI", packet, start + 2)
            ours = seq & 0xFFFF0000 == nonce & 0xFFFF0000 and packet[start + 13] & 0x12 == 2
            return (seq & 0xFFFF, "tcp %d" % port, size, None) if ours else None
        if protocol == ESP:
            found, sender = struct.unpack_from("!II", packet, start)
            return (sender, "esp", size, None) if found == nonce else None
    except struct.error:
        pass
    return None


def filter_program(nonce: int) -> bytes:
    """A program for the kernel, in the classic Berkeley packet filter, that lets only packets of ours come to a socket.

    Without it, all of a busy host's traffic would come through here.
    """
    load_byte, load_word_at = 0x30, 0x40
    header_length, is_equal, bits, give = 0xB1, 0x15, 0x54, 0x06
    program = [
        (header_length, 0, 0, 0),
        (load_byte, 0, 0, 9),
        (is_equal, 0, 2, UDP),
        (load_word_at, 0, 0, 12),
        (is_equal, 7, 8, nonce),
        (is_equal, 0, 3, TCP),
        (load_word_at, 0, 0, 4),
        (bits, 0, 0, 0xFFFF0000),
        (is_equal, 3, 4, nonce & 0xFFFF0000),
        (is_equal, 0, 3, ESP),
        (load_word_at, 0, 0, 0),
        (is_equal, 0, 1, nonce),
        (give, 0, 0, 0xFFFF),
        (give, 0, 0, 0),
    ]
    return b"".join(struct.pack("HBBI", *step) for step in program)


class HeardFrom(TypedDict):
    """What came from one sender; see :class:`Heard`."""

    paths: dict[str, str]
    sizes: dict[str, int]
    delay: float | None


class Heard:
    """What came in, by who sent it: ``{sender: {paths: {path: how far}, sizes: {how far: largest}, delay}}``.

    ``delay`` is the least difference between the clock here and the sender's, in seconds: the packet's travel time and the
    difference of the clocks.
    """

    def __init__(self) -> None:
        self.senders: dict[int, HeardFrom] = {}

    def add(self, found: Found, how_far: str, now: float) -> None:
        """Note a packet, of which ``found`` is what :func:`read_packet` gave."""
        sender, path, size, clock = found
        entry = self.senders.setdefault(sender, {"paths": {}, "sizes": {}, "delay": None})
        if how_far == ARRIVED or path not in entry["paths"]:
            entry["paths"][path] = how_far
        if clock is not None:
            entry["sizes"][how_far] = max(size, entry["sizes"].get(how_far, 0))
            entry["delay"] = now - clock if entry["delay"] is None else min(entry["delay"], now - clock)
