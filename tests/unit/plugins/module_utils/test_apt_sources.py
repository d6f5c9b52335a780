# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.dockyard.swarm.plugins.module_utils import _apt_sources

URI = "https://packages.example.com/linux/debian"
LIST, SOURCES = "/etc/apt/sources.list.d/docker.list", "/etc/apt/sources.list.d/old.sources"
OTHER = "deb http://deb.example.org/debian trixie main\n"
STANZA = "Types: deb\nURIs: %s\nSuites: trixie\nComponents: stable\nSigned-By: /usr/share/keyrings/old.gpg\n"


def entry():
    return _apt_sources.source_text(URI, "trixie", ["stable"], "amd64", "/etc/apt/keyrings/docker.asc")


def test_the_entry_of_a_repository():
    assert entry() == (
        "# Written by dockyard.swarm.\nTypes: deb\nURIs: https://packages.example.com/linux/debian\nSuites: trixie\n"
        "Components: stable\nArchitectures: amd64\nSigned-By: /etc/apt/keyrings/docker.asc\n"
    )
    assert _apt_sources.names(SOURCES, entry(), URI)


@pytest.mark.parametrize(
    "line",
    [
        f"deb {URI} trixie stable\n",
        f"deb [arch=amd64 signed-by=/etc/apt/keyrings/docker.gpg] {URI}/ trixie stable\n",
        f"deb-src {URI.replace('https', 'http')} trixie stable",
        f"  deb\t[trusted=yes]\t{URI.upper()} trixie stable\n",
    ],
)
def test_a_line_that_names_the_repository_is_put_out_of_force_and_kept(line):
    text = OTHER + line
    assert _apt_sources.take_over(LIST, text, URI) == OTHER + "# taken over by dockyard.swarm: " + line


@pytest.mark.parametrize(
    "line", [f"# deb {URI} trixie stable\n", OTHER, f"deb {URI}-test trixie stable\n", "nonsense\n", ""]
)
def test_other_lines_stay(line):
    assert _apt_sources.take_over(LIST, line, URI) == line


def test_a_stanza_is_put_out_of_force_and_its_neighbours_stay():
    other = STANZA % "https://elsewhere.example.com"
    text = f"# mine\n{STANZA % URI}\n{other}"
    taken = _apt_sources.take_over(SOURCES, text, URI)
    assert taken == f"# taken over by dockyard.swarm\n# mine\n{STANZA % URI}Enabled: no\n\n{other}"
    assert other in taken
    assert not _apt_sources.names(SOURCES, taken, URI)


@pytest.mark.parametrize("value", ["no", "No", "false", "0"])
def test_a_stanza_that_is_out_of_force_stays(value):
    text = f"Enabled: {value}\n" + STANZA % URI
    assert _apt_sources.take_over(SOURCES, text, URI) == text


def test_a_stanza_that_says_it_is_in_force_is_put_out_of_it():
    taken = _apt_sources.take_over(SOURCES, "Enabled: yes\n" + STANZA % f"https://other.example.com\n {URI}", URI)
    assert taken.count("Enabled:") == 1
    assert not _apt_sources.names(SOURCES, taken, URI)


@given(
    st.lists(
        st.sampled_from(
            [STANZA % URI, STANZA % "https://a.example", "# words\n", "Enabled: yes\n" + STANZA % URI, "\n"]
        )
    )
)
def test_taking_over_twice_is_taking_over_once(parts):
    text = "\n".join(parts)
    once = _apt_sources.take_over(SOURCES, text, URI)
    assert _apt_sources.take_over(SOURCES, once, URI) == once
    assert once.count(URI) == text.count(URI)


KEYRING, ENTRY = "/etc/apt/keyrings/docker.asc", "/etc/apt/sources.list.d/docker.sources"
FINGERPRINT = "B47B BC16 3D3C 6884 0B52  2722 747D EDC3 4085 5412"
KEY = """-----BEGIN PGP PUBLIC KEY BLOCK-----

mDMEawGClRYJKwYBBAHaRw8BAQdAhth6QjcH7oGWNceKFAlPpH3t/rTmzL9f6w66
TlTHPMS0IlRlc3QgUmVwb3NpdG9yeSA8dGVzdEBleGFtcGxlLmNvbT6IkAQTFggA
OBYhBLR7vBY9PGiEC1InInR97cNAhVQSBQJrAYKVAhsDBQsJCAcCBhUKCQgLAgQW
AgMBAh4BAheAAAoJEHR97cNAhVQScTkBAL/a6urjUmc/rV8hUl8Wwgitn03N9ZrP
Zn76KwI6yLkNAP9RJ9c/4E06Dk9BS74P1ueHxNKrW6kTH7sdgK87lEwXDg==
=uY30
-----END PGP PUBLIC KEY BLOCK-----
"""


def plan(sources, key=KEY, fingerprint=FINGERPRINT):
    found = _apt_sources.make_plan({"sources": sources, "key": key}, ENTRY, entry(), KEYRING, URI, fingerprint)
    return [(item["do"], item["to"], item["why"]) for item in found]


def test_a_repository_that_is_there_needs_nothing():
    assert plan({ENTRY: entry(), LIST: OTHER}) == []


def test_a_bare_host_needs_all_of_it():
    assert plan({}, key=None) == [("fetch", KEYRING, "missing"), ("write", ENTRY, "missing")]


@pytest.mark.parametrize("key", ["not a key", KEY])
def test_another_key_is_replaced(key):
    other = FINGERPRINT if key != KEY else "0" * 40
    assert plan({ENTRY: entry()}, key=key, fingerprint=other) == [("fetch", KEYRING, "it is another key")]


def test_an_older_entry_is_taken_over():
    assert plan({ENTRY: entry(), LIST: f"deb [signed-by=/x.gpg] {URI} trixie stable\n"}) == [
        ("take over", LIST, f"it names {URI} too, and apt may refuse to work")
    ]
