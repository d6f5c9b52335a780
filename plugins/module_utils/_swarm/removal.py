# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: nodes that are taken out of the swarm for good. Pure functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Collection, Dict, Iterable, Mapping, Sequence, Tuple, TypedDict

from .._core.plan import change
from . import members
from .placement import held
from .quorum import Quorum

if TYPE_CHECKING:
    from .._core.facts import Node
    from .._core.plan import Plan

    # What is to go: node ID -> the name that was asked for, and the node.
    Going = Dict[str, Tuple[str, Node]]


class HostIdentity(TypedDict):
    """Who a host is for its swarm."""

    hostname: str
    state: str
    node_id: str | None
    here: bool  # whether the run acts on it


class RemovalPlan(TypedDict):
    problems: list[str]
    manager: str | None  # who is asked
    hosts: list[str]  # those that leave by themselves
    leaving: members.Leaving
    steps: Plan


def removal_plan(
    names: Iterable[str],
    inventory: Collection[str],
    hosts: Mapping[str, HostIdentity],
    nodes: Sequence[Node],
    managers: Sequence[str],
) -> RemovalPlan:
    """What takes nodes out of the swarm.

    :param names: what is to go: inventory hosts, or names or IDs of nodes that the inventory does not have any more.
    :param inventory: names of all hosts.
    :param hosts: those that were read.
    :param nodes: the swarm's nodes, as node_facts gives them; ``managers`` are the hosts that can be asked for it, in order.
    """
    if not managers:
        return _nothing("no manager of the swarm can be asked: start one, and run again without --limit")
    by_id = {item["node_id"]: host for host, item in hosts.items() if item["node_id"]}
    problems: list[str] = []
    going: Going = {}
    leavers: list[str] = []
    for name in names:
        found = _entries(name, hosts.get(name), nodes)
        if len(found) > 1:
            ids = ", ".join(node["id"] for node in found)
            problems.append("%s is the name of %d nodes (%s): give the ID of one" % (name, len(found), ids))
        elif not found and name not in hosts:
            known = ", ".join(sorted({node["hostname"] for node in nodes}))
            what = "%s was not read, and no node has that name" if name in inventory else "there is no host or node %s"
            problems.append((what + "; the swarm has %s: give a node's name or ID") % (name, known))
        for node in found[:1]:
            host = by_id.get(node["id"])
            going[node["id"]] = (name, node)
            problems += _lost_data(name, node)
            if host and hosts[host]["here"]:
                leavers.append(host)
            elif node["state"] == "ready":
                problems.append(
                    "%s is up, and this run does not reach it, so that it cannot leave: run again without --limit, or stop "
                    "its Engine first" % name
                )
        item = hosts.get(name)
        if not found and item and item["here"] and item["state"] not in ("inactive", "stopped"):
            leavers.append(name)
    manager = next((host for host in managers if hosts[host]["node_id"] not in going), None)
    if going and not manager:
        problems.append(
            "this run would reach no manager afterwards: keep one, or, to end the swarm, run "
            "'docker swarm leave --force' on its nodes"
        )
    elif not problems:
        problems += _lost_quorum(going, nodes)
    if problems:
        return _nothing(*problems)
    return {
        "problems": [],
        "manager": manager,
        "hosts": leavers,
        "leaving": members.leaving(nodes, set(going)),
        "steps": _steps(going, leavers, by_id),
    }


def _nothing(*problems: str) -> RemovalPlan:
    texts = ["option swarm_remove: %s" % text for text in problems]
    return {"problems": texts, "manager": None, "hosts": [], "leaving": members.leaving([], set()), "steps": []}


def _entries(name: str, host: HostIdentity | None, nodes: Iterable[Node]) -> list[Node]:
    """The entries that a name stands for: by the host's own node ID, else by name or ID."""
    if host and host["node_id"]:
        return [node for node in nodes if node["id"] == host["node_id"]]
    hostname = host["hostname"] if host else name.split(".")[0]
    return [node for node in nodes if node["id"] == name or node["hostname"] in (hostname, name)]


def _lost_data(name: str, node: Node) -> list[str]:
    return [
        "%s has the data that its label %s is about (%s): move it first, as the guide says, or give it up: docker node update "
        "--label-rm %s %s" % (name, label, node["labels"][label], label, node["hostname"])
        for label in held(node)
    ]


def _lost_quorum(going: Going, nodes: Sequence[Node]) -> list[str]:
    quorum = Quorum(nodes)
    for node_id in sorted(going, key=quorum.alive.__contains__):
        name = going[node_id][0]
        if not quorum.allows(node_id):
            numbers = quorum.numbers(node_id)
            return ["%s must not be removed: %s. Bring managers back or promote others first" % (name, numbers)]
        quorum.lose(node_id)
    return []


def _steps(going: Going, leavers: Sequence[str], by_id: Mapping[str, str]) -> Plan:
    steps = []
    for node_id, (name, node) in going.items():
        if node["role"] == "manager":
            steps.append(change("demote", "node %s" % name, "it is to be removed", before="manager", after="worker"))
        if node["state"] == "ready":
            steps.append(change("drain", "node %s" % name, "what it runs has to run elsewhere first"))
        steps.append(change("remove", "node %s" % name, "asked for by swarm_remove", before=node_id[:12]))
    removed = {by_id.get(node_id) for node_id in going}
    return steps + [
        change("leave", "node %s" % name, "the swarm has no entry of it") for name in leavers if name not in removed
    ]
