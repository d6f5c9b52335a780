# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: how many managers a swarm can do without. Pure functions.

Who votes is who is a member of raft (``reachability`` is not None), not whose role is manager: one that is being demoted
votes to the end, and one that is being promoted does not vote yet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Iterable, Sequence

if TYPE_CHECKING:
    from .._core.facts import Node, SwarmFacts


class Quorum:
    """The voters of a swarm, and what becomes of the quorum when some come or go.

    :param known: nodes as node_facts gives them.
    """

    def __init__(self, known: Iterable[Node]) -> None:
        self.voters = {node["id"] for node in known if node["reachability"]}
        self.alive = {node["id"] for node in known if node["reachability"] == "reachable"}

    def gain(self, node_id: str) -> None:
        """Count a node as a manager that is there."""
        self.voters.add(node_id)
        self.alive.add(node_id)

    def lose(self, node_id: str) -> None:
        """Count a node as no manager any more."""
        self.voters.discard(node_id)
        self.alive.discard(node_id)

    def allows(self, node_id: str) -> bool:
        """Whether the managers that remain without this node have a quorum of their own."""
        if node_id not in self.voters:
            return True
        left, alive, needed = self._without(node_id)
        return left > 0 and alive >= needed

    def survives(self, node_id: str) -> bool:
        """Whether the quorum is there while this node, which stays a voter, is away."""
        return node_id not in self.voters or len(self.alive - {node_id}) >= len(self.voters) // 2 + 1

    def numbers(self, node_id: str) -> str:
        """What would be left, in words."""
        return "of the %d managers that would remain %d would be reachable, and %d are needed" % self._without(node_id)

    def _without(self, node_id: str) -> tuple[int, int, int]:
        left = len(self.voters - {node_id})
        return left, len(self.alive - {node_id}), left // 2 + 1


def demotion_problem(
    known: Sequence[Node], demoted: Iterable[str], promoted: Iterable[str] = (), forgotten: Iterable[str] = ()
) -> str | None:
    """Why the managers with these IDs must not be demoted, once others are promoted or forgotten: a text, or None."""
    quorum = Quorum(known)
    for node_id in promoted:
        quorum.gain(node_id)
    for node_id in forgotten:
        quorum.lose(node_id)
    for node_id in sorted(demoted, key=quorum.alive.__contains__):
        if not quorum.allows(node_id):
            name = next(node["hostname"] for node in known if node["id"] == node_id)
            return no_demotion(name, quorum, node_id)
        quorum.lose(node_id)
    return None


def no_demotion(name: str, quorum: Quorum, node_id: str) -> str:
    """The text that refuses a demotion."""
    return "%s cannot be made a worker: %s. Bring managers back or promote others first" % (
        name, quorum.numbers(node_id),
    )  # fmt: skip


def leave_problem(state: SwarmFacts) -> str | None:
    """Why this node must not leave its swarm: a text, or None where it may.

    :param state: the ``swarm`` part of node_facts.
    """
    node_id = state["node_id"]
    if not state["manager"] or not node_id or not state.get("nodes"):
        return None
    quorum = Quorum(state["nodes"])
    if len(state["nodes"]) == 1 or quorum.allows(node_id):
        return None
    if quorum.voters == {node_id}:
        return "this is the only manager: leaving ends the swarm of %d nodes. Promote another one, or set force" % (
            len(state["nodes"])
        )
    return "leaving loses the quorum: %s. Bring managers back, promote others, or set force" % (quorum.numbers(node_id))
