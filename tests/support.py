"""What the checks on machines share: the playbook run again, and questions to a host that must be answered."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    from lab.api import Machine

ROOT = Path(__file__).resolve().parents[1]
SCENARIO = os.environ.get("MOLECULE_SCENARIO_NAME", "default")
LAB = os.environ.get("DOCKYARD_LAB", f"molecule-{SCENARIO}")
INVENTORY = Path(os.environ.get("DOCKYARD_INVENTORY", ROOT / "inventories" / f"lab-{LAB}"))
# A scenario's own variables, as a second inventory.
OWN = ROOT / "molecule" / SCENARIO / "inventory" / "hosts.yml"
INVENTORIES = [str(INVENTORY), *([str(OWN)] if OWN.is_file() else [])]
SAY = "Say what differs, and why"
NODES = ["node1", "node2", "node3"]


class Run:
    """What came out of one ansible-playbook."""

    def __init__(self, code: int, output: str) -> None:
        self.code = code
        self.output = output

    @property
    def counts(self) -> dict[str, dict[str, int]]:
        """The recap: host -> {ok, changed, failed, …}."""
        rows = re.findall(r"^(\S+)\s+: (ok=.*)$", self.output, re.MULTILINE)
        return {host: {k: int(v) for k, v in re.findall(r"(\w+)=(\d+)", rest)} for host, rest in rows}

    @property
    def changed(self) -> int:
        """How many tasks changed something, on all hosts."""
        return sum(row["changed"] for row in self.counts.values())


def playbook(*arguments: str, name: str = "site", inventory: Path | None = None) -> Run:
    """Run one of the collection's playbooks, or of the scenario's, with another inventory than its own where one is given."""
    done = _ansible(name, arguments, inventory, ANSIBLE_NOCOLOR="1", ANSIBLE_FORCE_COLOR="0")
    return Run(done.returncode, done.stdout + done.stderr)


class Told(Run):
    """A run as data: what each task of it did on each host."""

    def __init__(self, done: subprocess.CompletedProcess[str]) -> None:
        try:
            plays = json.loads(done.stdout[done.stdout.index("{") :])["plays"]
        except ValueError as exc:
            raise AssertionError(done.stdout + done.stderr) from exc
        self.results = [
            (item["task"]["name"].split(" : ")[-1], host, result)
            for play in plays
            for item in play["tasks"]
            for host, result in item["hosts"].items()
        ]
        bad = [item for item in self.results if item[2].get("failed") or item[2].get("unreachable")]
        super().__init__(done.returncode, json.dumps(bad, indent=1) + done.stderr)

    @property
    def changes(self) -> list[tuple[str, str]]:
        """Host and task of everything that changed."""
        return [(host, task) for task, host, result in self.results if result.get("changed")]

    @property
    def lines(self) -> list[tuple[str, str]]:
        """Host and line of everything that the roles said they would change."""
        said = ((host, result.get("msg")) for task, host, result in self.results if task == SAY)
        return [(host, line) for host, lines in said if isinstance(lines, list) for line in lines]


def told(*arguments: str, name: str = "site", inventory: Path | None = None) -> Told:
    """Run one of the collection's playbooks on the machines; the answer is data."""
    return Told(_ansible(name, arguments, inventory, ANSIBLE_STDOUT_CALLBACK="ansible.posix.json"))


def _ansible(
    name: str, arguments: tuple[str, ...], inventory: Path | None, **environment: str
) -> subprocess.CompletedProcess[str]:
    inventories = [word for path in ([str(inventory)] if inventory else INVENTORIES) for word in ("-i", path)]
    own = ROOT / "molecule" / SCENARIO / f"{name}.yml"
    return subprocess.run(
        ["ansible-playbook", *inventories, str(own if own.is_file() else f"playbooks/{name}.yml"), *arguments],
        cwd=ROOT, env=dict(os.environ, **environment), text=True, capture_output=True, timeout=900, check=False,
    )  # fmt: skip


def module(name: str, node: str, /, **options) -> dict:
    """One module on one machine; its result."""
    return modules(name, node, **options)[node]


def modules(name: str, /, *nodes: str, **options) -> dict[str, dict]:
    """One module on several machines at once; its results."""
    done = subprocess.run(
        ["ansible", "-i", str(INVENTORY), ",".join(nodes), "-m", f"dockyard.swarm.{name}", "-a", json.dumps(options)],
        cwd=ROOT, text=True, capture_output=True, timeout=600, check=False,
        env=dict(os.environ, ANSIBLE_STDOUT_CALLBACK="ansible.posix.json", ANSIBLE_LOAD_CALLBACK_PLUGINS="1"),
    )  # fmt: skip
    (play,) = json.loads(done.stdout[done.stdout.index("{") :])["plays"]
    return play["tasks"][0]["hosts"]


def begun(name: str, node: str, /, **options) -> subprocess.Popen[bytes]:
    """One module on one machine, begun and not waited for."""
    return subprocess.Popen(
        ["ansible", "-i", str(INVENTORY), node, "-m", f"dockyard.swarm.{name}", "-a", json.dumps(options)],
        cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


def power_cut(machine: Machine, running: subprocess.Popen[bytes]) -> None:
    """Cut a machine's power under a module that runs, and switch it on again."""
    machine.kill()
    running.kill()
    running.wait()
    machine.boot()


def archives(*images: str) -> list[dict[str, str]]:
    """Archives of these of the lab's images, as option swarm_engine_image_archives takes them."""
    variables = yaml.safe_load((INVENTORY / "group_vars" / "all" / "lab.yml").read_text())
    return [item for item in variables["swarm_engine_image_archives"] if item["image"] in images]


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
