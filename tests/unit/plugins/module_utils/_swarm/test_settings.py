# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import copy

import pytest

from ansible_collections.dockyard.swarm.plugins.module_utils._core.plan import PlanError
from ansible_collections.dockyard.swarm.plugins.module_utils._swarm import settings

# As a new swarm has it, with labels and an external authority of somebody else.
SPEC = {
    "Name": "default",
    "Labels": {"owner": "us"},
    "Orchestration": {"TaskHistoryRetentionLimit": 5},
    "Raft": {
        "SnapshotInterval": 10000, "KeepOldSnapshots": 0, "LogEntriesForSlowFollowers": 500, "ElectionTick": 10,
        "HeartbeatTick": 1,
    },
    "Dispatcher": {"HeartbeatPeriod": 5 * 10**9},
    "CAConfig": {"NodeCertExpiry": 7776 * 10**12, "ExternalCAs": [{"Protocol": "cfssl", "URL": "https://ca.example"}]},
    "TaskDefaults": {},
    "EncryptionConfig": {"AutoLockManagers": True},
}  # fmt: skip
ALL = {
    "autolock": True, "task_history_limit": 5, "dispatcher_heartbeat": 5, "node_cert_expiry": 2160, "snapshot_interval": 10000,
    "keep_old_snapshots": 0, "log_entries_for_slow_followers": 500,
}  # fmt: skip
OTHER = {
    "autolock": False, "task_history_limit": -1, "dispatcher_heartbeat": 1, "node_cert_expiry": 1, "snapshot_interval": 1,
    "keep_old_snapshots": 3, "log_entries_for_slow_followers": 0,
}  # fmt: skip


def spec(**parts):
    return dict(copy.deepcopy(SPEC), **parts)


def test_what_is_as_wanted_or_not_named_needs_nothing():
    assert settings.settings_plan(ALL, SPEC) == []
    assert settings.settings_plan({}, SPEC) == []
    assert settings.settings_plan(dict.fromkeys(ALL), SPEC) == []
    assert set(settings.SETTINGS) == set(ALL)


@pytest.mark.parametrize("key", sorted(OTHER))
def test_one_setting_is_changed_and_the_rest_of_the_spec_stays(key):
    wanted = {key: OTHER[key]}
    (item,) = settings.settings_plan(wanted, SPEC)
    assert (item["do"], item["to"]) == ("set", "swarm setting " + key)
    assert (item["before"], item["after"]) == (ALL[key], OTHER[key])
    merged = settings.merged_spec(SPEC, wanted)
    assert settings.settings_plan(wanted, merged) == []
    rest = {name: value for name, value in ALL.items() if name != key}
    assert settings.settings_plan(rest, merged) == []
    for part in SPEC:
        if part != settings.SETTINGS[key][0]:
            assert merged[part] == SPEC[part]
    assert merged["Raft"]["ElectionTick"] == 10
    assert merged["CAConfig"]["ExternalCAs"] == SPEC["CAConfig"]["ExternalCAs"]


def test_seconds_and_hours_are_written_as_nanoseconds():
    merged = settings.merged_spec(SPEC, {"dispatcher_heartbeat": 1, "node_cert_expiry": 2, "keep_old_snapshots": 1})
    assert merged["Dispatcher"]["HeartbeatPeriod"] == 10**9
    assert merged["CAConfig"]["NodeCertExpiry"] == 7200 * 10**9
    assert merged["Raft"]["KeepOldSnapshots"] == 1


def test_a_period_between_two_units_differs_from_both():
    (item,) = settings.settings_plan({"dispatcher_heartbeat": 2}, spec(Dispatcher={"HeartbeatPeriod": 25 * 10**8}))
    assert item["before"] == 2.5


def test_what_is_zero_the_engine_leaves_out():
    raft = {"KeepOldSnapshots": 0, "ElectionTick": 10, "HeartbeatTick": 1}
    bare = {"Name": "default", "Raft": raft}
    assert settings.settings_plan({"log_entries_for_slow_followers": 0, "autolock": False}, bare) == []
    merged = settings.merged_spec(bare, {"autolock": True, "snapshot_interval": 7})
    assert merged["EncryptionConfig"] == {"AutoLockManagers": True}
    assert merged["Raft"] == dict(raft, SnapshotInterval=7)
    assert bare == {"Name": "default", "Raft": {"KeepOldSnapshots": 0, "ElectionTick": 10, "HeartbeatTick": 1}}


def test_text_out_of_templates_counts_as_what_it_says():
    assert settings.settings_plan({"autolock": "True", "task_history_limit": "5"}, SPEC) == []
    (item,) = settings.settings_plan({"autolock": "no"}, SPEC)
    assert item["after"] is False


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ({"auto_lock": True}, "swarm_node_settings.auto_lock: there is no such setting; known are autolock, "),
        ({"autolock": "maybe"}, "swarm_node_settings.autolock: it is 'maybe'; it can be true or false"),
        ({"task_history_limit": -2}, "swarm_node_settings.task_history_limit: it is -2; .* at least -1$"),
        ({"task_history_limit": True}, "swarm_node_settings.task_history_limit: it is True; it can be a whole number"),
        ({"dispatcher_heartbeat": 0}, "swarm_node_settings.dispatcher_heartbeat: it is 0; .* at least 1 seconds"),
        ({"dispatcher_heartbeat": "5s"}, "it is '5s'; it can be a whole number of at least 1 seconds"),
        ({"node_cert_expiry": 0}, "swarm_node_settings.node_cert_expiry: it is 0; .* at least 1 hours"),
        ({"node_cert_expiry": 1.5}, "it is 1.5; it can be a whole number"),
        ({"snapshot_interval": 0}, "swarm_node_settings.snapshot_interval: it is 0; .* at least 1"),
        ({"keep_old_snapshots": -1}, "swarm_node_settings.keep_old_snapshots: it is -1; .* at least 0"),
        ([], "swarm_node_settings: it is \\[\\]; give a dictionary"),
    ],
)
def test_what_cannot_be_is_told_with_its_option(wanted, words):
    (text,) = settings.check_settings(wanted)
    with pytest.raises(PlanError, match=words) as caught:
        settings.settings_plan(wanted, SPEC)
    assert str(caught.value) == text
    with pytest.raises(PlanError, match=words):
        settings.merged_spec(SPEC, wanted)


def test_every_problem_is_told():
    assert len(settings.check_settings({"autolock": 7.5, "no": 1, "node_cert_expiry": 0, "snapshot_interval": 5})) == 3
    assert settings.check_settings(ALL) == settings.check_settings(OTHER) == settings.check_settings({}) == []


def test_rotations_are_changes_whenever_asked_for():
    plan = settings.rotation_plan(["ca", "unlock_key", "manager_token", "worker_token"], {}, SPEC)
    assert [item["do"] for item in plan] == ["rotate"] * 4
    assert settings.update_parameters(plan) == {
        "rotateWorkerToken": "true", "rotateManagerToken": "true", "rotateManagerUnlockKey": "true",
    }  # fmt: skip
    body = settings.updated_spec(SPEC, {}, plan)
    assert body["CAConfig"] == dict(SPEC["CAConfig"], ForceRotate=1)
    assert {part: body[part] for part in body if part != "CAConfig"} == {
        part: SPEC[part] for part in SPEC if part != "CAConfig"
    }


def test_the_authority_is_rotated_once_more_than_before():
    before = spec(CAConfig={"NodeCertExpiry": 1, "ForceRotate": 4})
    plan = settings.rotation_plan(["ca"], {}, before)
    assert settings.update_parameters(plan) == {}
    assert settings.updated_spec(before, {}, plan)["CAConfig"] == {"NodeCertExpiry": 1, "ForceRotate": 5}


def test_a_rotation_of_the_authority_that_is_under_way_is_waited_for_and_none_begun():
    plan = settings.rotation_plan(["ca"], {}, SPEC, under_way=True)
    assert [item["do"] for item in plan] == ["finish"]
    assert not settings.has_update(plan)
    plan = settings.rotation_plan(["ca", "worker_token"], {}, SPEC, under_way=True)
    assert settings.has_update(plan)
    assert settings.update_parameters(plan) == {"rotateWorkerToken": "true"}
    assert settings.updated_spec(SPEC, {}, plan) == SPEC


def test_settings_and_rotations_are_one_request():
    wanted = {"autolock": True}
    off = spec(EncryptionConfig={"AutoLockManagers": False})
    plan = settings.settings_plan(wanted, off) + settings.rotation_plan(["unlock_key"], wanted, off)
    assert settings.update_parameters(plan) == {"rotateManagerUnlockKey": "true"}
    assert settings.updated_spec(off, wanted, plan)["EncryptionConfig"] == {"AutoLockManagers": True}


@pytest.mark.parametrize(("wanted", "now"), [({}, False), ({"autolock": False}, True)])
def test_without_autolock_there_is_no_key_to_rotate(wanted, now):
    with pytest.raises(PlanError, match=r"autolock is off: set autolock: true in swarm_node_settings"):
        settings.rotation_plan(["unlock_key"], wanted, spec(EncryptionConfig={"AutoLockManagers": now}))


def test_what_cannot_be_rotated_is_told():
    with pytest.raises(PlanError, match="option rotate: token is unknown; known are worker_token, manager_token"):
        settings.rotation_plan(["token"], {}, SPEC)


def test_the_key_of_an_authority_is_never_shown():
    secret = spec(CAConfig={"NodeCertExpiry": 1, "SigningCACert": "cert", "SigningCAKey": "key"})
    assert settings.public_spec(secret)["CAConfig"] == {"NodeCertExpiry": 1}
    assert secret["CAConfig"]["SigningCAKey"] == "key"
    assert settings.public_spec({}) == {}


def test_nodes_without_a_certificate_of_the_new_authority_are_named():
    def node(name, issuer, state="ready"):
        tls = {"TrustRoot": "old", "CertIssuerPublicKey": issuer}
        return {"ID": "id-" + name, "Description": {"Hostname": name, "TLSInfo": tls}, "Status": {"State": state}}

    cluster = {"TLSInfo": {"TrustRoot": "old", "CertIssuerPublicKey": "new"}, "RootRotationInProgress": True}
    nodes = [
        node("c", "old", "down"),
        node("a", "new"),
        node("b", "old"),
        {"ID": "id-x", "Status": {"State": "unknown"}},
    ]
    assert settings.unrotated(cluster, nodes) == ["b", "c (down)", "id-x (unknown)"]
