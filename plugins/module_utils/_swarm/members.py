# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: roles, availability and labels of a swarm's nodes, and dead entries.

Pure functions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Collection, Dict, Iterable, Mapping, TypedDict, cast

from .._core.plan import PlanError, change
from .drain import LABEL
from .quorum import no_demotion

if TYPE_CHECKING:
    from .._core.facts import Node
    from .._core.plan import Change, Plan
    from .cluster_state import Host, View


# Options of module swarm_nodes for one node: id, and role, availability and labels as far as they are to be set.
NodeOptions = Dict[str, Any]


class NodeChanges(TypedDict):
    """Options of module swarm_nodes."""

    nodes: list[NodeOptions]
    forget: list[str]


class Leaving(TypedDict):
    """What is done on a manager for nodes that leave."""

    nodes: list[NodeOptions]  # options of swarm_nodes that make them workers
    drain: list[dict[str, str]]  # id and name of those that still run tasks
    ids: list[str]


def member_changes(
    view: View, leaving: Collection[str] = (), waiting: bool = False, held: Collection[str] = ()
) -> tuple[Plan, Plan]:
    """Changes of the cluster's objects: ``(now, later)``; ``later`` waits until a host has joined under its new identity.

    :param view: the :class:`cluster_state.View`; its manager is asked for all of it, but never for its own demotion.
    :param leaving: hosts that leave and rejoin first.
    :param waiting: whether something else comes first that may give back what the quorum lacks: no refusal is final then.
    :param held: IDs of nodes that another run has out of service: their availability is its business.
    """
    by_id = {entry["id"]: host for host, entry in view.entries().items()}
    hosts = dict(view.hosts)
    now: Plan = []
    later: Plan = []
    for node_id, host in _stale(view, by_id).items():
        entry, fresh = view.known[node_id], view.entry(host)
        if not view.quorum.allows(node_id):
            continue
        if fresh is None or host in leaving:
            if hosts[host]["here"]:
                later.append(_forget(entry))
            continue
        hosts[host] = _with_kept_settings(hosts[host], entry, fresh)
        now.append(_forget(entry))
        view.quorum.lose(node_id)
    waiting = waiting or bool(later) or bool(leaving)
    # Promotions first: the more managers there are, the safer is what follows. Then those that are not there anyway.
    for node_id in sorted(view.known, key=lambda item: _turn(item, by_id, hosts, view)):
        node, member = view.known[node_id], by_id.get(node_id)
        if member is None or member in leaving:
            continue
        wanted = hosts[member]
        if wanted["role"] == "manager" and node["role"] == "worker":
            view.quorum.gain(node_id)
        if wanted["role"] == "worker" and node["role"] == "manager":
            refusal = _refusal(view, member, node_id)
            if refusal:
                if not (now or waiting):
                    view.problem(member, refusal)
                continue
            view.quorum.lose(node_id)
        wanted = {**wanted, "availability": None} if node_id in held else _with_rest_of_drain(node, wanted)
        now += _node_changes(member, node, wanted)
    return now, later


def changes_to_come(view: View, joining: Iterable[str]) -> Plan:
    """What hosts get once they have joined, as the next plan will have it: only to be shown."""
    stale = {host: view.known[node_id] for node_id, host in _stale(view, {}).items()}
    plan: Plan = []
    for host in joining:
        wanted = view.hosts[host]
        # It joins with its role, and with the availability of its option.
        there = {"id": "", "labels": {}, "role": wanted["role"], "availability": wanted["availability"] or "active"}
        fresh = cast("Node", there)
        plan += _node_changes(host, fresh, _with_kept_settings(wanted, stale[host], fresh) if host in stale else wanted)
    return plan


def _refusal(view: View, host: str, node_id: str) -> str | None:
    """Why a manager must not be made a worker now: a text, or None."""
    if not view.quorum.allows(node_id):
        return no_demotion(host, view.quorum, node_id)
    if host == view.manager:
        return (
            "%s cannot demote itself, and this run reaches no other manager: start one, and run again without --limit"
            % host
        )
    return None


def _stale(view: View, by_id: Mapping[str, str]) -> dict[str, str]:
    """Entries of hosts that are here under another identity: node ID -> host.

    A host whose node ID is not known, since its Engine does not run or is locked, may still be the one by its name;
    and so may one that was not read, unless the entry's address is that of a host which is here. Nor does an entry's state
    decide, then: a node that left is "ready" until it has missed its heartbeats, and "unknown" for a while after a change of
    the leader. Before one is removed, its state is awaited to be down.
    """
    by_name: dict[str, list[str]] = {}
    for host, state in view.states.items():
        if state["state"] == "inactive" or state["node_id"]:
            by_name.setdefault(view.hostname(host), []).append(host)
    stale = {}
    for node_id, node in view.known.items():
        named = by_name.get(node["hostname"], [])
        if node_id in by_id or len(named) != 1:
            continue
        gone = node["state"] != "ready" and not view.unread
        if gone or node["addr"] in view.hosts[named[0]]["own"]:
            stale[node_id] = named[0]
    return stale


def _with_kept_settings(wanted: Host, entry: Node, fresh: Node) -> Host:
    """What is wanted of a host that has a new identity, with what only its old entry has."""
    labels = {name: value for name, value in entry["labels"].items() if name != LABEL and name not in fresh["labels"]}
    before = entry["labels"].get(LABEL, entry["availability"])
    return {
        **wanted,
        "labels": dict(labels, **(wanted["labels"] or {})),
        "availability": wanted["availability"] or (before if before != "active" else None),
    }


def _with_rest_of_drain(node: Node, wanted: Host) -> Host:
    """A run that was to restart this node's Engine ended before it gave the availability back."""
    before = node["labels"].get(LABEL)
    if before is None:
        return wanted
    return {
        **wanted,
        "availability": wanted["availability"] or before,
        "labels": {**(wanted["labels"] or {}), LABEL: None},
    }


def _turn(node_id: str, by_id: Mapping[str, str], hosts: Mapping[str, Host], view: View) -> tuple[bool, bool, bool]:
    host = by_id.get(node_id)
    demotion = host is not None and view.known[node_id]["role"] == "manager" and hosts[host]["role"] == "worker"
    return demotion, host == view.manager, node_id in view.quorum.alive


def _forget(node: Node) -> Change:
    return change(
        "forget", "node %s" % node["hostname"], "its host is here under a new identity",
        before=node["id"][:12], node=node["id"], set={},
    )  # fmt: skip


def _node_changes(host: str, node: Node, wanted: Mapping[str, Any]) -> Plan:
    changes = []
    if node["role"] != wanted["role"]:
        verb = "promote" if wanted["role"] == "manager" else "demote"
        changes.append(_set(verb, host, node, "role", node["role"], wanted["role"]))
    if wanted["availability"] and node["availability"] != wanted["availability"]:
        changes.append(_set("set", host, node, "availability", node["availability"], wanted["availability"]))
    for label, value in sorted((wanted["labels"] or {}).items()):
        actual, value = node["labels"].get(label), None if value is None else str(value)
        if actual != value:
            why = "not wanted" if value is None else "differs" if label in node["labels"] else "missing"
            changes.append(
                change(
                    "label" if value is not None else "unlabel", "node %s: label %s" % (host, label), why,
                    before=actual, after=value, node=node["id"], set={"labels": {label: value}},
                )
            )  # fmt: skip
    return changes


def _set(verb: str, host: str, node: Node, field: str, before: str, value: str) -> Change:
    return change(
        verb, "node %s: %s" % (host, field), "differs",
        before=before, after=value, node=node["id"], set={field: value},
    )  # fmt: skip


def nodes_plan(
    known: Iterable[Node], wanted: Iterable[NodeOptions], forget: Iterable[str] = (), left: Iterable[str] = ()
) -> Plan:
    """The changes for nodes of a cluster, for the module that runs on a manager.

    :param known: the cluster's nodes, as node_facts gives them.
    :param wanted: list of ``{id, role, availability, labels}``; what is None is left as it is.
    :param forget: IDs of nodes to be removed once they are down.
    :param left: IDs of nodes that have left, and that are to be seen as down.
    """
    by_id = {node["id"]: node for node in known}
    changes = []
    for item in wanted:
        node = by_id.get(item["id"])
        if node is None:
            raise PlanError("option nodes: the swarm has no node %s" % item["id"])
        full = {
            "role": item.get("role") or node["role"],
            "availability": item.get("availability"),
            "labels": item.get("labels"),
        }
        changes += _node_changes(node["hostname"], node, full)
    for node_id in left:
        if node_id in by_id and by_id[node_id]["state"] != "down":
            node = by_id[node_id]
            changes.append(
                change(
                    "await",
                    "node %s" % node["hostname"],
                    "it has left",
                    before=node["state"],
                    after="down",
                    node=node_id,
                )
            )
    for node_id in forget:
        if node_id in by_id:
            changes.append(_forget(by_id[node_id]))
    # Promote before demoting, so that there are never fewer managers than before or after.
    return sorted(changes, key=lambda item: item["do"] == "demote")


def by_node(members: Plan) -> NodeChanges:
    """Member changes as the options of swarm_nodes: ``{nodes, forget}``."""
    nodes: dict[str, NodeOptions] = {}
    forget = []
    for item in members:
        if item["do"] == "forget":
            forget.append(item["node"])
            continue
        entry = nodes.setdefault(item["node"], {"id": item["node"]})
        for field, value in item["set"].items():
            entry[field] = dict(entry.get(field, {}), **value) if isinstance(value, dict) else value
    return {"nodes": list(nodes.values()), "forget": forget}


def leaving(known: Iterable[Node], node_ids: Collection[str]) -> Leaving:
    """What is done on a manager for nodes that leave: ``{nodes, drain, ids}``.

    ``nodes`` are the options of swarm_nodes that make them workers, ``drain`` those that still run tasks, with their names.
    """
    found = [node for node in known if node["id"] in node_ids]
    return {
        "nodes": [{"id": node["id"], "role": "worker"} for node in found if node["role"] == "manager"],
        "drain": [{"id": node["id"], "name": node["hostname"]} for node in found if node["state"] == "ready"],
        "ids": [node["id"] for node in found],
    }
