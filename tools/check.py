"""Run the project's checks, say how they go while they run, and close with one summary line.

    tools/run python tools/check.py            # all
    tools/run python tools/check.py lint unit  # those whose name is, or starts with, one of the words

What needs machines runs in two lanes, the longest first, and what needs none in a third one with the time that they leave. A
scenario is found by its folder. One that starts from saved machines runs after the scenario that saves them, one at a time. Each
check writes .cache/logs/NAME.log; the end of that is shown where a check fails. A check that runs pytest counts as its tests, any
other as one.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import xml.etree.ElementTree
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOGS = ROOT / ".cache" / "logs"
RUN = str(ROOT / "tools" / "run")
NOT_HERE = 77  # what tools/run exits with where there is no newer Python
TAIL = 60
HEARTBEAT = 30.0
LIMIT = 60 * 60.0  # a check that takes longer hangs

# About how many seconds each takes beside another one: the longest begin first, so that both lanes end together.
SECONDS = {
    "lifecycle": 600, "network": 500, "engine": 400, "inputs": 400, "drift": 250, "firewall": 240, "upgrade": 230, "centos": 220,
    "lab": 90,
}  # fmt: skip
OTHERS = 240  # a scenario that is not named there
SAVES = "molecule-default"  # machines for others to start from, so it begins
MACHINES = {"lab": ["pytest", "tests/lab"]}
MACHINES |= {
    f"molecule-{path.parent.name}": ["molecule", "test", "--scenario-name", path.parent.name]
    for path in ROOT.glob("molecule/*/molecule.yml")
}
SAVED = {
    f"molecule-{path.parent.name}"
    for path in ROOT.glob("molecule/*/molecule.yml")
    if "DOCKYARD_LAB_FROM:" in path.read_text()
}
QUICK = {
    "unit": ["pytest", "tests/unit"],
    "lint-ruff": ["ruff", "check", "--no-cache"],
    "lint-format": ["ruff", "format", "--check", "--no-cache"],
    "lint-mypy": ["mypy"],
    "lint-yaml": ["yamllint", "--strict", "."],
    "lint-spelling": ["codespell"],
    "lint-changelog": ["antsibull-changelog", "lint"],
    "lint-docs": ["antsibull-docs", "lint-collection-docs", "--plugin-docs", "."],
    "docs": ["tools/docs.sh"],
    "lint-ansible": ["ansible-lint", "--offline", "--nocolor"],
    # These two take minutes, and what they look at is plain Python, the same with any ansible-core.
    "next-unit": [
        RUN,
        "--next",
        "pytest",
        "tests/unit",
        "--ignore-glob=*/test_data_move.py",
        "--ignore-glob=*/test_option_values.py",
    ],
    "next-syntax": [RUN, "--next", "tools/syntax.sh"],
    "galaxy": ["tools/galaxy.sh"],
    "sanity": ["tools/sanity.sh"],
}


@dataclass
class Check:
    """One check, and what came of it."""

    name: str
    command: list[str]
    quick: bool = False
    saved: bool = False  # starts from saved machines
    start: float = 0.0
    end: float = 0.0
    code: int | None = None
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def log(self) -> Path:
        """Where its output goes."""
        return LOGS / f"{self.name}.log"

    @property
    def junit(self) -> Path:
        """Where a pytest in it leaves its counts."""
        return LOGS / f"{self.name}.xml"

    @property
    def turn(self) -> tuple[bool, int, str]:
        """What begins first has the smallest."""
        return self.name != SAVES, -SECONDS.get(self.name.removeprefix("molecule-"), OTHERS), self.name

    @property
    def seconds(self) -> float:
        """How long it took, or has taken so far."""
        return (self.end or time.monotonic()) - self.start

    def counts(self) -> tuple[int, int, int]:
        """Passed, failed, skipped."""
        if self.code == NOT_HERE:
            return 0, 0, 1
        passed = failed = skipped = 0
        if self.junit.is_file():
            for suite in xml.etree.ElementTree.parse(self.junit).iter("testsuite"):
                number = {key: int(suite.get(key, 0)) for key in ("tests", "failures", "errors", "skipped")}
                failed += number["failures"] + number["errors"]
                skipped += number["skipped"]
                passed += number["tests"] - number["failures"] - number["errors"] - number["skipped"]
        if self.code == 0:
            return passed or 1, failed, skipped
        return passed, failed or 1, skipped


class Runner:
    """Runs lanes side by side; those that are given the same list share it."""

    def __init__(self, lanes: list[list[Check]]) -> None:
        self.lanes = lanes
        self.running: list[Check] = []
        self.turns = threading.Condition()
        self.stopped = False
        self.printing = threading.Lock()

    def say(self, text: str) -> None:
        """Print a line, at once and whole."""
        with self.printing:
            print(text, flush=True)

    def run(self) -> None:
        """Run everything."""
        threads = [threading.Thread(target=self._lane, args=(lane,)) for lane in self.lanes]
        for thread in threads:
            thread.start()
        try:
            beat = time.monotonic() + HEARTBEAT
            while any(thread.is_alive() for thread in threads):
                time.sleep(0.2)
                if time.monotonic() > beat:
                    self._heartbeat()
                    beat = time.monotonic() + HEARTBEAT
        except KeyboardInterrupt:
            self.say("stopping")
            self.stopped = True
            for check in list(self.running):
                if check.process and check.process.poll() is None:
                    os.killpg(check.process.pid, signal.SIGINT)
            for thread in threads:
                thread.join()

    def _lane(self, waiting: list[Check]) -> None:
        while check := self._take(waiting):
            try:
                self._check(check)
            finally:
                with self.turns:
                    self.running.remove(check)
                    self.turns.notify_all()

    def _take(self, waiting: list[Check]) -> Check | None:
        """The first check whose machines may come up; waits for it where all have to wait."""
        with self.turns:
            while waiting and not self.stopped:
                for check in waiting:
                    if self._may_run(check):
                        waiting.remove(check)
                        self.running.append(check)
                        return check
                self.turns.wait(1.0)
        return None

    def _may_run(self, check: Check) -> bool:
        """Saved machines keep their addresses: they are up once at a time, and not with those that they were saved from."""
        return not (check.saved and any(other.saved or other.name == SAVES for other in self.running))

    def _check(self, check: Check) -> None:
        check.junit.unlink(missing_ok=True)
        environment = dict(
            os.environ,
            PYTEST_ADDOPTS=f"--junitxml={check.junit} --color=no",
            ANSIBLE_NOCOLOR="1",
            NO_COLOR="1",
            PYTHONUNBUFFERED="1",
        )
        environment.pop("ANSIBLE_FORCE_COLOR", None)
        # A machine that gets no time looks dead to its neighbours.
        command = ["nice", "-n", "15", *check.command] if check.quick else check.command
        check.start = time.monotonic()
        self.say(f"      start  {check.name}")
        with check.log.open("wb") as log:
            check.process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            try:
                check.code = check.process.wait(LIMIT)
            except subprocess.TimeoutExpired:
                os.killpg(check.process.pid, signal.SIGKILL)
                check.code = check.process.wait()
                log.write(f"\nended after {LIMIT / 60:.0f} minutes\n".encode())
                log.flush()
                if check.name.startswith("molecule-"):
                    # Its machines would stand in the way of the next scenario.
                    down = [sys.executable, "-m", "lab", "down", "--lab", check.name]
                    subprocess.run(down, cwd=ROOT, env=environment, stdout=log, stderr=log, check=False)
        check.end = time.monotonic()
        passed, failed, skipped = check.counts()
        word = {0: "ok", NOT_HERE: "skip"}.get(check.code, "FAIL")
        extra = f"  {last_line(check.log)}" if word == "skip" else ""
        numbers = (
            f"{passed} passed" + (f", {failed} failed" if failed else "") + (f", {skipped} skipped" if skipped else "")
        )
        self.say(f"{word:>4} {check.seconds:5.0f} s  {check.name}: {numbers}{extra}")

    def _heartbeat(self) -> None:
        for check in list(self.running):
            if check.log.is_file():
                self.say(f" ... {check.seconds:5.0f} s  {check.name}: {last_line(check.log)[:100]}")


def last_line(path: Path) -> str:
    """What a check said last."""
    lines = [line.strip() for line in path.read_text(errors="replace").splitlines()[-20:]]
    return next((line for line in reversed(lines) if line), "")


def choose(words: list[str]) -> tuple[list[Check], list[Check]]:
    """What needs machines and what needs none, of the checks that the words name; all without words."""

    def wanted(name: str) -> bool:
        return not words or any(name == word or name.startswith(f"{word}-") for word in words)

    unknown = [
        word for word in words if not any(name == word or name.startswith(f"{word}-") for name in (*MACHINES, *QUICK))
    ]
    if unknown:
        sys.exit(f"check: no check is named {', '.join(unknown)}; there are {', '.join((*MACHINES, *QUICK))}")
    machines = [Check(name, command, saved=name in SAVED) for name, command in MACHINES.items() if wanted(name)]
    quick = [Check(name, command, quick=True) for name, command in QUICK.items() if wanted(name)]
    return sorted(machines, key=lambda check: check.turn), quick


def main() -> int:
    """Run the checks that the command line names."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    LOGS.mkdir(parents=True, exist_ok=True)
    start = time.monotonic()
    machines, quick = choose(sys.argv[1:])
    checks = [*machines, *quick]
    Runner([machines, machines, quick]).run()
    total = [0, 0, 0]
    for check in checks:
        if check.code is None:
            total[1] += 1
            print(f"\n===== {check.name}: not run")
            continue
        total = [sum(pair) for pair in zip(total, check.counts(), strict=True)]
        if check.code not in (0, NOT_HERE):
            print(f"\n===== {check.name} failed (exit code {check.code}); the end of {check.log.relative_to(ROOT)}:")
            print("\n".join(check.log.read_text(errors="replace").splitlines()[-TAIL:]))
    print(f"\n{len(checks)} checks in {(time.monotonic() - start) / 60:.1f} min; logs in {LOGS.relative_to(ROOT)}")
    print(f"{total[0]} passed, {total[1]} failed" + (f", {total[2]} skipped" if total[2] else ""))
    return 1 if total[1] else 0


if __name__ == "__main__":
    sys.exit(main())
