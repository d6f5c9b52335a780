"""Bare machines whose first run ended in the middle are after the next one what an uninterrupted run makes of them."""

from __future__ import annotations

import os
import shutil
import sys
import time
from typing import Any

import pytest

from lab.api import Lab
from tests import state
from tests.interrupt import POINTS, Begun, Point
from tests.support import INVENTORIES, NODES, Run, playbook

SOAK = bool(os.environ.get("DOCKYARD_SOAK"))
# In the packages, between the swarm and its services, and near the end; `make soak` has the time for all.
CHOSEN = [Point(number) for number in (range(1, POINTS + 1) if SOAK else (7, 14, 19))]
# What a run says of a machine that is gone takes a while; nobody waits longer than this for its end.
PATIENCE = 30.0


def say(text: str) -> None:
    """Told at once: a soak takes hours."""
    sys.stdout.write(text)
    sys.stdout.flush()


def bare(lab: Lab) -> None:
    """Machines with new disks, and a controller that never made anything for them."""
    lab.reset()
    secrets = lab.state.directory / "secrets"
    shutil.rmtree(secrets)
    secrets.mkdir(mode=0o700)


def went_well(run: Run) -> None:
    assert run.code == 0, run.output
    assert sorted(run.counts) == NODES, run.output
    for counts in run.counts.values():
        assert (counts["failed"], counts["unreachable"]) == (0, 0), run.output


@pytest.fixture(scope="module")
def reference(lab) -> dict[str, Any]:
    """What an uninterrupted run makes, and when it came to which task."""
    found = state.kept(lab)
    if found is None:
        bare(lab)
        run = Begun(*INVENTORIES)
        code = run.end(1800)
        seconds = time.monotonic() - run.start
        went_well(Run(-1 if code is None else code, run.output))
        say(f"\nan uninterrupted run: {seconds:.0f} s\n")
        found = {"state": state.dump(lab), "timeline": run.headlines, "seconds": seconds}
        state.keep(lab, found)
    return found


def test_reference_is_a_swarm_with_all_that_belongs_to_it(reference):
    """Else two machines that both have nothing would be the same."""
    (swarm,) = reference["state"]["swarm"].values()
    assert [(item["hostname"], item["status"]["State"]) for item in swarm["nodes"]] == [
        (name, "ready") for name in NODES
    ]
    assert swarm["running"] == [["registry_registry", "node1", "running"]]
    for host in reference["state"]["hosts"].values():
        assert host["files"]["/etc/docker/daemon.json"]["text"]
        assert host["units"]["now"]["dockyard-logging.service"] == "active running"
        assert host["packages"]["held"]
        (answers,) = host["names"]["answers"]["node2.swarm.test"].values()
        assert answers == ["SUBNET.12"]
        (answers,) = host["names"]["answers"]["registry.swarm.test"].values()
        assert answers == ["SUBNET.11"]


@pytest.mark.parametrize("point", CHOSEN, ids=str)
def test_interrupted_run_converges_to_the_same(lab, reference, point):
    start = time.monotonic()
    bare(lab)
    run = Begun(*INVENTORIES)
    where = run.come_to(point.moment(reference["timeline"], reference["seconds"]))
    if point.node:
        lab.machine(point.node).kill()
        run.end(PATIENCE)
        lab.machine(point.node).boot()
    else:
        run.kill()
    killed = time.monotonic()
    say(f"\npoint {point.number} of {POINTS}, {point.share:.0%}, {point.node or 'controller'}, in {where!r}: ")
    say(f"{killed - start:.0f} s")
    again = playbook()
    say(f", the next run {time.monotonic() - killed:.0f} s")
    went_well(again)
    different = state.difference(reference["state"], state.dump(lab))
    say(f"\n{different}\n" if different else ", the same\n")
    assert not different, different
    if SOAK:
        idle = playbook()
        went_well(idle)
        assert idle.changed == 0, idle.output
