# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.dockyard.swarm.plugins.module_utils._swarm import quorum
from tests.unit.swarm_example import inside, node, three_managers


@pytest.mark.parametrize(
    ("managers", "dead", "leaves", "survives"),
    [
        (1, 0, False, False),
        (2, 0, True, False),
        (3, 0, True, True),
        (3, 1, False, False),
        (5, 1, True, True),
        (5, 2, False, False),
    ],
)
def test_what_becomes_of_the_quorum(managers, dead, leaves, survives):
    known = [node("m%d" % i, "manager", "down" if i >= managers - dead else "ready") for i in range(managers)]
    voters = quorum.Quorum([*known, node("w1")])
    assert (voters.allows("id-m0"), voters.survives("id-m0")) == (leaves, survives)
    assert voters.allows("id-w1")
    assert voters.survives("id-w1")


def test_dead_manager_may_go_where_a_living_one_must_not():
    voters = quorum.Quorum(three_managers(dead=1))
    assert voters.allows("id-m3")
    assert not voters.allows("id-m2")
    assert "2 managers that would remain 1 would be reachable, and 2 are needed" in voters.numbers("id-m2")


def test_who_is_in_raft_votes_whatever_its_role_is_to_be():
    demoted = dict(node("m2", "manager"), role="worker")
    promoted = node("m3", "manager", reachability=None)
    assert quorum.Quorum([node("m1", "manager"), demoted, promoted]).voters == {"id-m1", "id-m2"}


def test_leaving_is_refused_where_it_ends_the_swarm_or_loses_the_quorum():
    alone = inside("m1", True, nodes=[node("m1", "manager")])
    last = inside("m1", True, nodes=[node("m1", "manager"), node("w1")])
    weak = inside("m1", True, nodes=three_managers(dead=1))
    safe = inside("m1", True, nodes=three_managers())
    assert quorum.leave_problem(alone) is None
    assert "only manager" in quorum.leave_problem(last)
    assert "quorum" in quorum.leave_problem(weak)
    assert quorum.leave_problem(safe) is None
    assert quorum.leave_problem(inside("w1")) is None


def test_two_demotions_in_one_call_are_weighed_together():
    known = three_managers()
    assert quorum.demotion_problem(known, ["id-m1"]) is None
    assert quorum.demotion_problem(known, ["id-m1", "id-m2"]) is None
    assert "m3" in quorum.demotion_problem(known, ["id-m1", "id-m2", "id-m3"])
