#!/usr/bin/env python3
"""Measure the collection on machines of the lab, and write benchmarks/results.json, README.md's table and the plot.

tools/run python benchmarks/run.py                    # all: more than an hour on two cores
tools/run python benchmarks/run.py --sizes 3          # only three machines
tools/run python benchmarks/run.py --lab NAME         # only the repeated runs, on a lab that is up and converged

What is done once per size: a first run, and five runs each of what has nothing to do, in turns, so that a noisy minute
hits all of them. With three machines also the first runs of engine.yml and baseline.yml on bare machines. Larger labs
are saved once they are converged (`python -m lab saved`), and the next time start from there, without a first run.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT))

from benchmarks import report  # noqa: E402
from lab import saved  # noqa: E402
from lab.api import Lab  # noqa: E402
from lab.progress import Lines  # noqa: E402

RESULTS = HERE / "results.json"
SITE, ENGINE, BASELINE = "playbooks/site.yml", "benchmarks/playbooks/engine.yml", "benchmarks/playbooks/baseline.yml"
# Loading images is no part of what the hand-written baseline does.
NO_IMAGES = ("-e", '{"swarm_engine_image_archives": []}')
WARM = (
    "apt-get -q update && apt-get -q -y --no-install-recommends --download-only install "
    "docker.io docker-cli python3-docker chrony rsyslog rsyslog-relp dnsmasq"
)
LARGE = 20  # nothing is added to so many
SMALL = 3  # more machines than that take long to converge: they are kept for the next time


@dataclass
class Run:
    """One command that succeeded: what it cost."""

    wall: float
    cpu: float
    stolen: float
    output: str

    @property
    def tasks(self) -> int:
        """Tasks that were executed, on all hosts."""
        return sum(int(found) for found in re.findall(r"\bok=(\d+)", self.output))


def timed(command: list[str], **environment: str) -> Run:
    """Run a command that has to succeed; its CPU time is the controller's, without the machines."""
    before, stolen = os.times(), stolen_seconds()
    start = time.monotonic()
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **environment}, text=True, capture_output=True, check=False
    )
    wall = time.monotonic() - start
    after = os.times()
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    share = (stolen_seconds() - stolen) / (wall * (os.cpu_count() or 1))
    return Run(wall, cpu, share, done.stdout)


def stolen_seconds() -> float:
    """CPU time since boot that this computer, if it is a virtual one, wanted and others got (proc_stat(5), steal)."""
    return int(Path("/proc/stat").read_text().split()[8]) / os.sysconf("SC_CLK_TCK")


class Bench:
    """The measurements on one lab."""

    def __init__(self, lab: Lab, times: int) -> None:
        self.lab = lab
        self.times = times

    @property
    def inventory(self) -> str:
        """The lab's inventory."""
        return self.lab.state.inventory

    def playbook(self, path: str, *arguments: str) -> list[str]:
        """The command of a playbook."""
        return ["ansible-playbook", "-i", self.inventory, path, *arguments]

    def bare(self) -> None:
        """Have bare machines, and the packages in the lab's cache, so that no first run pays for fetching them."""
        self.lab.reset()
        self.lab.machines[0].ssh(WARM, timeout=600, check=True)
        self.lab.reset(self.lab.machines[0].name)

    def first(self, path: str, *arguments: str) -> dict[str, Any]:
        """A run on machines that lack something, by stage."""
        run = timed(
            self.playbook(path, *arguments),
            ANSIBLE_CALLBACKS_ENABLED="ansible.posix.profile_roles",
            ANSIBLE_NOCOLOR="1",
        )
        stages = re.findall(r"^(\S+) -+ ([\d.]+)s$", run.output, re.MULTILINE)
        say(f"first run of {path} on {len(self.lab.machines)} machines: {run.wall:.1f} s")
        return {"wall": run.wall, "stages": {name: float(seconds) for name, seconds in stages if name != "total"}}

    def repeated(self, **commands: list[str]) -> dict[str, dict[str, Any]]:
        """Medians of what has nothing to do; the first round, which opens the connections, does not count."""
        runs: dict[str, list[Run]] = {name: [] for name in commands}
        for number in range(self.times + 1):
            for name, command in commands.items():
                run = timed(command)
                if number:
                    runs[name].append(run)
        results = {}
        for name, found in runs.items():
            walls = [run.wall for run in found]
            results[name] = {
                "wall": statistics.median(walls), "low": min(walls), "high": max(walls),
                "cpu": statistics.median(run.cpu for run in found), "tasks": found[-1].tasks,
                "stolen": statistics.median(run.stolen for run in found),
            }  # fmt: skip
            say(f"{len(self.lab.machines)} machines, {name}: {results[name]['wall']:.2f} s")
        return results

    def nothing_to_do(self) -> dict[str, dict[str, Any]]:
        """The floor, the whole job, and engine, swarm and networks alone."""
        return self.repeated(
            floor=["ansible", "-i", self.inventory, "all", "-m", "ping"],
            site=self.playbook(SITE),
            # Tags, since engine.yml would take out of daemon.json what the later roles want there.
            engine=self.playbook(SITE, "--tags", "engine,node,networks"),
        )


def say(text: str) -> None:
    """Progress, as it comes."""
    print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)


def small(bench: Bench) -> dict[str, Any]:
    """Three machines: the collection and the baseline on bare machines, side by side."""
    found: dict[str, Any] = {}
    bench.bare()
    found["first_baseline"] = bench.first(BASELINE)
    found["baseline"] = bench.repeated(baseline=bench.playbook(BASELINE))["baseline"]
    bench.lab.reset()
    found["first_engine"] = bench.first(ENGINE, *NO_IMAGES)
    bench.lab.reset()
    return found


def measure(sizes: list[int], times: int) -> dict[str, Any]:
    """Everything, on a lab of each size."""
    results: dict[str, Any] = {}
    for size in sizes:
        lab = Lab("bench", Lines())
        lab.down()
        kept = f"bench-{size}"
        bench = Bench(lab, times)
        found: dict[str, Any] = {}
        if kept in saved.names():
            lab.up(origin=kept)
            bench.first(SITE)  # what the collection has learnt since they were saved
        else:
            lab.up(nodes=size, suites=["trixie"], memory=768)
            found = small(bench) if size <= SMALL else {}
            found["first_site"] = bench.first(SITE)
            if size > SMALL:
                lab.save(kept)
        found.update(bench.nothing_to_do())
        if size < LARGE:
            lab.up(nodes=size + 1)
            found["one_more"] = bench.first(SITE)
        results[str(size)] = found
        lab.down()
    return results


def main() -> None:
    """Measure what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lab", help="a lab that is up and converged: only the repeated runs, and nothing is written")
    parser.add_argument("--sizes", default="3,10,20", help="numbers of machines, growing (default: %(default)s)")
    parser.add_argument("--times", type=int, default=5, help="runs of which the median counts (default: %(default)s)")
    options = parser.parse_args()
    if options.lab:
        Bench(Lab(options.lab), options.times).nothing_to_do()
        return
    sizes = sorted(int(size) for size in options.sizes.split(","))
    # Sizes that are not measured now keep their figures.
    kept = json.loads(RESULTS.read_text())["sizes"] if RESULTS.is_file() else {}
    measured = {**kept, **measure(sizes, options.times)}
    found = {
        "date": time.strftime("%Y-%m-%d"),
        "ansible": timed(["ansible", "--version"]).output.splitlines()[0],
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "sizes": dict(sorted(measured.items(), key=lambda item: int(item[0]))),
        "plan": json.loads(timed([sys.executable, "benchmarks/plan.py"]).output),
    }
    RESULTS.write_text(json.dumps(found, indent=2) + "\n")
    report.write(found)
    say("written: benchmarks/results.json, README.md and plot.svg")


if __name__ == "__main__":
    main()
