# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.dockyard.swarm.plugins.module_utils._packages import dnf_sources, repositories

URI = "https://packages.example.com/linux/centos"
REPOSITORY = {
    "name": "docker", "uri": URI, "suite": "9", "components": ["stable"], "architecture": "x86_64",
    "fingerprint": "060A 61C5 1B55 8A7F 742B  77AA C52F EB6B 621E 9F35",
}  # fmt: skip
OTHER = "[baseos]\nname=Base\nbaseurl=https://mirror.example.com/9/BaseOS\n\n"
STABLE = "[docker-ce-stable]\nname=Docker\nbaseurl=%s\nenabled=1\ngpgcheck=1\n"
OFF = "[docker-ce-test]\nname=Docker\nbaseurl=%s/9/x86_64/test\nenabled=0\n" % URI


def taken(text, *uris):
    return dnf_sources.take_over("docker-ce.repo", text, uris or [URI])


def test_the_entry_of_a_repository():
    assert dnf_sources.source_text(dict(REPOSITORY, uri=URI + "/")) == (
        "# Written by dockyard.swarm.\n[docker-stable]\nname=docker stable\n"
        "baseurl=https://packages.example.com/linux/centos/9/x86_64/stable\nenabled=1\ngpgcheck=1\n"
        "gpgkey=file:///etc/pki/rpm-gpg/RPM-GPG-KEY-docker\nskip_if_unavailable=0\n"
    )


def test_there_is_an_entry_for_each_component():
    text = dnf_sources.source_text(dict(REPOSITORY, components=["stable", "test"]))
    assert "[docker-stable]" in text
    assert "[docker-test]" in text
    assert "/9/x86_64/test\n" in text


@pytest.mark.parametrize(
    "baseurl",
    [
        URI + "/$releasever/$basearch/stable",
        URI + "/9/x86_64/stable/",
        URI.replace("https", "http").upper() + "/9/x86_64/stable",
        "https://elsewhere.example.com/x\n  %s/9/x86_64/stable" % URI,
        "https://packages.example.com/linux/$distribution/9/x86_64/stable",
    ],
)
def test_a_section_for_the_repository_becomes_a_comment(baseurl):
    section = STABLE % baseurl
    assert (
        taken(OTHER + section + "\n" + OFF)
        == OTHER
        + "".join("# taken over by dockyard.swarm: " + line for line in section.splitlines(keepends=True))
        + "\n"
        + OFF
    )


@pytest.mark.parametrize(
    "text",
    [
        OTHER, OFF, "", "nonsense\n", "# [x]\n# baseurl=%s\n" % URI, STABLE % (URI + "-old/9/x86_64/stable"),
        "[x]\n#baseurl=%s\nmirrorlist=https://m.example.com\n" % URI,
    ],
)  # fmt: skip
def test_other_sections_stay(text):
    assert taken(text) == text


def test_a_section_that_does_not_say_so_is_in_force():
    assert taken("[x]\nbaseurl=%s\n" % URI).startswith("# taken over by dockyard.swarm: [x]\n")


def test_what_a_mirror_stands_for_is_taken_over_too():
    old = "https://download.docker.com/linux/rhel"
    text = STABLE % (old + "/9/x86_64/stable")
    assert taken(text) == text
    assert taken(text, URI, old) != text


@given(st.lists(st.sampled_from([OTHER, STABLE % (URI + "/9/x86_64/stable"), OFF, "# words\n", "\n"])))
def test_taking_over_twice_is_taking_over_once(parts):
    text = "".join(parts)
    once = taken(text)
    assert taken(once) == once
    assert once.replace("# taken over by dockyard.swarm: ", "") == text


def test_what_a_host_has_of_it_and_what_it_needs(tmp_path, monkeypatch):
    own = (str(tmp_path / "docker.repo"), str(tmp_path / "key"))
    monkeypatch.setattr(dnf_sources, "paths", lambda _name: own)
    monkeypatch.setattr(dnf_sources, "PATTERNS", (str(tmp_path / "*.repo"),))
    old = tmp_path / "docker-ce.repo"
    old.write_text(STABLE % (URI + "/9/x86_64/stable"))
    state = repositories.read(dnf_sources, "docker", [URI])
    assert state == {"entry": None, "key": None, "named_in": [str(old)]}
    plan = repositories.make_plan(dnf_sources, state, REPOSITORY)
    assert [(item["do"], item["to"]) for item in plan] == [
        ("fetch", own[1]),
        ("take over", str(old)),
        ("write", own[0]),
    ]
    old.write_text(taken(old.read_text()))
    (tmp_path / "docker.repo").write_text(dnf_sources.source_text(REPOSITORY))
    state = dict(repositories.read(dnf_sources, "docker", [URI]), key="060A61C51B558A7F742B77AAC52FEB6B621E9F35")
    assert repositories.make_plan(dnf_sources, state, REPOSITORY) == []
