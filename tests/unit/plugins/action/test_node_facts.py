# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bare hosts under a strategy by which each goes on by itself stop with the reason, and blame nobody."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[4]

PLAY = """
- hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - name: In a block, as tasks of a role are
      block:
        - dockyard.swarm.node_facts:
    - ansible.builtin.import_role:
        name: %s
        rolespec_validate: false
      when: false
"""


def play(tmp_path, strategy, role):
    path = tmp_path / "play.yml"
    path.write_text(PLAY % role)
    done = subprocess.run(
        ["ansible-playbook", "-i", "localhost,", str(path)],
        cwd=ROOT, env=dict(os.environ, ANSIBLE_STRATEGY=strategy), text=True, capture_output=True, timeout=120, check=False,
    )  # fmt: skip
    return done.returncode, " ".join(done.stdout.split())


@pytest.mark.parametrize(
    ("strategy", "role", "refused"),
    [
        ("linear", "dockyard.swarm.swarm_node", False),
        ("free", "dockyard.swarm.swarm_node", True),
        ("free", "dockyard.swarm.swarm_host", False),
    ],
)
def test_a_swarm_is_not_made_by_hosts_of_which_each_goes_on_by_itself(tmp_path, strategy, role, refused):
    code, said = play(tmp_path, strategy, role)
    assert (code != 0) == refused, said
    assert ("the play runs with strategy %s" % strategy in said) == refused, said
