# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What speaks against recovering a swarm from one of its managers, and the steps."""

from __future__ import annotations

import pytest

from ansible_collections.dockyard.swarm.plugins.module_utils._core.plan import PlanError
from ansible_collections.dockyard.swarm.plugins.module_utils._recovery.recover import (
    RECOVERY_PENDING,
    recover_plan,
    recover_request,
    recover_steps,
)
from tests.unit.recovery_example import OUTSIDE, THREE, facts, member


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

    def steps(self, swarm, key_encrypted=False, journal=None):
        return [item["do"] for item in recover_steps(swarm, key_encrypted, journal)]

    def test_steps(self):
        assert self.steps(member(1, **self.LOST)) == ["recover"]
        assert self.steps(member(1), key_encrypted=True) == []
        with pytest.raises(PlanError, match="no manager of a swarm"):
            self.steps(OUTSIDE)

    def test_a_swarm_that_locks_its_managers(self):
        """The Engine restarts the manager, and nobody unlocks it then."""
        locked = {**OUTSIDE, "state": "locked", "managers": [], "node_addr": None}
        for swarm in (member(1, **self.LOST), member(1, **self.LOST, state="pending"), locked):
            assert self.steps(swarm, key_encrypted=True) == ["decrypt", "recover"]

    def test_what_was_cut_short(self):
        locked = {**OUTSIDE, "state": "locked", "managers": [], "node_addr": None}
        begun, alone = ({"autolock": True, "alone": value} for value in (False, True))
        assert self.steps(member(1, **self.LOST, state="pending"), False, begun) == ["recover"]
        assert self.steps(locked, True, begun) == ["decrypt", "recover"]
        assert self.steps(locked, True, alone) == ["decrypt", "end"]
        assert self.steps(member(1), True, alone) == ["decrypt", "end"]
        assert self.steps(member(1), False, alone) == ["end"]

    def test_a_manager_that_is_stopped_by_a_recovery(self):
        """The Engine could not restart it, and reports an active node that is no manager."""
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
