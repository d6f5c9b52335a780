# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.dockyard.swarm.plugins.module_utils._preflight import warnings
from tests.unit.host_example import FIREWALL, plan


def test_even_number_of_managers_is_a_warning_and_no_problem():
    found = plan(managers=("node1", "node2"), workers=())
    assert found["problems"] == []
    assert "even number" in found["warnings"][0]


def test_a_firewalld_whose_reload_takes_the_engines_rules_away_is_a_warning():
    assert plan(node1={"firewall": dict(FIREWALL, unit="firewalld.service")})["warnings"] == []
    (warning,) = plan(node1={"firewall": dict(FIREWALL, unit="firewalld.service", flushes=True)})["warnings"]
    assert warning.startswith("node1: each reload of firewalld")


def test_settings_fixed_at_init_are_reported_by_value():
    drift = warnings.fixed_settings({"data_path_port": 4789, "subnet_size": 0}, {"data_path_port": 7777})
    assert len(drift) == 1
    assert "7777" in drift[0]
    assert "4789" in drift[0]
