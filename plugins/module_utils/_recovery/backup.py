# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: which manager is backed up, and why it may have to wait. Pure functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Collection, Mapping, Sequence

from .._swarm.quorum import Quorum

if TYPE_CHECKING:
    from .._core.facts import Node, SwarmFacts


def freeze_problem(nodes: Collection[Node], node_id: str) -> str | None:
    """Why the daemon of a manager should not be paused for a moment: a text, or None.

    With one or two managers it cannot be helped.
    """
    quorum = Quorum(nodes)
    voters = len(quorum.voters)
    if voters <= 2 or quorum.survives(node_id):
        return None
    return "while it is paused for the copy, %d of %d managers can be reached, and %d are needed" % (
        len(quorum.alive - {node_id}),
        voters,
        voters // 2 + 1,
    )


def backup_problem(swarm: SwarmFacts, force: bool = False) -> str | None:
    """Why this node cannot be backed up now: a text that says what to do, or None."""
    if swarm["state"] != "active" or not swarm["manager"]:
        state = "a worker" if swarm["state"] == "active" else swarm["state"]
        return "this node is no manager of a swarm (it is %s): back up on a manager" % state
    if not swarm["quorum"]:
        return "the managers have no quorum (%s), so the swarm's state is not certain: start other managers first" % (
            swarm["error"] or "no leader"
        )
    problem = freeze_problem(swarm["nodes"], swarm["node_id"] or "")
    if problem and not force:
        return "%s: start other managers, or set swarm_backup_host to back this one up nevertheless" % problem
    return None


def backup_host(states: Mapping[str, SwarmFacts], managers: Sequence[str]) -> str | None:
    """The manager that is backed up: one that the swarm does without for a moment, if possible not its leader.

    :param states: host -> ``swarm`` part of node_facts, of hosts that were read.
    :param managers: hosts that can be asked for the swarm.
    """
    able = [host for host in managers if host in states]
    if not able:
        return None
    nodes = {node["id"]: node for node in states[able[0]]["nodes"]}

    def order(host: str) -> tuple[bool, bool]:
        node_id = states[host]["node_id"] or ""
        leads = node_id in nodes and nodes[node_id]["leader"]
        return (freeze_problem(nodes.values(), node_id) is not None, leads)

    return min(able, key=order)
