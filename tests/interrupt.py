"""Begin site.yml and kill it half-way, without a chance to tidy up."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
POINTS = 20
HEADLINE = re.compile(r"^(?:TASK|RUNNING HANDLER) \[(.*)\] \*+$")
Timeline = list[tuple[float, str]]  # seconds since the run began, headline


class Begun:
    """A run of site.yml that is watched while it goes on, and may be killed."""

    def __init__(self, *inventories: str) -> None:
        self.start = time.monotonic()
        self.lines: list[str] = []
        self.headlines: Timeline = []
        self._process = subprocess.Popen(
            ["ansible-playbook", *(word for path in inventories for word in ("-i", path)), "playbooks/site.yml"],
            cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
            env=dict(os.environ, ANSIBLE_NOCOLOR="1", ANSIBLE_FORCE_COLOR="0", PYTHONUNBUFFERED="1"),
        )  # fmt: skip
        self._news = threading.Condition()
        self._silent = False
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            with self._news:
                self.lines.append(line)
                if match := HEADLINE.match(line):
                    self.headlines.append((time.monotonic() - self.start, match[1]))
                self._news.notify_all()
        with self._news:
            self._silent = True
            self._news.notify_all()

    @property
    def output(self) -> str:
        """What it has said so far."""
        return "".join(self.lines)

    def come_to(self, moment: Moment, patience: float = 1200.0) -> str:
        """Wait for a moment; gives the task that the run is in. One that is quicker than expected is not left before."""
        with self._news:
            came = self._news.wait_for(lambda: self._silent or moment.place(self.headlines) is not None, patience)
            place = moment.place(self.headlines)
            if not came or place is None:
                raise AssertionError(f"the run never came to {moment}:\n{self.output}")
            left = self.headlines[place][0] + moment.after - (time.monotonic() - self.start)
            self._news.wait_for(lambda: self._silent or len(self.headlines) > place + 1, max(0.0, left))
            return self.headlines[-1][1]

    def kill(self) -> None:
        """End the process with its group at once. Ansible's workers have sessions of their own: each ends its task."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def end(self, patience: float) -> int | None:
        """Wait for its end; None where it had to be killed."""
        try:
            code = self._process.wait(patience)
        except subprocess.TimeoutExpired:
            self.kill()
            return None
        # A shared connection that SSH leaves behind may hold the pipe open.
        self._reader.join(10)
        return code


@dataclass(frozen=True)
class Moment:
    """A moment of a run, told by the task's order and not by the clock: so a slower run is met at the same place."""

    headline: str
    turn: int  # which one of the tasks with this headline, from 0
    after: float  # seconds into the task

    def __str__(self) -> str:
        return f"{self.headline}, {self.after:.1f} s in"

    def place(self, headlines: Timeline) -> int | None:
        """Where its task is among the headlines of a run that may not have come so far."""
        places = [number for number, (_at, headline) in enumerate(headlines) if headline == self.headline]
        return places[self.turn] if len(places) > self.turn else None


@dataclass(frozen=True)
class Point:
    """One of the interruptions, at equal shares of a run's time: every other one cuts a machine's power."""

    number: int

    @property
    def share(self) -> float:
        """How much of the run's time has gone by."""
        return self.number / (POINTS + 1)

    @property
    def node(self) -> str | None:
        """The machine whose power is cut; none where the controller is killed."""
        return None if self.number % 2 else f"node{self.number % 3 + 1}"

    def __str__(self) -> str:
        return f"{self.number:02}-{self.node or 'controller'}"

    def landmark(self, timeline: Timeline, seconds: float) -> Moment:
        """The next task that a run has only once: a run that goes on where another one ended comes by there, too."""
        words = [headline for _at, headline in timeline]
        for start, headline in timeline:
            if start >= self.share * seconds and words.count(headline) == 1:
                return Moment(headline, 0, 0.5)
        return Moment(words[-1], words.count(words[-1]) - 1, 0.0)

    def moment(self, timeline: Timeline, seconds: float) -> Moment:
        """When that is, by an uninterrupted run that took so many seconds."""
        at = self.share * seconds
        done = [headline for start, headline in timeline if start <= at]
        if not done:
            return Moment(timeline[0][1], 0, 0.0)
        start = timeline[len(done) - 1][0]
        return Moment(done[-1], done.count(done[-1]) - 1, round(at - start, 1))
