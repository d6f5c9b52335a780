# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Everything that is looked at before a run makes one plan."""

from __future__ import annotations

from tests.unit.host_example import plan
from tests.unit.swarm_example import BARE


def test_bare_hosts_are_planned_without_a_problem():
    found = plan()
    assert found["problems"] == []
    assert found["manager"] == "node1"
    assert found["addresses"] == {"node1": "192.0.2.11", "node2": "192.0.2.12"}
    assert found["join_addrs"] == ["192.0.2.11:2377"]
    assert found["swarm"]["init"] == "node1"


def test_a_lost_quorum_stops_every_run_but_the_one_that_repairs_it():
    lost = dict(
        BARE, state="active", node_id="n1", node_addr="192.0.2.11", manager=True, quorum=False, error="no leader"
    )
    assert "have lost their quorum" in plan(workers=(), node1={"swarm": lost})["problems"][0]
    assert plan(workers=(), options={"repairs": True, "forms_swarm": False}, node1={"swarm": lost})["problems"] == []
    # Anything else that is wrong still stops that one.
    system = {"id": "plan9", "version": "4", "name": "Plan 9", "family": "unknown"}
    assert plan(workers=(), options={"repairs": True}, node1={"swarm": lost, "os": system})["problems"] != []


def test_users_and_configuration_of_the_registry_are_checked_before_anything_is_changed():
    options = {
        "registry_users": {"ci": "ok\n", "a:b": "hunter22"},
        "registry_config": {"storage": {"s3": {}, "gcs": {}}},
    }
    problems = plan(options=options)["problems"]
    assert [text.partition(":")[0] for text in problems] == ["swarm_registry_users", "swarm_registry_config"]
    assert "hunter22" not in str(problems)
