# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: the swarm as its hosts see it and as one of its managers lists it. Plain data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Mapping, TypedDict

from .quorum import Quorum

if TYPE_CHECKING:
    from .._core.facts import Node, NodeFacts, SwarmFacts


class Host(TypedDict):
    """A host of the inventory, and what is wanted of it as a node."""

    role: str  # manager or worker
    availability: str | None  # None: not managed
    labels: Mapping[str, str | None] | None  # None: not managed
    address: str | None
    advertise_addr: str | None
    own: list[str]  # all of its addresses
    here: bool  # whether the run acts on it
    facts: NodeFacts | None  # None: it was not read


class View:
    """What all parts of the cluster's plan read, and the problems that they find.

    :param states: host -> the ``swarm`` part of node_facts, of hosts that were read.
    :param manager: the host that is asked for the swarm, or None.
    """

    def __init__(self, hosts: Mapping[str, Host], states: Mapping[str, SwarmFacts], manager: str | None) -> None:
        self.hosts = hosts
        self.states = states
        self.manager = manager
        self.known = {node["id"]: node for node in states[manager]["nodes"]} if manager else {}
        # A node that is planned to go counts as gone for all that is planned after it.
        self.quorum = Quorum(self.known.values())
        self.unread = [host for host in hosts if host not in states]
        self.problems: dict[str, list[str]] = {}

    def problem(self, host: str, text: str) -> None:
        """Note why nothing must be done."""
        self.problems.setdefault(host, []).append(text)

    def entry(self, host: str) -> Node | None:
        """The swarm's entry of a host, or None.

        A node that is broken may report neither its ID nor its managers: then name and address decide.
        """
        state = self.states[host]
        if state["node_id"] or state["managers"] or state["state"] not in ("error", "pending"):
            return self.known.get(state["node_id"] or "")
        name, own = self.hostname(host), self.hosts[host]["own"]
        taken = {state["node_id"] for state in self.states.values()}
        mine = [
            node
            for node in self.known.values()
            if node["hostname"] == name and node["addr"] in own and node["state"] != "ready" and node["id"] not in taken
        ]
        return mine[0] if len(mine) == 1 else None

    def hostname(self, host: str) -> str:
        """The name that a host has itself; empty where it was not read."""
        facts = self.hosts[host]["facts"]
        return facts["machine"]["hostname"] if facts else ""

    def entries(self) -> dict[str, Node]:
        """The swarm's entries of all hosts that have one, by host."""
        found = {host: self.entry(host) for host in self.states}
        return {host: entry for host, entry in found.items() if entry}

    def gains(self) -> bool:
        """Whether another manager comes in this run, so that what the quorum forbids now may be allowed after it."""
        return any(
            item["role"] == "manager"
            and item["here"]
            and host in self.states
            and (self.states[host]["state"] == "inactive" or self._is_worker(host))
            for host, item in self.hosts.items()
        )

    def _is_worker(self, host: str) -> bool:
        entry = self.entry(host)
        return entry is not None and entry["role"] == "worker"
