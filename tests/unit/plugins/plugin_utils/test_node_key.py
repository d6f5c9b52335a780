# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A locked manager's key is opened with the unlock key, and with nothing else."""

from __future__ import annotations

import base64
import sys

import pytest
from cryptography.hazmat.primitives import serialization

from ansible_collections.dockyard.swarm.plugins.plugin_utils import _node_key
from ansible_collections.dockyard.swarm.plugins.plugin_utils._secretbox import SecretboxError, hsalsa20, open_box

# As Engine 26.1 wrote it, of a swarm that was thrown away.
UNLOCK = "SWMKEY-1-+bbdQtThg95gpxHx6c/1JJ0+diOKVaBs83N3YLS3DZs"
ENCRYPTED = """\
-----BEGIN ENCRYPTED PRIVATE KEY-----
kek-version: 92
raft-dek: CAESMGdwI/xKh8pel8vfIYVNze+s6cjZ/7XOR72HDgIqFepHhGyYmyJ6uHT12PcB7I8mkRoYohcmqSxTnb66O1lmYAqGg0320vGKnv65

MIHeMEkGCSqGSIb3DQEFDTA8MBsGCSqGSIb3DQEFDDAOBAjnJVF+2Yg3IAICCAAw
HQYJYIZIAWUDBAEqBBD5M7TSGjOVLeZXtiwbXaINBIGQIOgP25vh9VYUfPpy1B8V
Ea3wg0yrEi0VM11wacF4hejDNj61ABlBdGCMdYWR1TomWRIazRDB0hu/3wgjWqpL
FQuyOh1qjODuzecbHkqHj06MACTRmcUZa2eJu3UiN3vyYI7BeU8olJKYJHw2Z0c7
NmXo4lm+wmI+9zuz/NC9kc8TYOvjuKS5LwOKqZ543W08
-----END ENCRYPTED PRIVATE KEY-----
"""
OTHER = "SWMKEY-1-" + "A" * 43


def parts(text):
    """(title, headers, body) of a PEM block."""
    lines = text.splitlines()
    headers = dict(line.split(": ") for line in lines if ": " in line)
    body = [line for line in lines if line and ": " not in line and "-----" not in line]
    return lines[0].strip("-"), headers, base64.b64decode("".join(body))


def test_as_without_autolock():
    title, headers, body = parts(_node_key.decrypt_key(ENCRYPTED, [UNLOCK]))
    assert title == "BEGIN PRIVATE KEY"
    # Without its version, so that the manager sees that the swarm's unlock key is newer than none.
    assert set(headers) == {"raft-dek"}
    # protobuf: field 2 with the 32 bytes of the key, unencrypted
    record = base64.b64decode(headers["raft-dek"])
    assert (record[:2], len(record)) == (b"\x12\x20", 34)
    assert serialization.load_der_private_key(body, password=None).key_size == 256


def test_one_that_is_not_encrypted_stays():
    text = _node_key.decrypt_key(ENCRYPTED, [UNLOCK])
    assert not _node_key.is_encrypted(text)
    assert _node_key.is_encrypted(ENCRYPTED)
    assert _node_key.decrypt_key(text, []) == text


def test_all_keys_are_tried():
    assert _node_key.decrypt_key(ENCRYPTED, ["text", "", OTHER, UNLOCK + "\n"]) == _node_key.decrypt_key(
        ENCRYPTED, [UNLOCK]
    )


def test_without_the_library_it_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives", None)
    with pytest.raises(_node_key.KeyFileError, match="lacks the Python library cryptography"):
        _node_key.decrypt_key(ENCRYPTED, [UNLOCK])


def test_no_key_at_all():
    with pytest.raises(_node_key.KeyFileError, match="the controller has no unlock key"):
        _node_key.decrypt_key(ENCRYPTED, [])


@pytest.mark.parametrize("keys", [[OTHER], ["SWMKEY-1-x", "x"], [UNLOCK[:-2]]])
def test_no_key_that_fits(keys):
    with pytest.raises(_node_key.KeyFileError, match=f"none of {len(keys)} unlock keys"):
        _node_key.decrypt_key(ENCRYPTED, keys)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("raft-dek: CAESMGdw", "raft-dek: CAESMGdx"),  # another key, which nobody vouches for
        ("raft-dek: CAES", "raft-dek: CAIS"),  # encrypted in another way
        ("raft-dek: CAES", "raft-dek: BAES"),
        ("raft-dek: ", "raft-dek: %"),
        ("MIHeMEk", "MIHeMEl"),
        ("-----END ENCRYPTED PRIVATE KEY-----\n", ""),
    ],
)
def test_damage(old, new):
    assert old in ENCRYPTED
    with pytest.raises(_node_key.KeyFileError) as error:
        _node_key.decrypt_key(ENCRYPTED.replace(old, new, 1), [UNLOCK])
    assert UNLOCK not in str(error.value)


def test_a_key_of_the_log_that_is_being_changed():
    line = next(line for line in ENCRYPTED.splitlines() if line.startswith("raft-dek"))
    more = ENCRYPTED.replace(
        line, line + "\n" + line.replace("raft-dek", "raft-dek-pending") + "\nraft-dek-needs-rotation: true"
    )
    headers = parts(_node_key.decrypt_key(more, [UNLOCK]))[1]
    assert headers["raft-dek-pending"] == headers["raft-dek"]
    assert headers["raft-dek-needs-rotation"] == "true"


class TestSecretbox:
    """The examples of NaCl itself."""

    SHARED = bytes.fromhex("4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742")
    FIRST = bytes.fromhex("1b27556473e985d462cd51197a9a46c76009549eac6474f206c4ee0844f68389")
    SECOND = bytes.fromhex("dc908dda0b9344a953629b733820778880f3ceb421bb61b91cbd4c3e66256ce4")
    NONCE = bytes.fromhex("69696ee955b62b73cd62bda875fc73d68219e0036b7a0b37")
    BOX = bytes.fromhex(
        "f3ffc7703f9400e52a7dfb4b3d3305d98e993b9f48681273c29650ba32fc76ce48332ea7164d96a4476fb8c531a1186a"
        "c0dfc17c98dce87b4da7f011ec48c97271d2c20f9b928fe2270d6fb863d51738b48eeee314a7cc8ab932164548e526ae"
        "90224368517acfeabd6bb3732bc0e9da99832b61ca01b6de56244a9e88d5f9b37973f622a43d14a6599b1f654cb45a74"
        "e355a5"
    )
    TEXT = bytes.fromhex(
        "be075fc53c81f2d5cf141316ebeb0c7b5228c52a4c62cbd44b66849b64244ffce5ecbaaf33bd751a1ac728d45e6c6129"
        "6cdc3c01233561f41db66cce314adb310e3be8250c46f06dceea3a7fa1348057e2f6556ad6b1318a024a838f21af1fde"
        "048977eb48f59ffd4924ca1c60902e52f0a089bc76897040e082f937763848645e0705"
    )

    def test_keys(self):
        assert hsalsa20(self.SHARED, bytes(16)) == self.FIRST
        assert hsalsa20(self.FIRST, self.NONCE[:16]) == self.SECOND

    def test_opens(self):
        assert open_box(self.BOX, self.NONCE, self.FIRST) == self.TEXT

    @pytest.mark.parametrize("number", [0, 15, 16, 100, 146])
    def test_any_change_is_found(self, number):
        wrong = bytearray(self.BOX)
        wrong[number] ^= 1
        with pytest.raises(SecretboxError):
            open_box(bytes(wrong), self.NONCE, self.FIRST)

    def test_another_key_or_nonce(self):
        for box, nonce, key in (
            (self.BOX, self.NONCE, self.SECOND),
            (self.BOX, self.NONCE[::-1], self.FIRST),
            (self.BOX[:15], self.NONCE, self.FIRST),
            (self.BOX, self.NONCE[:23], self.FIRST),
        ):
            with pytest.raises(SecretboxError):
                open_box(box, nonce, key)
