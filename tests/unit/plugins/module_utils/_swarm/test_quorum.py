# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.dockyard.swarm.plugins.module_utils._swarm.quorum import Quorum
from tests.unit.swarm_example import node, three_managers


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
    quorum = Quorum([*known, node("w1")])
    assert (quorum.allows("id-m0"), quorum.survives("id-m0")) == (leaves, survives)
    assert quorum.allows("id-w1")
    assert quorum.survives("id-w1")


def test_dead_manager_may_go_where_a_living_one_must_not():
    quorum = Quorum(three_managers(dead=1))
    assert quorum.allows("id-m3")
    assert not quorum.allows("id-m2")
    assert "2 managers that would remain 1 would be reachable, and 2 are needed" in quorum.numbers("id-m2")


def test_who_is_in_raft_votes_whatever_its_role_is_to_be():
    demoted = dict(node("m2", "manager"), role="worker")
    promoted = node("m3", "manager", reachability=None)
    assert Quorum([node("m1", "manager"), demoted, promoted]).voters == {"id-m1", "id-m2"}
