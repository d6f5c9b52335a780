"""Processes that outlive the command line, recorded so that exactly they are ended later and nobody else."""

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from lab.shell import environment


@dataclass(frozen=True)
class Record:
    """A process, told apart from a later one of the same id by its start time and the computer's boot."""

    pid: int
    started: int
    boot: str
    program: str = ""

    def alive(self) -> bool:
        """Tell whether this very process still runs."""
        return self.boot == boot_id() and start_time(self.pid) == self.started


def boot_id() -> str:
    """Give the id of the computer's current boot."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def start_time(pid: int) -> int | None:
    """Give a process's start time in clock ticks since boot; None when it is gone or only a zombie."""
    fields = _stat_fields(pid)
    return int(fields[19]) if fields and fields[0] not in "ZX" else None


def program(pid: int) -> str:
    """Give the path of the program that a process runs."""
    try:
        return os.readlink(f"/proc/{pid}/exe").removesuffix(" (deleted)")
    except OSError:
        return ""


def _stat_fields(pid: int) -> list[str]:
    """Give the fields of /proc/PID/stat from the third on: the second may hold blanks and brackets."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def spawn(
    argv: Sequence[str | Path],
    log: Path,
    record: Path,
    *,
    env: Mapping[str, str] | None = None,
    core: int | None = None,
) -> Record:
    """Start a program in a session of its own, its output in a log file, and record it; if asked, on one core alone."""
    with log.open("ab") as out, _on_core(core):
        child = subprocess.Popen(
            [str(word) for word in argv],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env=environment(env),
            cwd="/",
            start_new_session=True,
        )
    _children.append(child)
    made = Record(child.pid, start_time(child.pid) or 0, boot_id(), program(child.pid))
    temporary = record.with_suffix(".new")
    temporary.write_text(json.dumps(asdict(made)))
    temporary.rename(record)
    return made


@contextlib.contextmanager
def _on_core(core: int | None) -> Iterator[None]:
    """What this thread starts inherits the cores that it may use."""
    before = os.sched_getaffinity(0)
    if core is not None:
        os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


# Kept so that a long-lived Python (pytest) reaps them and does not count a zombie as its child for ever.
_children: list[subprocess.Popen[bytes]] = []


def load(record: Path) -> Record | None:
    """Read a record; None when there is none."""
    try:
        return Record(**json.loads(record.read_text()))
    except (OSError, ValueError, TypeError):
        return None


def running(record: Path) -> bool:
    """Tell whether the recorded process still runs."""
    found = load(record)
    return found is not None and found.alive()


def end(record: Path, *, at_once: bool = False, patience: float = 5.0) -> bool:
    """End the recorded process with its whole group and forget it. Tells whether there was one."""
    found = load(record)
    ended = found is not None and (found.alive() or bool(_members(found)))
    if found is not None and ended:
        if not at_once:
            _signal(_members(found), signal.SIGTERM)
            _wait_gone(found, patience)
        _wait_gone(found, patience, kill=True)
    record.unlink(missing_ok=True)
    return ended


def wait_exit(record: Path, patience: float) -> bool:
    """Wait until the recorded process has ended by itself."""
    found = load(record)
    return found is None or _wait_gone(found, patience)


def _members(found: Record) -> list[int]:
    """Give the living processes of the group: a guest's processes outlive a kernel that was killed alone.

    While any member lives, the group's id is given to no new process. So if another process has it, none is left.
    """
    if found.boot != boot_id() or start_time(found.pid) not in (None, found.started):
        return []
    pids = (int(entry) for entry in os.listdir("/proc") if entry.isdigit())
    return [pid for pid in pids if _is_member(pid, found)]


def _is_member(pid: int, found: Record) -> bool:
    fields = _stat_fields(pid)
    return (
        len(fields) > 19
        and fields[0] not in "ZX"
        and int(fields[2]) == int(fields[3]) == found.pid
        and int(fields[19]) >= found.started
        # One that is just ending has no program any more, but still holds its files, and with them the tap.
        and program(pid) in (found.program, "")
    )


def _signal(pids: Iterable[int], number: int) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def _wait_gone(found: Record, patience: float, *, kill: bool = False) -> bool:
    deadline = time.monotonic() + patience
    while True:
        _reap()
        left = _members(found)
        if not left and not found.alive():
            return True
        # At each look: a member may have started another one since the last.
        if kill:
            _signal(left, signal.SIGKILL)
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)


def _reap() -> None:
    _children[:] = [child for child in _children if child.poll() is None]
