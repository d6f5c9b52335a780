# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.dockyard.swarm.plugins.module_utils._core import versions

DOCKER, DEBIAN, RPM = "5:28.5.2-1~debian.13~trixie", "26.1.5+dfsg1-9+b9", "3:28.5.2-1.el9"


@pytest.mark.parametrize(
    ("version", "expected"), [(DOCKER, "28.5.2"), (DEBIAN, "26.1.5"), (RPM, "28.5.2"), ("1.2", "1.2")]
)
def test_upstream(version, expected):
    assert versions.upstream(version) == expected


@pytest.mark.parametrize("wanted", ["28", "28.5", "28.5.2", DOCKER, DOCKER[2:]])
def test_what_fits(wanted):
    assert versions.fits(DOCKER, wanted)


@pytest.mark.parametrize("wanted", ["2", "28.", "28.5.1", "28.5.20", "5", "", "27"])
def test_what_does_not_fit(wanted):
    assert not versions.fits(DOCKER, wanted)


def test_the_newest_that_fits_is_chosen():
    there = ["5:29.0.0-1~x", "5:28.5.2-1~x", "5:28.5.1-1~x"]
    assert versions.choose(there, "28") == "5:28.5.2-1~x"
    assert versions.choose(there, "27") is None


def test_the_latest_is_the_first_of_them():
    assert versions.choose(["5:29.0.0-1~x", "5:28.5.2-1~x"], "latest") == "5:29.0.0-1~x"
    assert versions.choose([], "latest") is None


# In dpkg's order, each older than the next.
ORDER = [
    "1.0~rc1-1", "1.0-1", "1.0-1+b1", "1.0a-1", "1.0+x-1", "1.2-1", "1.10-1", "1:0.5-1", "5:28.5.2-1~debian.13~trixie",
    "5:29.0.0~rc.1-1~debian.13~trixie", "5:29.0.0-1~debian.13~trixie",
]  # fmt: skip


@pytest.mark.parametrize("place", range(len(ORDER) - 1))
def test_order(place):
    # An epoch alone decides nothing against a version that tells none: a file's name leaves it out.
    one, other = (version if ":" in version else "0:" + version for version in ORDER[place : place + 2])
    assert versions.compare(one, other) < 0
    assert versions.compare(*reversed([one, other])) > 0
    assert versions.compare(one, one) == 0


def test_a_version_without_an_epoch_is_compared_without():
    assert versions.compare(DOCKER, DOCKER[2:]) == 0
    assert versions.fits(DOCKER, ">=28.5.1-1")
    assert not versions.fits(DOCKER, ">=29")


@pytest.mark.parametrize(
    ("have", "wanted", "expected"),
    [
        (DEBIAN, "28", "upgrade"), (DOCKER, "26", "downgrade"), (DOCKER, "28.5.1", "downgrade"),
        (DOCKER, "5:29.0.0-1~debian.13~trixie", "upgrade"), (RPM, "3:27.5.1-1.el9", "downgrade"),
    ],
)  # fmt: skip
def test_direction(have, wanted, expected):
    assert versions.direction(have, wanted) == expected
