# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.dockyard.swarm.plugins.module_utils._swarm.unlock import unlock_steps

ROOT = "/srv/docker"


def steps(state, key_encrypted):
    return unlock_steps({"state": state, "root": ROOT, "key_encrypted": key_encrypted})


@pytest.mark.parametrize("state", ["active", "inactive", "pending", "error"])
@pytest.mark.parametrize("key_encrypted", [True, False])
def test_a_node_that_is_not_locked_is_left_alone(state, key_encrypted):
    assert steps(state, key_encrypted) == []


def test_a_locked_manager_starts_with_its_key_decrypted():
    decrypt, restart = steps("locked", True)
    assert (decrypt["do"], decrypt["to"]) == ("decrypt", f"{ROOT}/swarm/certificates/swarm-node.key")
    assert (restart["do"], restart["before"], restart["after"]) == ("restart", "locked", "unlocked")


def test_what_a_run_left_that_was_cut_short_is_ended():
    assert [item["do"] for item in steps("locked", False)] == ["restart"]
