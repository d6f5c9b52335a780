# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: services detached from a network that is recreated, and attached again. Pure functions.

What a service gets back is kept in a label of the service. The update that detaches it writes the label, so that any later run
can go on after an interruption. The Engine checks only specs when the routing mesh is removed, and the mesh does not come back on
a node where a task still used it (seen on 26.1); so all tasks have to be off a network before it is removed.
"""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any, Iterable, Mapping

from .._core.swarm_objects import OVER

if TYPE_CHECKING:
    from .._core.facts import ApiObject, DetachedServices, SwarmNetwork

NOTE = "dockyard.swarm.detached"


def uses(spec: ApiObject, network: SwarmNetwork) -> bool:
    """Whether a service is on a network, or publishes ports by it where that is the routing mesh.

    :param spec: the Spec of ``GET /services``; ``network`` as node_facts gives it.
    """
    if network["ingress"]:
        return bool(_mesh_ports(spec))
    return any(item.get("Target") in (network["id"], network["name"]) for item in _attachments(spec))


def detached(spec: ApiObject, network: SwarmNetwork, options: Mapping[str, Any]) -> ApiObject:
    """A service's spec without the network, with a note of what it had.

    :param options: of overlay_network, by which the network is recreated.
    """
    spec = copy.deepcopy(spec)
    note: dict[str, Any] = {"network": network["name"], "options": options, "update": spec.get("UpdateConfig")}
    if network["ingress"]:
        note["ports"] = spec["EndpointSpec"]["Ports"]
        gone = _mesh_ports(spec)
        spec["EndpointSpec"]["Ports"] = [port for port in note["ports"] if port not in gone]
    else:
        mine = (network["id"], network["name"])
        note["networks"] = [[i, item] for i, item in enumerate(_attachments(spec)) if item.get("Target") in mine]
        spec["TaskTemplate"]["Networks"] = [item for item in _attachments(spec) if item.get("Target") not in mine]
        spec.pop("Networks", None)
    spec["Labels"] = dict(spec.get("Labels") or {}, **{NOTE: json.dumps(note, sort_keys=True)})
    return _at_once(spec)


def attached(spec: ApiObject, network_id: str) -> ApiObject:
    """The spec with what the note says, on the new network; the note stays until :func:`done`."""
    spec, note = copy.deepcopy(spec), note_of(spec)
    if "ports" in note:
        spec.setdefault("EndpointSpec", {})["Ports"] = note["ports"]
    there = [item for item in _attachments(spec) if item.get("Target") not in (network_id, note["network"])]
    for index, item in note.get("networks") or []:
        there.insert(index, dict(item, Target=network_id))
    spec["TaskTemplate"]["Networks"] = there
    return _at_once(spec)


def done(spec: ApiObject) -> ApiObject:
    """The spec without the note, and with the update policy that it had, which restarts no task."""
    spec, note = copy.deepcopy(spec), note_of(spec)
    del spec["Labels"][NOTE]
    if note["update"] is None:
        spec.pop("UpdateConfig", None)
    else:
        spec["UpdateConfig"] = note["update"]
    return spec


def note_of(spec: ApiObject) -> Any:
    """What a service waits for: ``{network, options, update, networks or ports}``, or None."""
    text = (spec.get("Labels") or {}).get(NOTE)
    return json.loads(text) if text else None


def waiting(specs: Iterable[ApiObject]) -> dict[str, DetachedServices]:
    """Networks that services wait for: name -> ``{options, services}``."""
    found: dict[str, DetachedServices] = {}
    for spec in sorted(specs, key=lambda item: item["Name"]):
        note = note_of(spec)
        if note:
            entry = found.setdefault(note["network"], {"options": note["options"], "services": []})
            entry["services"].append(spec["Name"])
    return found


def still_on(tasks: Iterable[ApiObject], network_id: str) -> list[str]:
    """IDs of the tasks that have not left a network yet, of ``GET /tasks``."""
    return [task["ID"] for task in tasks if task["Status"]["State"] not in OVER and _is_on(task, network_id)]


def running_on(tasks: Iterable[ApiObject], network_id: str) -> dict[str, int]:
    """How many tasks of each service run on a network: service ID -> number."""
    found: dict[str, int] = {}
    for task in tasks:
        if task["Status"]["State"] == "running" and task["DesiredState"] == "running" and _is_on(task, network_id):
            found[task["ServiceID"]] = found.get(task["ServiceID"], 0) + 1
    return found


def _is_on(task: ApiObject, network_id: str) -> bool:
    return any((item.get("Network") or {}).get("ID") == network_id for item in task.get("NetworksAttachments") or [])


def _attachments(spec: ApiObject) -> list[ApiObject]:
    """Where a service's networks stand: since API 1.25 in the task's template."""
    return (spec.get("TaskTemplate") or {}).get("Networks") or spec.get("Networks") or []


def _mesh_ports(spec: ApiObject) -> list[ApiObject]:
    endpoint = spec.get("EndpointSpec") or {}
    return [port for port in endpoint.get("Ports") or [] if port.get("PublishMode", "ingress") == "ingress"]


def _at_once(spec: ApiObject) -> ApiObject:
    """All tasks at once, since a task without its network is of no use.

    In the service's own order, but for ports of the hosts: a second task that wants one waits until the first has stopped.
    """
    ports = (spec.get("EndpointSpec") or {}).get("Ports") or []
    own = (spec.get("UpdateConfig") or {}).get("Order") or "stop-first"
    order = "stop-first" if any(port.get("PublishMode") == "host" for port in ports) else own
    return dict(spec, UpdateConfig={"Parallelism": 0, "FailureAction": "continue", "Order": order})
