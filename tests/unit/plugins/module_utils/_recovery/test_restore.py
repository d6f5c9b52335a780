# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a backup is restored, what speaks against it, and the steps on that host."""

from __future__ import annotations

import pytest

from ansible_collections.dockyard.swarm.plugins.module_utils._core.plan import PlanError
from ansible_collections.dockyard.swarm.plugins.module_utils._recovery.manifest import identity
from ansible_collections.dockyard.swarm.plugins.module_utils._recovery.restore import (
    RESTORE_PENDING,
    node_plan,
    restore_plan,
)
from tests.unit.recovery_example import MANIFEST, OUTSIDE, THREE, facts, member


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
    def plan(
        self, swarm="outside", journal=None, version="26.1.5+dfsg1", addresses=("192.0.2.12",), key_encrypted=False
    ):
        swarm = OUTSIDE if swarm == "outside" else swarm
        state = {
            "swarm": swarm,
            "version": version,
            "addresses": list(addresses),
            "journal": journal,
            "key_encrypted": key_encrypted,
        }
        return [item["do"] for item in node_plan(state, MANIFEST)]

    def journal(self, phase, **changes):
        return {**identity(MANIFEST), "phase": phase, "root": "/x", **changes}

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
            assert self.plan(swarm, self.journal("started"), key_encrypted=True) == ["decrypt", "end"]

    def test_another_backup_starts_over(self):
        older = self.journal("started", created="2026-02-01T00:00:00Z")
        assert self.plan(member(2, quorum=False), older) == ["put", "recover"]

    def test_not_with_another_address_nor_an_older_engine(self):
        with pytest.raises(PlanError, match=r"192\.0\.2\.12"):
            self.plan(addresses=["192.0.2.99"])
        with pytest.raises(PlanError, match="older one may not"):
            self.plan(version="25.0.1")
