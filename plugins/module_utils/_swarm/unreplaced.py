# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: what ends with its node, and is started again by nobody. Pure functions.

The swarm replaces a task of a drained node by the rules for one that ended: always with condition ``any``, with ``on-failure``,
too, since the task has not completed, and never with ``none``; and as often as the policy allows. Tasks of jobs stay on a drained
node, and are cut off when its Engine stops.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Collection, Iterable, Mapping

from .._core.plan import change
from .._core.swarm_objects import OVER

if TYPE_CHECKING:
    from .._core.facts import ApiObject
    from .._core.plan import Plan

REMEDY = "Nothing was changed. Let them end first, or set swarm_engine_unreplaced_tasks: end (option unreplaced of the module)"


def ending(
    services: Iterable[ApiObject], tasks: Iterable[ApiObject], names: Mapping[str, str]
) -> dict[str, tuple[str, list[str]]]:
    """What ends for good on some nodes: ``{what: (why, names of nodes)}``.

    :param services: as the API lists them; ``tasks`` likewise.
    :param names: the nodes, by ID.
    """
    by_id = {item["ID"]: item["Spec"] for item in services}
    every = list(tasks)
    found: dict[str, tuple[str, list[str]]] = {}
    for task in every:
        spec = by_id.get(task.get("ServiceID") or "")
        if spec is None or task.get("NodeID") not in names or _is_over(task):
            continue
        job = _is_job(spec)
        why = "a task of a job would be cut off" if job else _no_successor(task, every)
        if why:
            where = found.setdefault("%s %s" % ("job" if job else "service", spec["Name"]), (why, []))[1]
            if names[task["NodeID"]] not in where:
                where.append(names[task["NodeID"]])
    return found


def ending_containers(containers: Iterable[ApiObject]) -> dict[str, str]:
    """Containers outside of the swarm that run and that the Engine does not start again for certain: ``{name: why}``.

    :param containers: as ``GET /containers/ID/json`` gives them.
    """
    found = {}
    for item in containers:
        policy = ((item.get("HostConfig") or {}).get("RestartPolicy") or {}).get("Name") or "no"
        if policy not in ("always", "unless-stopped"):
            found["container %s" % str(item.get("Name") or item.get("Id")).lstrip("/")] = (
                "its restart policy is %s" % policy
            )
    return found


def problem(found: Mapping[str, tuple[str, Collection[str]]]) -> str | None:
    """The text that refuses to end them, or None."""
    if not found:
        return None
    what = "; ".join("%s on %s: %s" % (name, ", ".join(where), why) for name, (why, where) in sorted(found.items()))
    return "these would end with the Engines of their nodes, and nobody starts them again: %s. %s" % (what, REMEDY)


def container_problem(found: Mapping[str, str]) -> str:
    """The text that refuses to end containers."""
    what = "; ".join("%s: %s" % pair for pair in sorted(found.items()))
    return "these end with the Engine, and nobody starts them again: %s. %s" % (what, REMEDY)


def plan(found: Mapping[str, tuple[str, Collection[str]]]) -> Plan:
    """What is ended, to be shown."""
    return [change("end", name, why, before=", ".join(where)) for name, (why, where) in sorted(found.items())]


def _is_over(task: ApiObject) -> bool:
    state = (task.get("Status") or {}).get("State")
    return state in OVER or task.get("DesiredState") in ("shutdown", "remove")


def _is_job(spec: Mapping[str, Any]) -> bool:
    return any(name.endswith("Job") for name, value in (spec.get("Mode") or {}).items() if value is not None)


def _no_successor(task: ApiObject, every: Iterable[ApiObject]) -> str | None:
    policy = (task.get("Spec") or {}).get("RestartPolicy") or {}
    if policy.get("Condition") == "none":
        return "its restart condition is none"
    most = policy.get("MaxAttempts") or 0
    if not most:
        return None
    place = "Slot" if task.get("Slot") else "NodeID"
    before = sum(
        1
        for other in every
        if other.get("ServiceID") == task.get("ServiceID")
        and other.get(place) == task.get(place)
        and other.get("ID") != task.get("ID")
    )
    return "it was restarted as often as its policy allows (max-attempts %d)" % most if before >= most else None
