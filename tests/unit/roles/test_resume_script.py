# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The script before the sender's start, run by the shell: where it resumes when a power cut shortened the journal."""

from __future__ import annotations

import os
import subprocess

import pytest

from ansible_collections.dockyard.swarm.plugins.lookup.rendered import render

# A journal of two entries: it finds a cursor that it has, and gives the last entry up to a time.
JOURNALCTL = """#!/bin/sh
echo "$*" >> "$ASKED"
case "$*" in
*--cursor=s=1\\;t=5f5e100\\;*) echo "__CURSOR=s=1;t=5f5e100;" ;;
*--reverse*--until=@300*) echo "__CURSOR=s=1;t=11e1a300;" ;;
*) echo "__CURSOR=s=9;t=1;" ;;
esac
"""


@pytest.fixture
def resume(tmp_path):
    def run(state):
        script, journalctl, spool = (
            tmp_path / "resume.sh",
            tmp_path / "journalctl",
            tmp_path / "dockyard-logging.journal",
        )
        script.write_text(render("swarm_logging/resume.sh", {"spool": str(tmp_path)}), encoding="utf-8")
        journalctl.write_text(JOURNALCTL, encoding="utf-8")
        journalctl.chmod(0o755)
        if state is not None:
            spool.write_text(state, encoding="utf-8")
        path = f"{tmp_path}:{os.environ['PATH']}"
        done = subprocess.run(
            ["/bin/sh", str(script)], env={"PATH": path, "ASKED": str(tmp_path / "asked")}, text=True, capture_output=True,
            timeout=20, check=True,
        )  # fmt: skip
        assert done.stderr == ""
        return done.stdout, spool.read_text(encoding="utf-8") if spool.exists() else None

    return run


@pytest.mark.parametrize("state", [None, "", "s=1;t=5f5e100;", "no time in it"])
def test_it_leaves_alone_what_needs_nothing(resume, state):
    assert resume(state) == ("", state)


def test_it_resumes_at_the_last_entry_up_to_the_one_that_is_lost(resume):
    said, state = resume("s=1;t=11e1a3ff;")  # 300 s and a little after 1970
    assert state == "s=1;t=11e1a300;"
    assert said == f"The journal ends before the entry that was read last: resuming at {state}\n"
