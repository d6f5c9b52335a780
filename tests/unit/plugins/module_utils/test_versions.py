# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.dockyard.swarm.plugins.module_utils import _versions

DOCKER, DEBIAN, RPM = "5:28.5.2-1~debian.13~trixie", "26.1.5+dfsg1-9+b9", "3:28.5.2-1.el9"


@pytest.mark.parametrize(
    ("version", "expected"), [(DOCKER, "28.5.2"), (DEBIAN, "26.1.5"), (RPM, "28.5.2"), ("1.2", "1.2")]
)
def test_upstream(version, expected):
    assert _versions.upstream(version) == expected


@pytest.mark.parametrize("wanted", ["28", "28.5", "28.5.2", DOCKER, DOCKER[2:]])
def test_what_fits(wanted):
    assert _versions.fits(DOCKER, wanted)


@pytest.mark.parametrize("wanted", ["2", "28.", "28.5.1", "28.5.20", "5", "", "27"])
def test_what_does_not_fit(wanted):
    assert not _versions.fits(DOCKER, wanted)


def test_the_newest_that_fits_is_chosen():
    there = ["5:29.0.0-1~x", "5:28.5.2-1~x", "5:28.5.1-1~x"]
    assert _versions.choose(there, "28") == "5:28.5.2-1~x"
    assert _versions.choose(there, "27") is None
