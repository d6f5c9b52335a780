# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.dockyard.swarm.plugins.module_utils._packages import versionlock

HAVE = {"docker-ce": "3:26.1.5-1.el9", "docker-ce-cli": "1:26.1.5-1.el9"}
BY_HAND = "\n# Added lock on Sat Nov 21 12:00:00 2026\ndocker-ce-3:26.1.5-1.el9.*\n"


@pytest.mark.parametrize(
    ("config", "path"),
    [
        (None, versionlock.LIST),
        ("[main]\nenabled = 1\nlocklist = /etc/other.list\n", "/etc/other.list"),
        ("[main]\nenabled=0\nlocklist = /etc/other.list\n", None),
    ],
)
def test_where_the_list_is(config, path):
    assert versionlock.list_path(config) == path


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("", []),
        (BY_HAND, ["docker-ce"]),
        ("docker-ce-3:28.5.2-1.el9.*\n", []),  # of another version than the installed one
        ("docker-ce\n", []),  # any version
        ("docker-ce-3:26.*\n", []),  # some of them
        ("docker-ce-3:26.1.5-1.el9.*\ndocker-ce-3:28.*\n", []),  # that one, or some others
        ("!docker-ce-3:26.1.5-1.el9.*\n", []),
        ("#docker-ce-3:26.1.5-1.el9.*\n", []),
        ("docker-ce-cli-1:26.1.5-1.el9.*\n", ["docker-ce-cli"]),
    ],
)
def test_what_is_held(text, held):
    assert versionlock.held(text, HAVE) == held


def test_holding_again_at_another_version_replaces_the_own_lines():
    once = versionlock.hold("# mine\nkernel-0:5.14.0-1.el9.*\n", HAVE)
    later = versionlock.hold(once, {"docker-ce": "3:28.5.2-1.el9"})
    assert later == (
        "# mine\nkernel-0:5.14.0-1.el9.*\n# held by dockyard.swarm\ndocker-ce-cli-1:26.1.5-1.el9.*\n"
        "# held by dockyard.swarm\ndocker-ce-3:28.5.2-1.el9.*\n"
    )


def test_what_others_said_of_a_package_stays_as_a_comment():
    text = versionlock.hold("docker-ce-3:26.*\n!docker-ce-3:27.*\ndocker*\n", {"docker-ce": "3:26.1.5-1.el9"})
    assert text == (
        "# taken over by dockyard.swarm: docker-ce-3:26.*\n!docker-ce-3:27.*\ndocker*\n"
        "# held by dockyard.swarm\ndocker-ce-3:26.1.5-1.el9.*\n"
    )


def test_for_a_transaction_its_packages_and_the_own_ones_are_released_and_nobody_elses():
    text = versionlock.hold(BY_HAND + "kernel-0:5.14.0-1.el9.*\n", {"containerd.io": "0:1.7.24-1.el9"})
    assert versionlock.locked(text, ["docker-ce"])
    assert not versionlock.locked(text, ["docker-ce-cli", "docker"])
    left = versionlock.released(text, ["docker-ce"])
    assert [line for line in left.splitlines() if line and not line.startswith("#")] == ["kernel-0:5.14.0-1.el9.*"]


NAMES = st.sampled_from(["docker-ce", "docker-ce-cli", "containerd.io", "kernel"])
VERSIONS = st.builds("{}:{}.{}-1.el9".format, st.integers(0, 3), st.integers(0, 30), st.integers(0, 9))
LINES = st.lists(
    st.one_of(
        st.builds("{}-{}.*".format, NAMES, VERSIONS), NAMES, st.just("# words"), st.just(""), st.just(versionlock.MARK)
    )
)


@given(LINES, st.dictionaries(NAMES, VERSIONS))
def test_what_is_to_be_held_is_held_and_a_second_time_changes_nothing(lines, versions):
    text = versionlock.hold("\n".join(lines), versions)
    assert versionlock.held(text, versions) == sorted(versions)
    again = versionlock.hold(text, versions)
    assert versionlock.held(again, versions) == sorted(versions)
    assert sorted(again.splitlines()) == sorted(text.splitlines())
