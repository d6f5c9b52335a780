# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Labels of the swarm itself: those that are named are set, all others stay."""

from __future__ import annotations

from ansible_collections.dockyard.swarm.plugins.module_utils._swarm.settings import (
    has_update,
    label_plan,
    merged_spec,
    updated_spec,
)

SPEC = {"Name": "default", "Labels": {"a": "1", "mine": "x"}, "Raft": {"SnapshotInterval": 10000}}


def test_what_is_missing_or_differs_is_a_change():
    plan = label_plan({"a": "1", "b": "2", "mine": "y"}, SPEC)
    assert [(item["to"], item["why"], item["before"], item["after"]) for item in plan] == [
        ("swarm label b", "missing", None, "2"),
        ("swarm label mine", "differs", "x", "y"),
    ]
    assert has_update(plan)
    assert label_plan({"a": "1"}, SPEC) == []
    assert [item["to"] for item in label_plan({"a": "1"}, {})] == ["swarm label a"]


def test_other_labels_and_settings_stay():
    wanted = {"b": "2"}
    assert updated_spec(SPEC, {}, label_plan(wanted, SPEC), wanted) == {
        **SPEC,
        "Labels": {"a": "1", "mine": "x", "b": "2"},
    }
    assert updated_spec(SPEC, {}, []) == SPEC
    assert merged_spec(SPEC, {"snapshot_interval": 5})["Labels"] == SPEC["Labels"]
