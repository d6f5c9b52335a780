# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.dockyard.swarm.plugins.module_utils._swarm import unreplaced

NAMES = {"n1": "node1", "n2": "node2"}


def service(name="once", mode="Replicated"):
    return {"ID": "id-" + name, "Spec": {"Name": name, "Mode": {mode: {}}}}


def task(number=1, where="n1", state="running", wanted="running", name="once", slot=1, **policy):
    found = {
        "ID": "t%d" % number, "ServiceID": "id-" + name, "NodeID": where, "DesiredState": wanted, "Status": {"State": state},
        "Spec": {"RestartPolicy": policy},
    }  # fmt: skip
    return dict(found, Slot=slot) if slot else found


def ending(*tasks, mode="Replicated"):
    return unreplaced.ending([service(mode=mode)], tasks, NAMES)


@pytest.mark.parametrize("condition", ["any", "on-failure"])
@pytest.mark.parametrize("mode", ["Replicated", "Global"])
def test_what_is_replaced_does_not_end(condition, mode):
    assert ending(task(Condition=condition), mode=mode) == {}
    assert ending(task(), mode=mode) == {}


@pytest.mark.parametrize("mode", ["Replicated", "Global"])
def test_what_must_not_be_restarted_ends(mode):
    found = ending(task(Condition="none"), task(2, "n2", Condition="none"), task(3, "n3", Condition="none"), mode=mode)
    assert found == {"service once": ("its restart condition is none", ["node1", "node2"])}
    text = unreplaced.problem(found)
    assert "service once on node1, node2: its restart condition is none" in text
    assert "swarm_engine_unreplaced_tasks: end" in text
    assert [(item["do"], item["to"], item["before"]) for item in unreplaced.plan(found)] == [
        ("end", "service once", "node1, node2")
    ]


@pytest.mark.parametrize(
    ("state", "wanted"), [("complete", "shutdown"), ("running", "shutdown"), ("failed", "running")]
)
def test_what_has_ended_or_is_ending_is_none(state, wanted):
    assert ending(task(state=state, wanted=wanted, Condition="none")) == {}


@pytest.mark.parametrize(("attempts", "before", "ends"), [(3, 2, False), (3, 3, True), (0, 9, False)])
def test_attempts_that_are_used_up_are_counted_by_slot(attempts, before, ends):
    older = [task(10 + i, "n2", "failed", "shutdown", MaxAttempts=attempts) for i in range(before)]
    elsewhere = [task(30 + i, "n2", "failed", "shutdown", slot=2) for i in range(9)]
    assert bool(ending(task(MaxAttempts=attempts), *older, *elsewhere)) is ends


@pytest.mark.parametrize("mode", ["ReplicatedJob", "GlobalJob"])
def test_a_task_of_a_job_is_cut_off(mode):
    found = ending(task(wanted="complete", Condition="on-failure"), mode=mode)
    assert list(found) == ["job once"]
    assert ending(task(state="complete", wanted="complete"), mode=mode) == {}


def test_tasks_of_no_service_are_attachments():
    assert unreplaced.ending([], [task(Condition="none")], NAMES) == {}


def test_nothing_is_no_problem():
    assert unreplaced.problem({}) is None


@pytest.mark.parametrize(
    ("policy", "ends"), [("", True), ("no", True), ("on-failure", True), ("always", False), ("unless-stopped", False)]
)
def test_a_container_comes_back_by_its_own_policy(policy, ends):
    found = unreplaced.ending_containers([{"Name": "/db", "HostConfig": {"RestartPolicy": {"Name": policy}}}])
    assert list(found) == (["container db"] if ends else [])
