"""A swarm whose inventory a story rearranges as it goes, and all that its runs have said."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import yaml

from tests.support import INVENTORY, Run, archives, output, playbook, tasks, until

if TYPE_CHECKING:
    import testinfra

    from lab.api import Lab

# The scenario's playbook with the stages that have to do with the swarm itself.
STAGES = "stages"
# Beside the lab's own hosts.yml, for the group variables that are there; hidden, so that whoever takes the whole folder as
# an inventory does not see it.
ARRANGED = INVENTORY / ".arranged.yml"
PATIENCE = 30.0


def arrangement(
    written: Mapping[str, Any],
    managers: Sequence[str],
    workers: Sequence[str],
    common: Mapping[str, Any],
    own: Mapping[str, Mapping[str, Any]],
) -> dict[str, Any]:
    """An inventory of some of the machines: how they are reached is what the lab wrote.

    :param written: the lab's hosts.yml; ``common`` are variables of all hosts, ``own`` of single ones.
    """
    there = written["all"]["children"]["swarm"]["children"]
    known = {name: reached for group in there.values() for name, reached in (group["hosts"] or {}).items()}

    def group(names: Sequence[str]) -> dict[str, Any]:
        # As variables of the hosts, since the lab's group_vars/all goes before what an inventory's file says of a group.
        return {"hosts": {name: {**known[name], **common, **own.get(name, {})} for name in names}}

    groups = {"swarm_managers": group(managers), "swarm_workers": group(workers)}
    return {"all": {"vars": written["all"]["vars"], "children": {"swarm": {"children": groups}}}}


class Cluster:
    """The machines of the lab as what the inventory makes of them."""

    def __init__(self, lab: Lab, hosts: Mapping[str, testinfra.host.Host]) -> None:
        self.lab = lab
        self.hosts = hosts
        self.managers: list[str] = []
        self.workers: list[str] = []
        self.common: dict[str, Any] = {}
        self.own: dict[str, dict[str, Any]] = {}
        # What each run was, and everything it printed.
        self.said: list[tuple[str, str]] = []

    @classmethod
    def small(cls, lab: Lab, hosts: Mapping[str, testinfra.host.Host]) -> Iterator[Cluster]:
        """The machines, none of them in the inventory yet, with one image instead of all that the lab has; for a fixture."""
        found = cls(lab, hosts)
        found.common["swarm_engine_image_archives"] = archives("nginx:1")
        yield found
        ARRANGED.unlink(missing_ok=True)

    @property
    def names(self) -> list[str]:
        """All hosts of the inventory."""
        return [*self.managers, *self.workers]

    @property
    def first(self) -> testinfra.host.Host:
        """The manager that is asked."""
        return self.hosts[self.managers[0]]

    def arrange(
        self, managers: Sequence[str] | None = None, workers: Sequence[str] | None = None, **variables: Any
    ) -> None:
        """Write the inventory: these groups, these variables of all hosts; what is not named stays."""
        self.managers = self.managers if managers is None else list(managers)
        self.workers = self.workers if workers is None else list(workers)
        self.common.update(variables)
        written = yaml.safe_load((INVENTORY / "hosts.yml").read_text())
        arranged = arrangement(written, self.managers, self.workers, self.common, self.own)
        ARRANGED.write_text(yaml.safe_dump(arranged, sort_keys=False))

    def give(self, host: str, **variables: Any) -> None:
        """Variables of one host."""
        self.own.setdefault(host, {}).update(variables)
        self.arrange()

    def play(self, *arguments: str, name: str = "site") -> Run:
        """Run a playbook, whatever comes of it."""
        run = playbook(*arguments, name=name, inventory=ARRANGED)
        self.said.append((" ".join((name, *arguments)), run.output))
        return run

    def site(self, *arguments: str) -> Run:
        """Run the stages of the swarm, whatever comes of it."""
        return self.play(*arguments, name=STAGES)

    def done(self, *arguments: str, name: str) -> Run:
        """Run a playbook that has to succeed."""
        run = self.play(*arguments, name=name)
        assert run.code == 0, end(run)
        return run

    def converge(self, *arguments: str, patience: float = PATIENCE) -> Run:
        """Run the stages of the swarm; then it is what the inventory says, and a second run changes nothing."""
        run = self.site(*arguments)
        assert run.code == 0, end(run)
        self.whole(patience)
        self.settled()
        return run

    def settled(self) -> None:
        """See that a run has nothing to change."""
        run = self.site()
        assert (run.code, run.changed) == (0, 0), end(run)

    def listed(self) -> list[str]:
        """Every entry that the swarm has for a node, in words; while there is no leader, why it cannot be asked."""
        done = self.first.run("docker node ls --format '{{json .}}'")
        if done.rc != 0:
            return [done.stderr.strip()]
        return sorted(_words(json.loads(row)) for row in done.stdout.splitlines())

    def whole(self, patience: float = PATIENCE) -> None:
        """See that the swarm has the inventory's hosts in their roles, each once and in service, and nothing else."""
        wanted = [f"{name} ready active manager reachable" for name in self.managers]
        wanted += [f"{name} ready active worker" for name in self.workers]
        found, _took = until(lambda: self.listed() == sorted(wanted), patience)
        assert found, self.listed()

    def node(self, name: str) -> dict[str, Any]:
        """What the swarm has stored of a node, by its name; fails where the name is there twice."""
        return json.loads(output(self.first, f"docker node inspect {name}"))[0]

    def labels(self, name: str) -> dict[str, str]:
        """The labels of a node."""
        return self.node(name)["Spec"]["Labels"]

    def spec(self) -> dict[str, Any]:
        """The settings of the swarm."""
        return json.loads(output(self.first, "docker info --format '{{json .Swarm.Cluster.Spec}}'"))

    def identity(self) -> str:
        """The ID of the swarm."""
        return output(self.first, "docker info --format '{{.Swarm.Cluster.ID}}'")

    def secrets(self) -> dict[str, str]:
        """What can be rotated, as the swarm has it; the authority by its certificate."""
        asked = {
            "worker_token": "join-token -q worker",
            "manager_token": "join-token -q manager",
            "unlock_key": "unlock-key -q",
            "ca": "ca",
        }
        return {name: output(self.first, f"docker swarm {words}") for name, words in asked.items()}

    def made(self) -> dict[str, dict[str, Any]]:
        """What users made in the swarm: services, secrets, configs and networks, by their IDs."""
        found = {}
        for kind in ("service", "secret", "config"):
            items = json.loads(output(self.first, f"docker {kind} inspect $(docker {kind} ls -q)"))
            found[kind] = {item["ID"]: item["Spec"] for item in items}
        listed = "$(docker network ls -q --no-trunc --filter scope=swarm)"
        networks = json.loads(output(self.first, f"docker network inspect {listed}"))
        # Not the options as a whole: a node that has a task in the network tells more of them.
        found["network"] = {
            item["Id"]: (
                *(item["Name"], item["Driver"], item["Attachable"], item["Ingress"]),
                *("encrypted" in item["Options"], [pool["Subnet"] for pool in item["IPAM"]["Config"]]),
            )
            for item in networks
        }
        return found

    def state(self, name: str) -> str:
        """What the Engine of a machine says of its own part in the swarm; of one that is starting, why it says nothing."""
        done = self.hosts[name].run("docker info --format '{{.Swarm.LocalNodeState}}'")
        return done.stdout.strip() if done.rc == 0 else done.stderr.strip()

    def running(self, service: str) -> list[str]:
        """The nodes on which tasks of a service run, each as often as tasks run there."""
        return sorted(task["Node"] for task in tasks(self.first, service) if task["CurrentState"].startswith("Running"))

    def serves(self, service: str, replicas: int, patience: float = 120.0) -> None:
        """See that a service has all its tasks."""
        found, _took = until(lambda: len(self.running(service)) == replicas, patience, 0.5)
        assert found, output(self.first, f"docker service ps --no-trunc {service}")


def _words(row: Mapping[str, str]) -> str:
    manager = {"": "worker", "Leader": "manager reachable", "Reachable": "manager reachable"}
    role = manager.get(row["ManagerStatus"], "manager unreachable")
    return " ".join((row["Hostname"], row["Status"].lower(), row["Availability"].lower(), role))


def end(run: Run) -> str:
    """The end of what a run said; one with -vvvv says megabytes."""
    return run.output[-8000:]


def flat(run: Run) -> str:
    """What a run said, without the breaks of lines."""
    return " ".join(run.output.split())
