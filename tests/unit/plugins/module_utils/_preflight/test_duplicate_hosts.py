# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.dockyard.swarm.plugins.module_utils._preflight.duplicate_hosts import check_duplicates


def machine(number, **changed):
    return dict({"hostname": f"node{number}", "machine_id": f"{number:032x}"}, **changed)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        (
            {"machine_id": machine(1)["machine_id"]},
            "node1, node2: the same machine ID 00000000000000000000000000000001",
        ),
        ({"hostname": "node1"}, "node1, node2: the same host name node1"),
    ],
)
def test_clones_are_named_with_what_they_share(changed, words):
    machines = {"node1": machine(1), "node2": machine(2, **changed), "node3": machine(3)}
    (problem,), warnings = check_duplicates(machines, members=["node1"])
    assert problem.startswith(words)
    assert warnings == []
    # A swarm that runs with them goes on to be managed.
    assert check_duplicates(machines, members=["node1", "node2"]) == ([], [problem])


def test_hosts_of_their_own_and_such_as_tell_nothing_are_no_twins():
    machines = {
        "node1": machine(1),
        "node2": machine(2),
        "box1": machine(3, machine_id=""),
        "box2": machine(4, machine_id=""),
    }
    assert check_duplicates(machines, members=[]) == ([], [])
