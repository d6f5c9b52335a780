# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64

import pytest

from ansible_collections.dockyard.swarm.plugins.module_utils._packages import openpgp

# Made with gpg, which tells this fingerprint.
FINGERPRINT = "B47BBC163D3C68840B522722747DEDC340855412"
BODY = """\
mDMEawGClRYJKwYBBAHaRw8BAQdAhth6QjcH7oGWNceKFAlPpH3t/rTmzL9f6w66
TlTHPMS0IlRlc3QgUmVwb3NpdG9yeSA8dGVzdEBleGFtcGxlLmNvbT6IkAQTFggA
OBYhBLR7vBY9PGiEC1InInR97cNAhVQSBQJrAYKVAhsDBQsJCAcCBhUKCQgLAgQW
AgMBAh4BAheAAAoJEHR97cNAhVQScTkBAL/a6urjUmc/rV8hUl8Wwgitn03N9ZrP
Zn76KwI6yLkNAP9RJ9c/4E06Dk9BS74P1ueHxNKrW6kTH7sdgK87lEwXDg==
"""
BEGIN, END = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n", "=uY30\n-----END PGP PUBLIC KEY BLOCK-----\n"
PLAIN = base64.b64decode(BODY.replace("\n", ""))


@pytest.mark.parametrize(
    "data",
    [
        PLAIN,
        f"{BEGIN}\n{BODY}{END}".encode(),
        f"{BEGIN}Version: GnuPG v2\nComment: x\n\n{BODY}{END}".encode(),
        f"{BEGIN}{BODY}{END}".encode(),
        f"{BEGIN}\n{BODY}{END}".replace("\n", "\r\n").encode(),
    ],
    ids=["binary", "armored", "with headers", "without the empty line", "line ends of Windows"],
)
def test_the_fingerprint_is_the_one_that_gpg_tells(data):
    assert openpgp.fingerprints(data) == [FINGERPRINT]


def test_a_binary_key_becomes_text():
    text = openpgp.armored(PLAIN)
    assert text == f"{BEGIN}\n{BODY}-----END PGP PUBLIC KEY BLOCK-----\n"
    assert openpgp.armored(text.encode()) == text


def test_a_file_with_two_keys_has_two():
    both = f"{BEGIN}\n{BODY}{END}{BEGIN}\n{BODY}{END}"
    assert openpgp.fingerprints(both.encode()) == [FINGERPRINT, FINGERPRINT]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"<html>404</html>", "no OpenPGP key"),
        (b"", "no public key"),
        (PLAIN[:40], "cut short"),
        (b"\x98", "cut short"),
        (f"{BEGIN}\nnot base64!\n{END}".encode(), "armor is damaged"),
        (b"\x98\x02\x03\x00", "another version"),
    ],
)
def test_what_is_no_key(data, words):
    with pytest.raises(ValueError, match=words):
        openpgp.fingerprints(data)


def test_fingerprints_are_written_in_many_ways():
    assert openpgp.normal("b47b bc16 3d3c 6884 0b52  2722 747d edc3 4085 5412") == FINGERPRINT
