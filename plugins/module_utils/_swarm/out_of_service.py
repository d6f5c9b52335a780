# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: which nodes are out of service, and by which run, as the swarm itself keeps it. Pure functions.

One label of the swarm's Spec has them all: the swarm takes a new Spec only from who has read the last one, so that of two runs
that want a node at the same time one learns of the other, whatever the strategy and wherever the controllers are.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any, Collection, Dict, Iterable, Mapping, TypedDict

from .drain import LABEL as DRAINED

if TYPE_CHECKING:
    from .._core.facts import ApiObject, Node

LABEL = "dockyard.swarm.out-of-service"
# Seconds after which a run of another controller counts as killed. Its nodes are put back where they are ready.
LEASE = 900
# Seconds between an entry and the drain of its node.
BEGINS = 60


class Entry(TypedDict):
    """One node that is out of service."""

    run: str  # which run, as the controller knows it
    by: str  # the controller's name
    since: int  # by the clock of the manager that was asked
    manager: bool
    drained: bool  # whether its label tells, too; a node whose tasks nobody else takes is not drained


Entries = Dict[str, Entry]


def entries(spec: Mapping[str, Any], nodes: Iterable[Node], now: float) -> Entries:
    """The entries that count, by node ID. One ends with its node, or when somebody gave the node its availability back."""
    known = {node["id"]: node for node in nodes}
    found: Entries = {}
    for node_id, entry in _written(spec).items():
        if node_id not in known:
            continue
        age = now - entry["since"]
        marked = DRAINED in known[node_id]["labels"]
        if age < BEGINS or (marked if entry["drained"] else age < LEASE):
            found[node_id] = entry
    return found


def held(spec: Mapping[str, Any], nodes: Iterable[Node], now: float, ended: Collection[str]) -> list[str]:
    """The nodes that a run may be at work on, by ID.

    :param ended: runs that are known to have ended.
    """
    return [node_id for node_id, entry in entries(spec, nodes, now).items() if not is_left(entry, now, ended)]


def runs(spec: Mapping[str, Any]) -> list[str]:
    """All runs that have entries."""
    return sorted({entry["run"] for entry in _written(spec).values()})


def is_left(entry: Entry, now: float, ended: Collection[str]) -> bool:
    """Whether the run that made an entry is over."""
    return entry["run"] in ended or now - entry["since"] > LEASE


def blockers(found: Entries, node_id: str, run: str, manager: bool, parallel: int) -> list[str]:
    """The nodes because of which this one must not be taken now: one manager alone, or so many workers.

    :param found: of runs that go on, and of nodes that are not back.
    """
    if node_id in found and found[node_id]["run"] != run:
        return [node_id]
    others = [other for other in found if other != node_id]
    if manager or any(found[other]["manager"] for other in others):
        return others
    return others if len(others) >= max(1, parallel) else []


def with_entry(spec: ApiObject, node_id: str, entry: Entry | None, valid: Collection[str]) -> ApiObject:
    """The Spec with an entry more, or less; other labels stay, and entries that count no more go.

    :param valid: nodes whose entries stay.
    """
    kept = {other: item for other, item in _written(spec).items() if other in valid and other != node_id}
    if entry:
        kept[node_id] = entry
    labels = {name: text for name, text in (spec.get("Labels") or {}).items() if name != LABEL}
    if kept:
        labels[LABEL] = json.dumps(kept, sort_keys=True)
    return dict(spec, Labels=labels)


def text(found: Entries, node_ids: Iterable[str], nodes: Iterable[Node]) -> str:
    """Nodes that are out of service, in words."""
    names = {node["id"]: node["hostname"] for node in nodes}
    return ", ".join(
        "%s (since %s UTC, by a run of controller %s)"
        % (names.get(node_id, node_id), _clock(found[node_id]["since"]), found[node_id]["by"])
        for node_id in node_ids
    )


def refusal(found: Entries, node_ids: Iterable[str], nodes: Iterable[Node], name: str, parallel: int) -> str:
    """Why a node must not be taken out of service now."""
    ids = list(node_ids)
    latest = _clock(max(found[node_id]["since"] for node_id in ids) + LEASE)
    return (
        "node %s is not taken out of service: %s; one manager or %d of the workers may be at a time. Run again when that run is "
        "over. If it was killed, the next run puts its node back first: at once on the same controller, from another one after "
        "%s UTC" % (name, text(found, ids, nodes), max(1, parallel), latest)
    )


def left_text(found: Entries, node_ids: Iterable[str], nodes: Iterable[Node], name: str) -> str:
    """Why a node must not be taken, while one that a run left out of service is not back."""
    return (
        "node %s is not taken out of service: %s was left out of service, and is not back. Start its Engine, or remove the node "
        "with playbooks/remove.yml, and run again" % (name, text(found, node_ids, nodes))
    )


def _written(spec: Mapping[str, Any]) -> Entries:
    try:
        found = json.loads((spec.get("Labels") or {}).get(LABEL) or "{}")
        return {
            node_id: {
                "run": str(item["run"]),
                "by": str(item["by"]),
                "since": int(item["since"]),
                "manager": bool(item["manager"]),
                "drained": bool(item["drained"]),
            }
            for node_id, item in found.items()
        }
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}  # not written by this collection


def _clock(seconds: float) -> str:
    return time.strftime("%H:%M:%S", time.gmtime(seconds))
