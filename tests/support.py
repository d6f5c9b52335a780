"""What the checks on machines share: the playbook run again, and questions to a host that must be answered."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LAB = os.environ.get("DOCKYARD_LAB", "molecule-default")
INVENTORY = Path(os.environ.get("DOCKYARD_INVENTORY", ROOT / "inventories" / f"lab-{LAB}"))
NODES = ["node1", "node2", "node3"]


class Run:
    """What came out of one ansible-playbook."""

    def __init__(self, done: subprocess.CompletedProcess[str]) -> None:
        self.code = done.returncode
        self.output = done.stdout

    @property
    def counts(self) -> dict[str, dict[str, int]]:
        """The recap: host -> {ok, changed, failed, …}."""
        rows = re.findall(r"^(\S+)\s+: (ok=.*)$", self.output, re.MULTILINE)
        return {host: {k: int(v) for k, v in re.findall(r"(\w+)=(\d+)", rest)} for host, rest in rows}

    @property
    def changed(self) -> int:
        """How many tasks changed something, on all hosts."""
        return sum(row["changed"] for row in self.counts.values())


def playbook(*arguments: str, name: str = "site") -> Run:
    """Run one of the collection's playbooks on the machines."""
    command = ["ansible-playbook", "-i", str(INVENTORY), f"playbooks/{name}.yml", *arguments]
    environment = dict(os.environ, ANSIBLE_NOCOLOR="1", ANSIBLE_FORCE_COLOR="0")
    return Run(
        subprocess.run(
            command, cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=900,
            check=False,
        )
    )  # fmt: skip


def until(probe, seconds: float, interval: float = 0.3):
    """Poll until the probe gives something true; returns (value, seconds that it took)."""
    start = time.monotonic()
    while True:
        value = probe()
        took = time.monotonic() - start
        if value or took >= seconds:
            return value, took
        time.sleep(interval)


def output(host, command: str) -> str:
    """Run a command that has to succeed, and give what it printed."""
    done = host.run(command)
    assert done.rc == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout.strip()


def tasks(manager, service: str) -> list[dict[str, str]]:
    """The tasks of a service that are wanted to run."""
    text = output(manager, f"docker service ps --filter desired-state=running --format '{{{{json .}}}}' {service}")
    return [json.loads(line) for line in text.splitlines()]


def container(host, service: str) -> str:
    """The container of a service's task on this machine."""
    found = output(host, f"docker ps -q --filter label=com.docker.swarm.service.name={service}").split()
    assert found, f"no container of {service} on {host.backend.get_pytest_id()}"
    return found[0]
