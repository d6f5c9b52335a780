# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which manager is backed up, which backups stay, and what speaks against bringing one back."""

from __future__ import annotations

import pytest

from ansible_collections.dockyard.swarm.plugins.module_utils._core.plan import PlanError
from ansible_collections.dockyard.swarm.plugins.module_utils._recovery import backup
from ansible_collections.dockyard.swarm.plugins.module_utils._recovery.recover import (
    RECOVERY_PENDING,
    recover_plan,
    recover_request,
    recover_steps,
)
from ansible_collections.dockyard.swarm.plugins.module_utils._recovery.restore import (
    IDENTITY,
    RESTORE_PENDING,
    init_request,
    node_plan,
    restore_plan,
)

CLUSTER = "7b5gqv0vkrczabcdefgh12345"
MANIFEST = {
    "format": 1,
    "cluster_id": CLUSTER,
    "node_id": "n2",
    "hostname": "m2",
    "advertise_addr": "192.0.2.12",
    "raft_addr": "192.0.2.12:2377",
    "listen_addr": "0.0.0.0:2377",
    "data_path_addr": "",
    "engine": "26.1.5+dfsg1",
    "autolock": False,
    "spec": {"Name": "default", "Orchestration": {"TaskHistoryRetentionLimit": 3}},
    "created": "2026-03-01T12:30:00Z",
}


def node(number, role="manager", reachability="reachable", leader=False):
    return {
        "id": f"n{number}",
        "hostname": f"m{number}",
        "role": role,
        "reachability": reachability if role == "manager" else None,
        "leader": leader,
    }


def member(number, nodes=(), **changes):
    state = {
        "state": "active",
        "error": None,
        "node_id": f"n{number}",
        "node_addr": f"192.0.2.1{number}",
        "manager": True,
        "quorum": True,
        "cluster_id": CLUSTER,
        "managers": [],
        "nodes": list(nodes),
        "spec": {},
    }
    return {**state, **changes}


OUTSIDE = {
    "state": "inactive",
    "error": None,
    "node_id": None,
    "manager": False,
    "quorum": None,
    "cluster_id": None,
    "managers": [],
}


def facts(number, swarm=None, version="26.1.5+dfsg1", files=()):
    return {
        "swarm": swarm or OUTSIDE,
        "addresses": [{"address": f"192.0.2.1{number}"}, {"address": "172.17.0.1"}],
        "engine": {"version": version},
        "files": {path: {} for path in files},
    }


THREE = [node(1, leader=True), node(2), node(3), node(4, "worker")]


class TestWhichManager:
    def test_not_the_leader(self):
        states = {f"m{number}": member(number, THREE) for number in (1, 2, 3)}
        assert backup.backup_host(states, ["m1", "m2", "m3"]) == "m2"

    def test_the_leader_where_there_is_no_other(self):
        assert backup.backup_host({"m1": member(1, THREE)}, ["m1"]) == "m1"

    def test_only_hosts_that_were_read(self):
        assert backup.backup_host({"m3": member(3, THREE)}, ["m2", "m3"]) == "m3"
        assert backup.backup_host({}, ["m1"]) is None

    def test_one_of_three_may_stand_still_and_none_while_another_is_away(self):
        assert backup.backup_problem(member(2, THREE)) is None
        away = [node(1, leader=True), node(2), node(3, reachability="unreachable")]
        assert "1 of 3 managers can be reached, and 2 are needed" in backup.backup_problem(member(2, away))
        assert backup.backup_problem(member(2, away), force=True) is None

    @pytest.mark.parametrize("nodes", [THREE[:1], THREE[:2]])
    def test_one_or_two_managers_have_no_other_way(self, nodes):
        assert backup.backup_problem(member(1, nodes)) is None

    def test_a_fourth_manager_helps_no_more_than_three(self):
        four = [node(1, leader=True), node(2), node(3), node(4, reachability="unreachable")]
        assert "2 of 4" in backup.backup_problem(member(2, four))

    @pytest.mark.parametrize(
        ("swarm", "words"),
        [
            (OUTSIDE, "it is inactive"),
            (member(4, manager=False), "it is a worker"),
            (member(1, state="locked", manager=False), "it is locked"),
            (member(1, quorum=False, error="no leader here"), "no leader here"),
        ],
    )
    def test_only_a_manager_with_a_quorum_can_be_backed_up(self, swarm, words):
        assert words in backup.backup_problem(swarm, force=True)


class TestManifest:
    def test_the_address_is_that_of_raft_not_the_nodes_own(self):
        addrs = {"n1": "192.0.2.11:2377", "n2": "198.51.100.2:2377"}
        joined = {"ListenAddr": "0.0.0.0:2378", "DataPathAddr": "203.0.113.2"}
        made = backup.manifest(member(2, THREE), node(2), addrs, "26.1.5", joined, "2026-03-01T12:30:00Z")
        assert (made["advertise_addr"], made["raft_addr"]) == ("198.51.100.2", "198.51.100.2:2377")
        assert (made["listen_addr"], made["data_path_addr"]) == ("0.0.0.0:2378", "203.0.113.2")
        assert (made["format"], made["autolock"]) == (1, False)
        assert [item["hostname"] for item in made["managers"]] == ["m1", "m2"]

    def test_a_locked_swarm(self):
        swarm = member(1, THREE, spec={"EncryptionConfig": {"AutoLockManagers": True}})
        assert backup.manifest(swarm, node(1), {"n1": "192.0.2.11:2377"}, "26", {}, "")["autolock"] is True

    @pytest.mark.parametrize(
        ("addr", "host"),
        [("192.0.2.1:2377", "192.0.2.1"), ("[2001:db8::1]:2377", "2001:db8::1"), ("2001:db8::1", "2001:db8::1")],
    )
    def test_hosts_of_addresses(self, addr, host):
        assert backup.host_of(addr) == host


class TestRetention:
    NAMES = [f"7b5gqv0vkrcz-2026030{day}T000000Z.backup" for day in (1, 2, 3, 4)]

    def test_names_sort_by_time(self):
        name = backup.file_name(CLUSTER, "2026-03-01T12:30:00Z")
        assert name == "7b5gqv0vkrcz-20260301T123000Z.backup"
        assert backup.of_cluster([*self.NAMES, name], CLUSTER)[-2] == name

    def test_the_newest_stay(self):
        assert backup.outdated(self.NAMES, self.NAMES[3], CLUSTER, 2) == [self.NAMES[1], self.NAMES[0]]
        assert backup.outdated(self.NAMES, self.NAMES[3], CLUSTER, 4) == []

    def test_the_new_one_stays_even_where_the_clock_went_back(self):
        assert backup.outdated(self.NAMES, self.NAMES[0], CLUSTER, 1) == list(reversed(self.NAMES[1:]))

    def test_one_stays_whatever_is_asked_for(self):
        assert self.NAMES[3] not in backup.outdated(self.NAMES, self.NAMES[3], CLUSTER, 0)

    def test_other_swarms_and_other_files_are_not_touched(self):
        others = ["otherswarm00-20200101T000000Z.backup", "notes.txt", "7b5gqv0vkrcz-20200101T000000Z.tar"]
        assert backup.outdated([*self.NAMES, *others], self.NAMES[3], CLUSTER, 1) == list(reversed(self.NAMES[:3]))


class TestWhereItIsRestored:
    MANAGERS = ["m1", "m2", "m3"]

    def plan(self, wanted="", **changes):
        hosts = {f"m{number}": facts(number) for number in (1, 2, 3)}
        return restore_plan(MANIFEST, {**hosts, **changes}, self.MANAGERS, wanted)

    def test_on_the_manager_with_its_address(self):
        assert self.plan() == {"host": "m2", "problems": [], "there": False}

    def test_the_engine_may_be_missing_yet(self):
        assert self.plan(m2=facts(2, version=None))["problems"] == []

    @pytest.mark.parametrize("wanted", ["", "m3"])
    def test_no_host_with_its_address(self, wanted):
        (problem,) = self.plan(wanted, m2=facts(9))["problems"]
        assert "192.0.2.12" in problem
        assert f"Give {wanted or 'm1'} this address" in problem

    def test_a_host_that_is_no_manager(self):
        assert "m9 is no manager of the inventory" in self.plan("m9")["problems"][0]

    def test_a_manager_that_still_has_a_quorum(self):
        (problem,) = self.plan(m3=facts(3, member(3, THREE)))["problems"]
        assert problem.startswith("m3: still in a swarm (active, a manager), which has a quorum")

    def test_a_manager_without_quorum_knows_more_than_the_backup(self):
        (problem,) = self.plan(m1=facts(1, member(1, quorum=False)))["problems"]
        assert "playbooks/recover.yml" in problem

    @pytest.mark.parametrize("state", ["locked", "stopped", "pending", "error"])
    def test_a_manager_in_any_other_state(self, state):
        (problem,) = self.plan(m2=facts(2, {**OUTSIDE, "state": state}))["problems"]
        assert problem.startswith(f"m2: still in a swarm ({state})")

    def test_a_manager_that_was_not_read(self):
        (problem,) = self.plan(m3=None)["problems"]
        assert problem.startswith("m3: could not be read")
        assert "--limit" in problem

    def test_workers_wait_for_their_managers(self):
        assert self.plan(w1=facts(4, member(4, manager=False, quorum=None)), w2=None)["problems"] == []

    def test_a_worker_of_the_inventory_that_is_a_manager(self):
        assert self.plan(w1=facts(4, member(4, THREE)))["problems"][0].startswith("w1: still in a swarm")

    def test_an_older_engine(self):
        (problem,) = self.plan(m2=facts(2, version="20.10.24+dfsg1"))["problems"]
        assert problem.startswith("m2: its Engine is 20.10.24+dfsg1, and the backup is from 26.1.5+dfsg1")
        assert self.plan(m2=facts(2, version="28.5.2"))["problems"] == []

    def test_again_once_it_is_there_and_others_have_joined(self):
        plan = self.plan(m2=facts(2, member(2, THREE)), m3=facts(3, member(3, THREE)))
        assert plan == {"host": "m2", "problems": [], "there": True}

    @pytest.mark.parametrize(
        "swarm", [{**OUTSIDE, "state": "locked"}, {**OUTSIDE, "state": "stopped"}, member(2, quorum=False), OUTSIDE]
    )
    def test_one_that_was_cut_short_goes_on(self, swarm):
        assert self.plan(m2=facts(2, swarm, files=[RESTORE_PENDING]))["problems"] == []

    def test_another_node_is_no_restore_that_was_cut_short(self):
        other = member(7, quorum=False)
        assert self.plan(m2=facts(2, other, files=[RESTORE_PENDING]))["problems"] != []


class TestOnItsHost:
    def plan(self, swarm="outside", journal=None, version="26.1.5+dfsg1", addresses=("192.0.2.12",), sealed=False):
        swarm = OUTSIDE if swarm == "outside" else swarm
        state = {"swarm": swarm, "version": version, "addresses": list(addresses), "journal": journal, "sealed": sealed}
        return [item["do"] for item in node_plan(state, MANIFEST)]

    def journal(self, phase, **changes):
        return {**{key: MANIFEST[key] for key in IDENTITY}, "phase": phase, "root": "/x", **changes}

    def test_all_of_it(self):
        assert self.plan() == ["put", "recover"]
        assert self.plan(swarm=None, version=None) == ["put", "recover"]  # in check mode, without an Engine

    def test_nothing_where_it_is_there(self):
        assert self.plan(member(2, THREE)) == []

    @pytest.mark.parametrize(
        "swarm", [member(2, cluster_id="other"), member(3), member(2, quorum=False), {**OUTSIDE, "state": "locked"}]
    )
    def test_never_over_a_node_that_is_in_a_swarm(self, swarm):
        with pytest.raises(PlanError, match="docker swarm leave"):
            self.plan(swarm)

    def test_cut_short_while_it_was_put_there(self):
        assert self.plan(None, self.journal("placing"), None) == ["put", "recover"]
        assert self.plan({**OUTSIDE, "state": "locked"}, self.journal("placing")) == ["put", "recover"]

    @pytest.mark.parametrize("swarm", [None, member(2, quorum=False)])
    def test_cut_short_after_that(self, swarm):
        assert self.plan(swarm, self.journal("started")) == ["recover"]

    def test_cut_short_at_its_end(self):
        assert self.plan(member(2, THREE), self.journal("started")) == ["end"]
        # One that locks its managers encrypts its key once it has gone on alone, and needs it for the last restart.
        for swarm in (member(2, THREE), {**OUTSIDE, "state": "locked"}):
            assert self.plan(swarm, self.journal("started"), sealed=True) == ["decrypt", "end"]

    def test_another_backup_begins_anew(self):
        older = self.journal("started", created="2026-02-01T00:00:00Z")
        assert self.plan(member(2, quorum=False), older) == ["put", "recover"]

    def test_not_with_another_address_nor_an_older_engine(self):
        with pytest.raises(PlanError, match=r"192\.0\.2\.12"):
            self.plan(addresses=["192.0.2.99"])
        with pytest.raises(PlanError, match="older one may not"):
            self.plan(version="25.0.1")


class TestRequest:
    def test_the_address_of_the_backup(self):
        body = init_request(MANIFEST, ["192.0.2.12"])
        assert body["ForceNewCluster"] is True
        assert body["AdvertiseAddr"] == "192.0.2.12:2377"
        assert "DataPathAddr" not in body
        assert "AutoLockManagers" not in body
        assert body["Spec"] == MANIFEST["spec"]

    def test_another_data_path_only_where_the_host_has_it(self):
        manifest = {**MANIFEST, "data_path_addr": "203.0.113.2"}
        assert init_request(manifest, ["192.0.2.12", "203.0.113.2"])["DataPathAddr"] == "203.0.113.2"
        assert "DataPathAddr" not in init_request(manifest, ["192.0.2.12"])


class TestRecover:
    LOST = {"quorum": False, "managers": [{"node_id": "n1", "addr": "192.0.2.11:2377"}]}

    def plan(self, wanted="m1", **changes):
        hosts = {"m1": facts(1, member(1, **self.LOST)), "m2": None, "m3": None}
        return recover_plan({**hosts, **changes}, wanted)

    def test_one_that_is_left(self):
        assert self.plan() == {"problems": [], "there": False}

    def test_one_that_was_booted_since_is_pending(self):
        assert self.plan(m1=facts(1, member(1, **self.LOST, state="pending")))["problems"] == []

    def test_a_manager_with_a_quorum_anywhere(self):
        (problem,) = self.plan(m3=facts(3, member(3, THREE)))["problems"]
        assert problem.startswith("m3 is a manager and has a quorum")

    def test_again(self):
        assert self.plan(m1=facts(1, member(1, THREE[:1]))) == {"problems": [], "there": True}

    @pytest.mark.parametrize(
        ("swarm", "words"),
        [
            (OUTSIDE, "it is no manager of a swarm (it is inactive)"),
            (member(1, manager=False, quorum=None), "it is a worker"),
        ],
    )
    def test_nothing_else(self, swarm, words):
        assert words in self.plan(m1=facts(1, swarm))["problems"][0]

    def test_hosts_that_are_not_there(self):
        assert "'' is no host" in self.plan("")["problems"][0]
        assert "m2: could not be read" in self.plan("m2")["problems"][0]

    def test_its_address_is_the_one_that_raft_knows(self):
        swarm = member(1, **self.LOST, node_addr="198.51.100.9")
        assert recover_request(swarm, {}, [], False)["AdvertiseAddr"] == "192.0.2.11:2377"
        swarm["managers"] = []
        assert recover_request(swarm, {"AdvertiseAddr": "192.0.2.5"}, [], False)["AdvertiseAddr"] == "192.0.2.5:2377"

    def steps(self, swarm, sealed=False, journal=None):
        return [item["do"] for item in recover_steps(swarm, sealed, journal)]

    def test_steps(self):
        assert self.steps(member(1, **self.LOST)) == ["recover"]
        assert self.steps(member(1), sealed=True) == []
        with pytest.raises(PlanError, match="no manager of a swarm"):
            self.steps(OUTSIDE)

    def test_a_swarm_that_locks_its_managers(self):
        """The Engine starts the manager anew, which has nobody then who unlocks it."""
        locked = {**OUTSIDE, "state": "locked", "managers": [], "node_addr": None}
        for swarm in (member(1, **self.LOST), member(1, **self.LOST, state="pending"), locked):
            assert self.steps(swarm, sealed=True) == ["decrypt", "recover"]

    def test_what_was_cut_short(self):
        locked = {**OUTSIDE, "state": "locked", "managers": [], "node_addr": None}
        begun, alone = ({"autolock": True, "alone": value} for value in (False, True))
        assert self.steps(member(1, **self.LOST, state="pending"), False, begun) == ["recover"]
        assert self.steps(locked, True, begun) == ["decrypt", "recover"]
        assert self.steps(locked, True, alone) == ["decrypt", "end"]
        assert self.steps(member(1), True, alone) == ["decrypt", "end"]
        assert self.steps(member(1), False, alone) == ["end"]

    def test_a_manager_that_is_stopped_by_a_recovery(self):
        """The Engine could not start it anew, and tells of an active node that is no manager."""
        stopped = member(1, manager=False, quorum=None)
        assert self.steps(stopped, False, {"autolock": True, "alone": True}) == ["recover"]
        assert self.plan(m1=facts(1, stopped, files=[RECOVERY_PENDING]))["problems"] == []

    def test_the_settings_stay(self):
        """Autolock is the one that the Engine takes from the request in any case."""
        swarm = member(1, **self.LOST)
        assert recover_request(swarm, {}, [], True)["Spec"] == {
            "EncryptionConfig": {"AutoLockManagers": True},
            "Name": "default",
        }
        assert "AutoLockManagers" not in recover_request(swarm, {}, [], False)

    def test_several_that_are_locked_may_have_a_quorum(self):
        locked = {**OUTSIDE, "state": "locked"}
        assert self.plan(m1=facts(1, locked))["problems"] == []
        (problem,) = self.plan(m1=facts(1, locked), m2=facts(2, locked))["problems"]
        assert "there may be a quorum once they are unlocked" in problem
        assert self.plan(m2=facts(2, locked))["problems"] == []
