# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.dockyard.swarm.plugins.module_utils._swarm.join import join_plan
from tests.unit.swarm_example import BARE, inside


def test_module_plan_of_one_node():
    wanted = {"state": "present", "role": "worker", "advertise_addr": "192.0.2.2", "initialise": False}
    assert [item["do"] for item in join_plan(BARE, wanted)] == ["join"]
    assert join_plan(inside("w1"), wanted) == []
    assert [item["do"] for item in join_plan(BARE, dict(wanted, initialise=True))] == ["initialise"]
    assert [item["do"] for item in join_plan(inside("w1"), dict(wanted, state="absent"))] == ["leave"]
    assert join_plan(BARE, dict(wanted, state="absent")) == []
