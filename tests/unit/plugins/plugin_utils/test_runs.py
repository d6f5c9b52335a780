# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run is its process: of another controller nothing is known, and a number that is used again is another run."""

from __future__ import annotations

import subprocess

import pytest

from ansible_collections.dockyard.swarm.plugins.plugin_utils import _runs


def test_this_run_goes_on():
    assert not _runs.has_ended(_runs.this_run())


@pytest.mark.parametrize("run", ["", "x", "other:1:1", "other:999999999:7"])
def test_of_another_controller_nothing_is_known(run):
    assert not _runs.has_ended(run)


def test_a_process_that_is_gone_or_began_later_is_another_run():
    place, pid, begun = _runs.this_run().split(":")
    assert _runs.has_ended(":".join((place, pid, str(int(begun) - 1))))
    with subprocess.Popen(["sleep", "60"]) as process:
        run = ":".join((place, str(process.pid), _runs._begun(process.pid)))
        assert not _runs.has_ended(run)
        process.kill()
        process.wait()
        assert _runs.has_ended(run)
