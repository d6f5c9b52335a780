# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which manager is backed up, and what it has to wait for."""

from __future__ import annotations

import pytest

from ansible_collections.dockyard.swarm.plugins.module_utils._recovery import backup
from tests.unit.recovery_example import OUTSIDE, THREE, member, node


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
