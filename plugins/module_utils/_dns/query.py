# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: the queries that show whether a DNS server runs with its new files, encoded and decoded.

All pure: sending and receiving is the module's.
"""

from __future__ import annotations

import socket
import struct
from typing import TYPE_CHECKING, TypedDict

from .dnsmasq_files import parse_hosts, render_hosts

if TYPE_CHECKING:
    from .dnsmasq_files import Settings

QUERY_TYPES = {"A": 1, "CNAME": 5, "PTR": 12, "MX": 15, "TXT": 16, "AAAA": 28, "SRV": 33}


class Answer(TypedDict):
    number: int
    code: int
    truncated: bool
    addresses: set[str]


def probes(settings: Settings, old_hosts: str | None) -> list[tuple[str, str, set[str], set[str]]]:
    """What to ask the server, to see whether it runs with the new files: (name, type, present, absent).

    Addresses that changed are asked for; where none did, a few that are wanted; where there are none, anything.
    """
    old, new = parse_hosts(old_hosts), parse_hosts(render_hosts(settings))
    changed = [key for key in dict.fromkeys(list(new) + list(old)) if old.get(key) != new.get(key)]
    asked = changed[:10] or list(new)[:3]
    if not asked:
        return [(settings["domain"] or "localhost", "A", set(), set())]
    return [
        (name, kind, set(new.get((kind, name), ())), set(old.get((kind, name), ())) - set(new.get((kind, name), ())))
        for kind, name in asked
    ]


def encode_query(number: int, name: str, kind: str) -> bytes:
    """A DNS query as it goes over UDP."""
    labels = [label.encode("ascii") for label in name.split(".")]
    question = b"".join(bytes(bytearray([len(label)])) + label for label in labels) + b"\0"
    return struct.pack("!6H", number, 0x0100, 1, 0, 0, 0) + question + struct.pack("!2H", QUERY_TYPES[kind], 1)


def decode_answer(data: bytes) -> Answer | None:
    """``{number, code, truncated, addresses}`` of a DNS answer, or None where it is none."""
    try:
        number, flags, questions, answers = struct.unpack("!4H", data[:8])
        if not flags & 0x8000:
            return None
        offset, addresses = 12, set()
        for _index in range(questions):
            offset = _skip_name(data, offset) + 4
        for _index in range(answers):
            offset = _skip_name(data, offset)
            kind, _class, _ttl, size = struct.unpack("!2HIH", data[offset : offset + 10])
            offset += 10
            if kind in (1, 28):
                family = socket.AF_INET if kind == 1 else socket.AF_INET6
                addresses.add(socket.inet_ntop(family, data[offset : offset + size]))
            offset += size
    except (struct.error, IndexError, ValueError):
        return None
    return {"number": number, "code": flags & 15, "truncated": bool(flags & 0x0200), "addresses": addresses}


def _skip_name(data: bytes, offset: int) -> int:
    raw = bytearray(data)
    while raw[offset]:
        if raw[offset] >= 0xC0:
            return offset + 2
        offset += raw[offset] + 1
    return offset + 1


def satisfied(answer: Answer | None, present: set[str], absent: set[str]) -> bool:
    """Whether an answer is the one that the new files give."""
    if answer is None:
        return False
    found = answer["addresses"]
    if found & absent:
        return False
    return present <= found or (answer["truncated"] and bool(found & present))
