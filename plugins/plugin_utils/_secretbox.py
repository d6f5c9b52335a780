# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: opens what NaCl's secretbox (XSalsa20-Poly1305) closed.

It only decrypts, some bytes at a time. The library cryptography has no Salsa20; another library would have to be there on the
day of a disaster. Nothing is decrypted before Poly1305, which is that library's, has vouched for it.
"""

from __future__ import annotations

import struct

_CONSTANT = struct.unpack("<4I", b"expand 32-byte k")
_TAG = 16
# Quarter rounds of the columns, then of the rows: each is (target, first, second) of its four steps, by 7, 9, 13, 18 bits.
_ROUNDS = (
    (0, 4, 8, 12), (5, 9, 13, 1), (10, 14, 2, 6), (15, 3, 7, 11),
    (0, 1, 2, 3), (5, 6, 7, 4), (10, 11, 8, 9), (15, 12, 13, 14),
)  # fmt: skip


class SecretboxError(Exception):
    """The key does not fit, or what is in the box was changed."""


def _core(key, block):
    """The 16 words before and after the 20 rounds, for a block of 16 bytes."""
    words, middle = struct.unpack("<8I", key), struct.unpack("<4I", block)
    before = [
        _CONSTANT[0], *words[:4], _CONSTANT[1], *middle, _CONSTANT[2], *words[4:], _CONSTANT[3],
    ]  # fmt: skip
    after = list(before)
    for _pair in range(10):
        for a, b, c, d in _ROUNDS:
            for target, first, second, bits in ((b, a, d, 7), (c, b, a, 9), (d, c, b, 13), (a, d, c, 18)):
                total = (after[first] + after[second]) & 0xFFFFFFFF
                after[target] ^= (total << bits | total >> (32 - bits)) & 0xFFFFFFFF
    return before, after


def hsalsa20(key, block):
    """The key that a longer nonce makes of another one."""
    after = _core(key, block)[1]
    return struct.pack("<8I", *(after[number] for number in (0, 5, 10, 15, 6, 7, 8, 9)))


def _stream(key, nonce, size):
    made = b""
    while len(made) < size:
        before, after = _core(key, nonce + struct.pack("<Q", len(made) // 64))
        made += struct.pack("<16I", *((x + y) & 0xFFFFFFFF for x, y in zip(before, after)))
    return made[:size]


def open_box(box, nonce, key):
    """What a box holds.

    :param box: 16 bytes that vouch for the rest, and the rest.
    :param nonce: 24 bytes.
    :param key: 32 bytes.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.poly1305 import Poly1305

    if len(nonce) != 24 or len(key) != 32 or len(box) < _TAG:
        raise SecretboxError("it has another size than its kind has")
    tag, closed = box[:_TAG], box[_TAG:]
    stream = _stream(hsalsa20(key, nonce[:16]), nonce[16:], 32 + len(closed))
    try:
        Poly1305.verify_tag(stream[:32], closed, tag)
    except InvalidSignature:
        raise SecretboxError("the key does not fit, or it was changed") from None
    return bytes(x ^ y for x, y in zip(closed, stream[32:]))
