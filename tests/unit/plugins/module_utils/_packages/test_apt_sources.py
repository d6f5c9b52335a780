# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.dockyard.swarm.plugins.module_utils._core.config_files import digest
from ansible_collections.dockyard.swarm.plugins.module_utils._packages import apt_sources, repositories

URI = "https://packages.example.com/linux/debian"
LIST, SOURCES = "/etc/apt/sources.list.d/docker.list", "/etc/apt/sources.list.d/old.sources"
OTHER = "deb http://deb.example.org/debian trixie main\n"
STANZA = "Types: deb\nURIs: %s\nSuites: trixie\nComponents: stable\nSigned-By: /usr/share/keyrings/old.gpg\n"


FINGERPRINT = "B47B BC16 3D3C 6884 0B52  2722 747D EDC3 4085 5412"
REPOSITORY = {
    "name": "docker", "uri": URI, "suite": "trixie", "components": ["stable"], "architecture": "amd64",
    "fingerprint": FINGERPRINT,
}  # fmt: skip
KEYRING, ENTRY = "/etc/apt/keyrings/docker.asc", "/etc/apt/sources.list.d/docker.sources"


def entry():
    return apt_sources.source_text(REPOSITORY)


def test_the_entry_of_a_repository():
    assert entry() == (
        "# Written by dockyard.swarm.\nTypes: deb\nURIs: https://packages.example.com/linux/debian\nSuites: trixie\n"
        "Components: stable\nArchitectures: amd64\nSigned-By: /etc/apt/keyrings/docker.asc\n"
    )
    assert repositories.names(apt_sources, SOURCES, entry(), [URI])


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
    assert apt_sources.take_over(LIST, text, [URI]) == OTHER + "# taken over by dockyard.swarm: " + line


@pytest.mark.parametrize(
    "line", [f"# deb {URI} trixie stable\n", OTHER, f"deb {URI}-test trixie stable\n", "nonsense\n", ""]
)
def test_other_lines_stay(line):
    assert apt_sources.take_over(LIST, line, [URI]) == line


def test_a_stanza_is_put_out_of_force_and_its_neighbours_stay():
    other = STANZA % "https://elsewhere.example.com"
    text = f"# mine\n{STANZA % URI}\n{other}"
    taken = apt_sources.take_over(SOURCES, text, [URI])
    assert taken == f"# taken over by dockyard.swarm: {URI}\n# mine\n{STANZA % URI}Enabled: no\n\n{other}"
    assert other in taken
    assert not repositories.names(apt_sources, SOURCES, taken, [URI])


@pytest.mark.parametrize("value", ["no", "No", "false", "0"])
def test_a_stanza_that_is_out_of_force_stays(value):
    text = f"Enabled: {value}\n" + STANZA % URI
    assert apt_sources.take_over(SOURCES, text, [URI]) == text


def test_a_stanza_that_says_it_is_in_force_is_put_out_of_it():
    taken = apt_sources.take_over(SOURCES, "Enabled: yes\n" + STANZA % URI, [URI])
    assert taken.count("Enabled:") == 1
    assert not repositories.names(apt_sources, SOURCES, taken, [URI])


def test_what_a_stanza_names_besides_stays_in_force():
    other = "https://other.example.com/linux"
    text = STANZA % f"{other}\n# words\n {URI}/\n  {other}/more"
    taken = apt_sources.take_over(SOURCES, text, [URI])
    assert f"URIs: {other} {other}/more\n" in taken
    assert "Enabled" not in taken
    assert taken.startswith(f"# taken over by dockyard.swarm: {URI}/\nTypes: deb\n# words\nSuites: trixie\n")
    assert not repositories.names(apt_sources, SOURCES, taken, [URI])
    assert repositories.names(apt_sources, SOURCES, taken, [other])


def test_every_address_that_a_repository_had_counts():
    text = f"deb https://old.example.com/x trixie stable\ndeb {URI} trixie stable\n{OTHER}"
    taken = apt_sources.take_over(LIST, text, [URI, "https://old.example.com/x"])
    assert [line.startswith("#") for line in taken.splitlines()] == [True, True, False]


@given(
    st.lists(
        st.sampled_from(
            [STANZA % URI, STANZA % "https://a.example", "# words\n", "Enabled: yes\n" + STANZA % URI, "\n"]
        )
    )
)
def test_taking_over_twice_is_taking_over_once(parts):
    text = "\n".join(parts)
    once = apt_sources.take_over(SOURCES, text, [URI])
    assert apt_sources.take_over(SOURCES, once, [URI]) == once
    assert once.count(f"URIs: {URI}") == text.count(f"URIs: {URI}")


def plan(**changed):
    state = dict({"entry": digest(entry()), "key": FINGERPRINT.replace(" ", ""), "named_in": []}, **changed)
    return [(item["do"], item["to"], item["why"]) for item in repositories.make_plan(apt_sources, state, REPOSITORY)]


def test_a_repository_that_is_there_needs_nothing():
    assert plan() == []


def test_a_bare_host_needs_all_of_it():
    assert plan(entry=None, key=None) == [("fetch", KEYRING, "missing"), ("write", ENTRY, "missing")]


@pytest.mark.parametrize("key", ["none", "0" * 40, f"{FINGERPRINT.replace(' ', '')}, {'0' * 40}"])
def test_another_key_is_replaced(key):
    assert plan(key=key) == [("fetch", KEYRING, "differs")]


def test_an_entry_that_was_edited_is_written_again():
    assert plan(entry=digest("x")) == [("write", ENTRY, "its content differs")]


def test_an_older_entry_is_taken_over():
    assert plan(named_in=[LIST]) == [("take over", LIST, "it names the same repository, and apt may refuse to work")]


def test_reading_tells_of_the_entry_the_key_and_those_that_name_it_too(tmp_path, monkeypatch):
    (tmp_path / "docker.sources").write_text(entry())
    (tmp_path / "docker.asc").write_text("no key")
    (tmp_path / "older.list").write_text(f"deb {URI} trixie stable\n")
    (tmp_path / "other.list").write_text(OTHER)
    own = (str(tmp_path / "docker.sources"), str(tmp_path / "docker.asc"))
    text = entry()
    monkeypatch.setattr(apt_sources, "paths", lambda _name: own)
    monkeypatch.setattr(apt_sources, "PATTERNS", (str(tmp_path / "*.list"), str(tmp_path / "*.sources")))
    assert repositories.read(apt_sources, "docker", [URI]) == {
        "entry": digest(text),
        "key": "none",
        "named_in": [str(tmp_path / "older.list")],
    }
