"""Bare machines whose first run ended in the middle are after the next one what an uninterrupted run makes of them."""

from __future__ import annotations

import os
import sys
import time
from typing import Any

import pytest

from lab.api import Lab
from tests import reference, state
from tests.interrupt import POINTS, Begun, Moment, Point
from tests.support import INVENTORIES, NODES, playbook

SOAK = bool(os.environ.get("DOCKYARD_SOAK"))
# In the packages, between the swarm and its services, and in what comes then, with the power of a machine: the others go on.
CHOSEN = [Point(number) for number in (7, 13, 18)]
# What a run says of a machine that is gone takes a while; nobody waits longer than this for its end.
PATIENCE = 30.0


def say(text: str) -> None:
    """Told at once: a soak takes hours."""
    sys.stdout.write(text)
    sys.stdout.flush()


@pytest.fixture(scope="module")
def whole(lab) -> dict[str, Any]:
    """What the uninterrupted run made, with which the machines began."""
    return reference.kept(lab)


def interrupt(lab: Lab, point: Point, moment: Moment) -> None:
    """Begin a run and end it there, with the power of a machine or with the controller."""
    run = Begun(*INVENTORIES)
    where = run.come_to(moment)
    if point.node:
        lab.machine(point.node).kill()
        run.end(PATIENCE)
        lab.machine(point.node).boot()
    else:
        run.kill()
    took = time.monotonic() - run.start
    say(
        f"\npoint {point.number} of {POINTS}, {point.share:.0%}, {point.node or 'controller'}, {took:.0f} s in {where!r}"
    )


def converges_to_the_same(lab: Lab, whole: dict[str, Any]) -> None:
    """One run more, and every single thing is as it should be; another one has nothing to do."""
    start = time.monotonic()
    again = playbook()
    say(f"; the next run {time.monotonic() - start:.0f} s")
    reference.went_well(again)
    different = state.difference(whole["state"], state.dump(lab))
    say(f"\n{different}\n" if different else ", the same\n")
    assert not different, different
    idle = playbook()
    reference.went_well(idle)
    assert idle.changed == 0, idle.output


def test_reference_is_a_swarm_with_all_that_belongs_to_it(whole):
    """Else two machines that both have nothing would be the same."""
    (swarm,) = whole["state"]["swarm"].values()
    assert [(item["hostname"], item["status"]["State"]) for item in swarm["nodes"]] == [
        (name, "ready") for name in NODES
    ]
    assert swarm["running"] == [["registry_registry", "node1", "running"]]
    for host in whole["state"]["hosts"].values():
        assert host["files"]["/etc/docker/daemon.json"]["text"]
        assert host["units"]["now"]["dockyard-logging.service"] == "active running"
        assert host["packages"]["held"]
        (answers,) = host["names"]["answers"]["node2.swarm.test"].values()
        assert answers == ["SUBNET.12"]
        (answers,) = host["names"]["answers"]["registry.swarm.test"].values()
        assert answers == ["SUBNET.11"]


def test_runs_that_are_interrupted_one_after_the_other_converge_to_the_same(lab, whole):
    reference.bare(lab)
    for point in CHOSEN:
        interrupt(lab, point, point.landmark(whole["timeline"], whole["seconds"]))
    converges_to_the_same(lab, whole)


if SOAK:

    @pytest.mark.parametrize("point", [Point(number) for number in range(1, POINTS + 1)], ids=str)
    def test_interrupted_run_converges_to_the_same(lab, whole, point):
        reference.bare(lab)
        interrupt(lab, point, point.moment(whole["timeline"], whole["seconds"]))
        converges_to_the_same(lab, whole)
