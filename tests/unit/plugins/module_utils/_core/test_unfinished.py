# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os

import pytest

from ansible_collections.dockyard.swarm.plugins.module_utils._core.unfinished import Pending
from ansible_collections.dockyard.swarm.plugins.module_utils._engine.image_archive import load_steps


@pytest.fixture
def pending(tmp_path):
    return Pending(str(tmp_path / "etc" / "pending"))


def test_what_was_begun_is_known_until_it_ends(pending):
    assert pending.names() == set()
    pending.begin(["nginx:1"])
    pending.begin(["registry:2.8", "nginx:1"])
    assert pending.names() == {"nginx:1", "registry:2.8"}
    assert pending.since() == os.stat(pending.path).st_mtime
    pending.end(["nginx:1"])
    assert pending.names() == {"registry:2.8"}
    pending.end()
    assert not os.path.exists(pending.path)
    pending.end()


def test_everything_is_on_the_disk_before_it_is_forgotten(pending, monkeypatch):
    pending.begin(["nginx:1"])
    seen = []
    monkeypatch.setattr(os, "sync", lambda: seen.append(pending.names()))
    pending.end(["nginx:1"])
    assert seen == [{"nginx:1"}]
    pending.forget()
    assert len(seen) == 1


@pytest.mark.parametrize(
    ("there", "names", "steps"),
    [
        (False, [], [("load", None, "not on this host")]),
        (True, [], []),
        (True, ["other:1"], []),
        (True, ["nginx:1"], [("load", "incomplete", "its load was interrupted")]),
        (False, ["nginx:1"], [("load", None, "not on this host")]),
    ],
)
def test_an_image_whose_load_was_cut_short_is_loaded_again(there, names, steps):
    assert [(item["do"], item["before"], item["why"]) for item in load_steps("nginx:1", there, names)] == steps
