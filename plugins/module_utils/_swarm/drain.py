# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: taking a node out of service for a while, and what has to run elsewhere first. Pure functions.

Docker's own drain does not wait (moby#33220), so that a restart of the daemon right after it interrupts the tasks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Iterable, Mapping, Sequence, TypedDict

from .._core.plan import change
from .._core.swarm_objects import OVER
from .quorum import Quorum

if TYPE_CHECKING:
    from .._core.facts import ApiObject, Node
    from .._core.plan import Plan


# What the node's availability was, kept in the swarm, where an interrupted run does not lose it.
LABEL = "dockyard.swarm.availability"
NO_PLACE = "no suitable node"
# What a task is to be that runs, or waits for the one that it replaces.
LIVE = ("running", "ready")


class Task(TypedDict):
    service: str  # its name; empty where it does not move
    node: str | None
    wanted: str | None
    state: str | None
    placeless: bool  # no node is suitable for it


def drain_plan(nodes: Sequence[Node], tasks: Sequence[Task], node_id: str) -> Plan:
    """What taking a node out of service asks for; nothing where no other node could take its tasks.

    :param nodes: the swarm's nodes, as node_facts gives them; ``tasks`` as :func:`task_facts` gives them.
    """
    node = _by_id(nodes, node_id)
    if not any(_takes_tasks(other) for other in nodes if other["id"] != node_id):
        return []
    plan = []
    if node["availability"] != "drain":
        plan.append(
            change(
                "drain", "node %s" % node["hostname"], "its Engine is to be stopped",
                before=node["availability"], after="drain",
                set={"availability": "drain", "labels": {LABEL: node["availability"]}},
            )
        )  # fmt: skip
    if plan or remaining(tasks, node_id):
        here = sorted({task["service"] for task in remaining(tasks, node_id)})
        plan.append(change("wait", "node %s" % node["hostname"], "until other nodes run what it runs", before=here))
    return plan


def restore_plan(nodes: Sequence[Node], node_id: str) -> Plan:
    """What putting a node back into service asks for: the availability that it had."""
    node = _by_id(nodes, node_id)
    before = node["labels"].get(LABEL)
    if before is None:
        return []
    return [
        change(
            "restore", "node %s" % node["hostname"], "its Engine is back",
            before=node["availability"], after=before, node=node_id,
            set={"availability": before, "labels": {LABEL: None}},
        )
    ]  # fmt: skip


def restart_problem(nodes: Sequence[Node], node_id: str) -> str | None:
    """Why the Engine of this node must not be stopped now: a text, or None.

    One or two managers lose their quorum with any of them, for as long as it is away; that cannot be helped. Three and more
    need not, and so must not.
    """
    quorum = Quorum(nodes)
    total = len(quorum.voters)
    if total < 3 or quorum.survives(node_id):
        return None
    left = quorum.alive - {node_id}
    away = [node["hostname"] for node in nodes if node["id"] in quorum.voters - quorum.alive - {node_id}]
    return (
        "stopping the Engine of manager %s loses the quorum: %d of %d managers would be reachable, and %d are needed. Bring %s "
        "back first" % (_by_id(nodes, node_id)["hostname"], len(left), total, total // 2 + 1, ", ".join(away))
    )


def task_facts(task: ApiObject, services: Mapping[str, str]) -> Task:
    """One task as the API lists it, in few words; ``services`` are the names of those that move, by ID."""
    status = task.get("Status") or {}
    return {
        "service": services.get(task.get("ServiceID") or "", ""),
        "node": task.get("NodeID"),
        "wanted": task.get("DesiredState"),
        "state": status.get("State"),
        "placeless": NO_PLACE in (status.get("Err") or status.get("Message") or ""),
    }


def moving_services(services: Iterable[ApiObject]) -> dict[str, str]:
    """Names of the services whose tasks get replacements elsewhere, by ID: not the global ones, nor jobs."""
    return {item["ID"]: item["Spec"]["Name"] for item in services if "Replicated" in (item["Spec"].get("Mode") or {})}


def remaining(tasks: Iterable[Task], node_id: str) -> list[Task]:
    """Tasks that a node still has, of services that move."""
    return [task for task in tasks if task["service"] and task["node"] == node_id and task["state"] not in OVER]


def goals(tasks: Sequence[Task], node_id: str) -> dict[str, int]:
    """How many tasks of each service that this node runs are to run elsewhere: as many as run now."""
    here = {task["service"] for task in remaining(tasks, node_id) if task["wanted"] == "running"}
    return {
        name: sum(1 for task in tasks if task["service"] == name and task["state"] == task["wanted"] == "running")
        for name in here
    }


def lacking(tasks: Sequence[Task], node_id: str, wanted: Mapping[str, int]) -> dict[str, str]:
    """Services that do not run elsewhere yet as often as they did, and those that still run here, each with a reason.

    A task for which no other node is suitable comes back with this one, and is not waited for; nor is one that ends without a
    successor: the swarm makes that in the moment in which it ends a task.
    """
    found = {}
    for task in remaining(tasks, node_id):
        found[task["service"]] = "still %s there" % task["state"]
    for name, number in wanted.items():
        mine = [task for task in tasks if task["service"] == name and task["wanted"] == "running"]
        running = sum(1 for task in mine if task["state"] == "running" and task["node"] != node_id)
        placeless = sum(1 for task in mine if task["placeless"] and task["state"] == "pending")
        coming = sum(1 for task in tasks if task["service"] == name and task["wanted"] in LIVE)
        if running + placeless < min(number, coming):
            found[name] = "%d of %d tasks run elsewhere" % (running, min(number, coming))
    return found


def is_back(node: Node) -> bool:
    """Whether the swarm counts on this node. It does for a while after the node is gone: see :func:`has_reported`."""
    return node["state"] == "ready" and (node["role"] != "manager" or node["reachability"] == "reachable")


def has_reported(version: int, before: int) -> bool:
    """Whether the swarm has heard of a node since it was stopped.

    Each start of an Engine is a new session of its node, which its entry is written for, also where the managers never noticed
    that it was gone.

    :param version: the version of its entry; ``before`` that before the stop, 0 where it was not stopped.
    """
    return not before or version > before


def batches(nodes: Mapping[str, Mapping[str, bool]], parallel: int = 1) -> list[list[str]]:
    """The order in which Engines are restarted: workers, ``parallel`` at a time, then managers one by one, the leader last.

    :param nodes: host -> ``{manager, leader}``.
    """
    workers = [host for host, item in nodes.items() if not item["manager"]]
    managers = sorted((host for host, item in nodes.items() if item["manager"]), key=lambda host: nodes[host]["leader"])
    parallel = max(1, parallel)
    return [workers[at : at + parallel] for at in range(0, len(workers), parallel)] + [[host] for host in managers]


def _takes_tasks(node: Node) -> bool:
    return node["availability"] == "active" and node["state"] == "ready"


def _by_id(nodes: Iterable[Node], node_id: str) -> Node:
    return next(node for node in nodes if node["id"] == node_id)
