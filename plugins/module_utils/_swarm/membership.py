# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: which swarm a host was seen in, and what it means where it shows none. Pure functions.

The record is outside of the Engine's data, and a mark in that data says that it is the same as then: so a host whose data is out
of sight is distinguished from one that left, and from a new one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Mapping

from .._core.plan import change

if TYPE_CHECKING:
    from .._core.facts import Membership
    from .._core.plan import Plan

RECORD = "/etc/dockyard/swarm.json"
# In the Engine's data folder: moves take it along, and leaving a swarm does not remove it.
MARK = "dockyard-swarm.id"

WAS = "it was node %s of swarm %s (recorded in " + RECORD + "), and its Engine, which has its data in %s, is in none"
GONE = (
    "That is not the data that it had then: a disk that is not mounted, or another data-root or userns-remap, hides it. Mount "
    "the disk or put the option back, and restart Docker"
)
LEFT = "It left, for example by 'docker swarm leave'"
HIDDEN = (
    "%s has the state of a swarm, and the Engine, which has its data in %s, does not use it: a disk that is not mounted, or "
    "another data-root or userns-remap, hides it. Put that back and restart Docker, or move that folder away if nobody needs it"
)
LOST = (
    "If the swarm is lost, restore it with playbooks/restore.yml; if nobody needs it any more, remove %s from the host, and run "
    "again"
) % RECORD


def wanted(state: Mapping[str, Any], cluster_id: str | None) -> Membership | None:
    """What is to be recorded of a member; None where it is not known or not one.

    :param state: the ``swarm`` part of node_facts.
    """
    cluster = cluster_id or state.get("cluster_id")
    if state["state"] != "active" or not cluster or not state["node_id"]:
        return None
    return {"cluster_id": cluster, "node_id": state["node_id"]}


def is_recorded(state: Mapping[str, Any], cluster_id: str | None) -> bool:
    """Whether nothing is left to record; also where the facts are without it."""
    found = wanted(state, cluster_id)
    return found is None or "recorded" not in state or (state["recorded"] == found and bool(state["marked"]))


def record_step(host: str, state: Mapping[str, Any]) -> Plan:
    """The change that records a member, to be shown."""
    before = state.get("recorded")
    why = (
        "not recorded"
        if before is None
        else "its data is at another place"
        if state.get("marked") is False
        else "differs"
    )
    return [
        change(
            "record", "membership of node %s" % host, why,
            before=before["node_id"][:12] if before else None, after=state["node_id"][:12],
        )
    ]  # fmt: skip


def new_swarm_problem(state: Mapping[str, Any]) -> str | None:
    """Why no swarm may be made while this host is in none: a text, or None."""
    if state.get("recorded"):
        return "%s: no new swarm is made. %s. %s" % (_was(state), LEFT if state["marked"] else GONE, LOST)
    return _hidden(state)


def join_problem(state: Mapping[str, Any], cluster_id: str | None) -> str | None:
    """Why this host, which is in no swarm, must not join the one with this ID: a text, or None.

    One that was in it, and whose data is what it was, joins again.
    """
    recorded = state.get("recorded")
    if not recorded:
        return _hidden(state)
    if cluster_id and recorded["cluster_id"] != cluster_id:
        return "%s: it does not join swarm %s. %s. %s" % (
            _was(state),
            cluster_id,
            LEFT if state["marked"] else GONE,
            LOST,
        )
    if state["marked"]:
        return None
    return (
        "%s: it does not join again by itself. %s. If that data is gone for good, remove %s from the host, and run again"
        % (_was(state), GONE, RECORD)
    )


def missing(info: Mapping[str, Any], node_id: str) -> str:
    """Why an Engine is not back as a node, by its answer to ``GET /info``; empty where it is."""
    if not info:
        return "its Engine does not answer"
    swarm = info.get("Swarm") or {}
    state, mine = swarm.get("LocalNodeState") or "inactive", swarm.get("NodeID") or ""
    if state == "active" and mine == node_id:
        return ""
    what = "its state is %s%s" % (state, " (%s)" % swarm["Error"] if swarm.get("Error") else "")
    other = " as node %s" % mine if mine and mine != node_id else ""
    return "%s%s, with its data in %s" % (what, other, info.get("DockerRootDir") or "an unknown folder")


def _was(state: Mapping[str, Any]) -> str:
    recorded = state["recorded"]
    return WAS % (recorded["node_id"], recorded["cluster_id"], state.get("root") or "an unknown folder")


def _hidden(state: Mapping[str, Any]) -> str | None:
    elsewhere = state.get("elsewhere") or []
    return HIDDEN % (elsewhere[0], state.get("root") or "another folder") if elsewhere else None
