# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: the fingerprints of OpenPGP keys, without gpg, which minimal hosts lack. Pure.

A fingerprint of version 4 is the SHA-1 of the key's packet (RFC 4880, section 12.2); packets are those of section 4.2.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import Iterator

PUBLIC_KEY = 6  # subkeys have 14


def fingerprints(data: bytes) -> list[str]:
    """The fingerprints, in capital hexadecimal digits, of the primary keys in a key file, armored or not.

    :param data: the file's bytes.
    :raises ValueError: where that is no OpenPGP key of version 4.
    """
    found = [_fingerprint(body) for tag, body in _packets(_without_armor(data)) if tag == PUBLIC_KEY]
    if not found:
        raise ValueError("there is no public key in it")
    return found


def armored(data: bytes) -> str:
    """A key file as armored text: apt knows by the file's name whether it is armored."""
    if data.lstrip().startswith(b"-----BEGIN"):
        return data.decode("utf-8", "surrogateescape")
    text = base64.b64encode(data).decode("ascii")
    lines = [text[at : at + 64] for at in range(0, len(text), 64)]
    return "\n".join(["-----BEGIN PGP PUBLIC KEY BLOCK-----", ""] + lines + ["-----END PGP PUBLIC KEY BLOCK-----", ""])


def normal(fingerprint: str) -> str:
    """A fingerprint as people write it, in the form of :func:`fingerprints`."""
    return "".join(fingerprint.split()).upper()


def _fingerprint(body: bytes) -> str:
    if body[:1] != b"\x04":
        raise ValueError("it is a key of another version than 4")
    return hashlib.sha1(b"\x99" + len(body).to_bytes(2, "big") + body).hexdigest().upper()


def _without_armor(data: bytes) -> bytes:
    if not data.lstrip().startswith(b"-----BEGIN"):
        return data
    blocks = []
    inside = headers = False
    lines: list[bytes] = []
    for line in data.splitlines():
        line = line.strip()
        if line.startswith(b"-----BEGIN"):
            inside, headers, lines = True, True, []
        elif line.startswith(b"-----END"):
            blocks.append(_decode(b"".join(lines)))
            inside = False
        elif inside and headers:
            # Headers end with an empty line; some writers leave out both.
            headers = bool(line) and b": " in line
            if line and not headers:
                lines.append(line)
        elif inside and not line.startswith(b"="):
            lines.append(line)
    return b"".join(blocks)


def _decode(text: bytes) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as exc:
        raise ValueError("its armor is damaged: %s" % exc) from exc


def _packets(data: bytes) -> Iterator[tuple[int, bytes]]:
    """(tag, body) of each packet."""
    at = 0
    while at < len(data):
        head = data[at]
        if not head & 0x80:
            raise ValueError("it is no OpenPGP key")
        if head & 0x40:
            tag, (size, start) = head & 0x3F, _new_length(data, at + 1)
        else:
            tag, (size, start) = (head >> 2) & 0x0F, _old_length(data, at + 1, head & 0x03)
        if start + size > len(data):
            raise ValueError("it is cut short")
        yield tag, data[start : start + size]
        at = start + size


def _new_length(data: bytes, at: int) -> tuple[int, int]:
    first = _number(data, at, 1)
    if first < 192:
        return first, at + 1
    if first < 224:
        return ((first - 192) << 8) + _number(data, at + 1, 1) + 192, at + 2
    if first == 255:
        return _number(data, at + 1, 4), at + 5
    raise ValueError("it has a packet in parts, which keys never are")


def _old_length(data: bytes, at: int, kind: int) -> tuple[int, int]:
    if kind == 3:
        return len(data) - at, at
    width = 1 << kind
    return _number(data, at, width), at + width


def _number(data: bytes, at: int, width: int) -> int:
    if at + width > len(data):
        raise ValueError("it is cut short")
    return int.from_bytes(data[at : at + width], "big")
