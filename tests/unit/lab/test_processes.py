"""Recorded processes: exactly they are ended, and nobody who later has their id."""

import json
import os
import signal
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from lab import processes, uml


@pytest.fixture
def sleeper(tmp_path: Path) -> tuple[processes.Record, Path]:
    record = tmp_path / "process.json"
    made = processes.spawn(["sleep", "60"], tmp_path / "log", record)
    return made, record


def test_end_and_end_again(sleeper: tuple[processes.Record, Path]) -> None:
    made, record = sleeper
    assert processes.running(record)
    assert processes.end(record)
    assert not made.alive()
    assert not record.exists()
    assert not processes.end(record)


def test_a_reused_id_is_left_alone(sleeper: tuple[processes.Record, Path]) -> None:
    made, record = sleeper
    record.write_text(json.dumps(asdict(replace(made, started=made.started - 1))))
    assert not processes.running(record)
    assert not processes.end(record, at_once=True)
    assert made.alive()
    os.kill(made.pid, signal.SIGKILL)


def test_a_record_of_an_earlier_boot_is_dead(sleeper: tuple[processes.Record, Path]) -> None:
    made, record = sleeper
    record.write_text(json.dumps(asdict(replace(made, boot="earlier"))))
    assert not processes.running(record)
    assert not processes.end(record, at_once=True)
    assert made.alive()
    os.kill(made.pid, signal.SIGKILL)


def test_members_that_outlive_their_leader_are_ended(tmp_path: Path) -> None:
    record = tmp_path / "process.json"
    made = processes.spawn(
        ["bash", "-c", "bash -c 'trap : TERM; while :; do sleep 1; done' & wait"], tmp_path / "log", record
    )
    time.sleep(0.3)
    os.kill(made.pid, signal.SIGKILL)
    assert processes.wait_exit(record, 0.3) is False
    assert processes.end(record, at_once=True)
    assert processes.wait_exit(record, 1)


FORKS = """
import os, time
for _ in range(500):
    if not os.fork():
        time.sleep(60)
        os._exit(0)
    time.sleep(0.001)
"""


def test_members_that_are_started_meanwhile_are_ended(tmp_path: Path) -> None:
    record = tmp_path / "process.json"
    made = processes.spawn([sys.executable, "-S", "-c", FORKS], tmp_path / "log", record)
    deadline = time.monotonic() + 20
    while len(_alive_in(made.pid)) < 20 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert processes.end(record, at_once=True)
    left = _alive_in(made.pid)
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    assert left == []


def _alive_in(session: int) -> list[int]:
    pids = [int(name) for name in os.listdir("/proc") if name.isdigit()]
    return [pid for pid in pids if _session(pid) == session and processes.start_time(pid)]


def _session(pid: int) -> int:
    try:
        return os.getsid(pid)
    except OSError:
        return 0


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": 1}'])
def test_a_broken_record_counts_as_none(tmp_path: Path, text: str) -> None:
    record = tmp_path / "process.json"
    record.write_text(text)
    assert processes.load(record) is None
    assert not processes.running(record)


def test_start_time_of_nobody() -> None:
    assert processes.start_time(2**22 + 1) is None


def test_a_process_keeps_to_its_core_and_its_starter_does_not(tmp_path: Path) -> None:
    cores = os.sched_getaffinity(0)
    core = max(cores)
    made = processes.spawn(["sleep", "60"], tmp_path / "log", tmp_path / "record.json", core=core)
    try:
        assert os.sched_getaffinity(made.pid) == {core}
        assert os.sched_getaffinity(0) == cores
    finally:
        processes.end(tmp_path / "record.json", at_once=True)


def test_neighbours_have_different_cores() -> None:
    assert len({uml.core_of("10.77.0.11", 2), uml.core_of("10.77.0.12", 2)}) == min(2, len(os.sched_getaffinity(0)))


def test_labs_beside_each_other_begin_with_different_cores() -> None:
    assert len({uml.core_of("10.77.0.11", 2), uml.core_of("10.77.1.11", 2)}) == min(2, len(os.sched_getaffinity(0)))


def test_many_machines_are_left_to_the_scheduler() -> None:
    cores = len(os.sched_getaffinity(0))
    assert uml.core_of("10.77.0.11", 6 * cores) is not None
    assert uml.core_of("10.77.0.11", 6 * cores + 1) is None
