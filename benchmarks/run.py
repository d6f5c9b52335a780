#!/usr/bin/env python3
"""Measure site.yml on a lab: the first run by stage, then a run with nothing to do against reaching the hosts.

tools/run python benchmarks/run.py              # boots three fresh machines, measures, puts them away
tools/run python benchmarks/run.py --keep       # leaves them up
tools/run python benchmarks/run.py --lab NAME   # only the repeated runs, on machines that are converged already
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from lab.api import Lab  # noqa: E402


def timed(command: list[str], **environment: str) -> tuple[float, float, str]:
    """Run a command that has to succeed: wall seconds, CPU seconds of the controller, output."""
    before = os.times()
    start = time.monotonic()
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **environment}, text=True, capture_output=True, check=False
    )
    wall = time.monotonic() - start
    after = os.times()
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return wall, cpu, done.stdout


def repeated(name: str, command: list[str], times: int) -> tuple[float, float]:
    """The medians of several runs; the first one, which opens the connections, does not count."""
    timed(command)
    runs = [timed(command) for _ in range(times)]
    walls = [run[0] for run in runs]
    wall, cpu = statistics.median(walls), statistics.median(run[1] for run in runs)
    print(f"| {name} | {wall:.2f} s | {min(walls):.2f} to {max(walls):.2f} s | {cpu:.2f} s |")
    return wall, cpu


def first_run(inventory: Path) -> None:
    """The first run on bare machines, by stage."""
    wall, _cpu, output = timed(
        ["ansible-playbook", "-i", str(inventory), "playbooks/site.yml"],
        ANSIBLE_CALLBACKS_ENABLED="ansible.posix.profile_roles",
        ANSIBLE_NOCOLOR="1",
    )
    print("\n| stage of the first run | time |\n| --- | --- |")
    for role, seconds in re.findall(r"^(\S+) -+ ([\d.]+)s$", output, re.MULTILINE):
        print(f"| {role} | {seconds} s |")
    print(f"| **whole run** | **{wall:.1f} s** |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lab", help="a lab that is up and converged")
    parser.add_argument("--nodes", type=int, default=3)
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    lab = Lab(options.lab or "bench")
    version = timed(["ansible", "--version"])[2].splitlines()[0]
    print(f"{time.strftime('%Y-%m-%d')}, {version}, Python {platform.python_version()}, {os.cpu_count()} cores")
    if not options.lab:
        lab.up(nodes=options.nodes)
    inventory = Path(lab.state.inventory)
    if not options.lab:
        first_run(inventory)
    print(f"\n| {len(lab.machines)} machines, medians of {options.times} | wall | range | controller CPU |")
    print("| --- | --- | --- | --- |")
    floor, _cpu = repeated(
        "`ansible all -m ping`", ["ansible", "-i", str(inventory), "all", "-m", "ping"], options.times
    )
    noop, _cpu = repeated(
        "site.yml, nothing to do", ["ansible-playbook", "-i", str(inventory), "playbooks/site.yml"], options.times
    )
    print(f"\nA run with nothing to do costs {noop / floor:.1f} times reaching the hosts.")
    if not options.lab and not options.keep:
        lab.down()


if __name__ == "__main__":
    main()
