# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Groups with other names than the wanted ones are errors, which name both."""

from __future__ import annotations

import pytest

from ansible_collections.dockyard.swarm.plugins.module_utils._preflight.groups import (
    check_groups,
    missing_group,
    missing_managers,
)

GOOD = {
    "all": ["m", "w"], "ungrouped": [], "swarm": ["m", "w"], "swarm_managers": ["m"], "swarm_workers": ["w"], "ssd": ["w"],
}  # fmt: skip


def check(groups, managers=("m",), workers=("w",)):
    return check_groups(groups, "swarm_managers", "swarm_workers", [*managers, *workers])


def test_the_sample_is_right():
    assert missing_group("swarm", GOOD) is None
    assert missing_managers("swarm_managers", GOOD) is None
    assert check(GOOD) == []
    assert check({**GOOD, "swarm": ["m"], "swarm_workers": []}, workers=()) == []


@pytest.mark.parametrize("name", ["Swarm", "swarms", "swram"])
def test_a_group_with_nearly_the_name_is_asked_about(name):
    text = missing_group("swarm", {"all": ["m"], name: ["m"], "web": ["x"]})
    assert text.startswith(f"group swarm, which this playbook works on, is not in the inventory: is {name} meant?")
    assert "Groups found: " in text
    assert "web" in text


def test_an_empty_group_and_an_empty_inventory():
    assert "group swarm, which this playbook works on, is empty. Groups" in missing_group("swarm", {"swarm": []})
    assert "Groups found: none, so check that the right inventory is used (-i)" in missing_group("swarm", {"all": []})


def test_no_manager():
    text = missing_managers("bosses", GOOD)
    assert text.startswith("is 'bosses', and no host of the inventory is in a group of this name")
    assert "swarm_managers" in text


def test_a_host_of_the_swarm_without_a_role_is_named_with_its_groups():
    groups = {**GOOD, "swarm": ["m", "w", "x", "y"], "swarm_worker": ["x"]}
    (text,) = check(groups)
    assert text.startswith(
        "x, y: in group swarm, but neither manager nor worker (groups: swarm_worker). Put each host of group swarm into "
        "swarm_managers or swarm_workers"
    )


@pytest.mark.parametrize("name", ["swarm_worker", "swarm-workers", "Swarm_Workers"])
def test_a_slip_in_a_groups_name_beside_the_swarm_is_found(name):
    groups = {"all": ["m", "w"], "swarm": ["m"], "swarm_managers": ["m"], name: ["w"]}
    assert check(groups, workers=()) == [f"w: in group {name}, and the group that counts is swarm_workers: rename it"]


def test_groups_of_one_role_do_not_stand_in_for_the_other():
    groups = {"all": ["m"], "swarm": ["m"], "swarm_managers": ["m"]}
    assert check(groups, workers=()) == []


def test_many_hosts_are_counted():
    (text,) = check({**GOOD, "swarm": ["m", "w", *(f"x{i}" for i in range(9))]})
    assert text.startswith("x0, x1, x2, x3, x4, x5 and 3 more: ")
