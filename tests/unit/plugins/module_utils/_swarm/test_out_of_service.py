# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Of two runs that want nodes at the same time, one learns of the other from the swarm."""

from __future__ import annotations

import pytest

from ansible_collections.dockyard.swarm.plugins.module_utils._swarm import drain
from ansible_collections.dockyard.swarm.plugins.module_utils._swarm import out_of_service as register
from tests.unit.swarm_example import node

NOW = 1_000_000
DRAINED = {drain.LABEL: "active"}


def entry(run="r1", age=100, manager=False, drained=True):
    return {"run": run, "by": "ctl-" + run, "since": NOW - age, "manager": manager, "drained": drained}


def spec(**found):
    """A Spec that has been written, entry by entry."""
    written = {"Name": "default", "Labels": {"owner": "ops"}}
    for node_id, item in found.items():
        written = register.with_entry(written, node_id, item, list(found))
    return written


def test_what_was_written_is_read_and_other_labels_stay():
    written = spec(w1=entry(), w2=entry("r2", manager=True))
    nodes = [node("1", id="w1", labels=DRAINED), node("2", id="w2", labels=DRAINED)]
    assert register.entries(written, nodes, NOW) == {"w1": entry(), "w2": entry("r2", manager=True)}
    assert written["Labels"]["owner"] == "ops"
    assert written["Name"] == "default"


def test_nothing_of_it_is_left_after_the_last_one():
    assert register.with_entry(spec(w1=entry()), "w1", None, ["w1"])["Labels"] == {"owner": "ops"}


def test_an_entry_that_counts_no_more_goes_with_the_next_one():
    written = register.with_entry(spec(w1=entry(), w2=entry()), "w3", entry(), ["w1"])
    nodes = [node("n", id=name, labels=DRAINED) for name in ("w1", "w2", "w3")]
    assert sorted(register.entries(written, nodes, NOW)) == ["w1", "w3"]


@pytest.mark.parametrize(
    ("age", "drained", "labels", "counts"),
    [
        (10, True, {}, True),  # about to be drained
        (100, True, {}, False),  # somebody put the node back
        (100, True, DRAINED, True),
        (100_000, True, DRAINED, True),  # still drained, by whomever
        (100, False, {}, True),  # its tasks had nowhere to go
        (100_000, False, {}, False),
    ],
)
def test_an_entry_ends_when_the_node_is_back(age, drained, labels, counts):
    found = register.entries(spec(w1=entry(age=age, drained=drained)), [node("1", id="w1", labels=labels)], NOW)
    assert bool(found) is counts


def test_an_entry_ends_with_its_node():
    assert register.entries(spec(gone=entry()), [node("1", id="w1", labels=DRAINED)], NOW) == {}


@pytest.mark.parametrize("text", ["", "no JSON", "[1]", '{"w1": {}}', '{"w1": {"since": "x"}}', "null", "3"])
def test_a_label_of_somebody_else_is_no_entry(text):
    assert register.entries({"Labels": {register.LABEL: text}}, [node("1", id="w1")], NOW) == {}


@pytest.mark.parametrize(
    ("out", "manager", "parallel", "blocked_by"),
    [
        ({}, False, 1, []),
        ({"w2": entry()}, False, 1, ["w2"]),
        ({"w2": entry()}, False, 2, []),
        ({"w2": entry("r2")}, False, 2, []),
        ({"w2": entry(), "w3": entry("r2")}, False, 2, ["w2", "w3"]),
        ({"w2": entry()}, True, 5, ["w2"]),  # a manager goes alone
        ({"m2": entry(manager=True)}, False, 5, ["m2"]),
        ({"w1": entry("r1")}, False, 1, []),  # this run had it already
        ({"w1": entry("r2")}, False, 5, ["w1"]),  # another one is at work on it
        ({"w2": entry()}, False, 0, ["w2"]),
    ],
)
def test_so_many_workers_or_one_manager_are_out_of_service(out, manager, parallel, blocked_by):
    assert register.blockers(out, "w1", "r1", manager, parallel) == blocked_by


def test_a_run_that_has_ended_or_is_very_old_holds_nobody_up():
    nodes = [node("1", id="w1", labels=DRAINED)]
    assert register.held(spec(w1=entry()), nodes, NOW, []) == ["w1"]
    assert register.held(spec(w1=entry()), nodes, NOW, ["r1"]) == []
    assert register.held(spec(w1=entry(age=register.LEASE + 1)), nodes, NOW, []) == []


def test_the_refusal_names_node_controller_and_time():
    found = {"w1": dict(entry(), since=3661)}
    text = register.refusal(found, ["w1"], [node("one", id="w1")], "two", 2)
    assert text.startswith(
        "node two is not taken out of service: one (since 01:01:01 UTC, by a run of controller ctl-r1);"
    )
    assert "one manager or 2 of the workers" in text
    assert "after 01:16:01 UTC" in text
