# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.dockyard.swarm.plugins.modules import packages


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("Reading lists\nE: Unable to locate package nonesuch\n", "E: Unable to locate package nonesuch"),
        (
            "dpkg: error processing package x\nmore\nE: Sub-process failed\n",
            "dpkg: error processing package x; E: Sub-",
        ),
        ("one\ntwo\n\n", "one; two"),
        ("", ""),
    ],
)
def test_what_went_wrong_is_told_in_the_package_managers_words(said, words):
    assert packages.errors(said).startswith(words)
