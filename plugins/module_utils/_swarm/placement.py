# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: where what has data runs. Pure functions.

A label on the node says that the data is there, so that neither the order of the inventory nor who runs it decides. Where no
node has the label yet, what is on the hosts shows the place; without anything, it is the host that was asked for, or the first
manager.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Collection, Iterable, Mapping, Sequence, TypedDict

from .._core.plan import change
from .members import by_node

if TYPE_CHECKING:
    from .._core.facts import Node, NodeFacts
    from .._core.plan import Plan
    from .members import NodeOptions

LABEL = "dockyard.swarm.%s"
# Of all roles: what a node may hold.
NAMES = ("registry", "logs")
_HOSTNAME = re.compile(r"^\s*node\.hostname\s*==\s*(\S+)\s*$")


class Wanted(TypedDict, total=False):
    """Something with data, as a role contributes it; only ``name``, ``option`` and ``data`` have to be there."""

    name: str  # the end of the label
    option: str  # the variable that asks for a host
    host: str  # what it says; empty: no wish
    data: str  # the volume or folder, which is the value of the label
    service: str  # the service that uses it; former versions pinned it to a host name
    volume: bool  # whether the data is a volume, and not a folder
    file: str  # a file that only the host with the data has
    beside: str  # a file that each other host has as well
    unit: str  # the unit that uses it


class Place(TypedDict):
    host: str | None  # None: no host of the inventory
    node: str | None  # its ID; None: it is in no swarm yet
    label: str
    value: str


class View(TypedDict):
    """What is known of all hosts."""

    hosts: Mapping[str, NodeFacts | None]  # of the play and of the inventory's groups; None: it was not read
    nodes: Sequence[Node]
    services: Mapping[str, Any]
    node_of: Mapping[str, str]  # host -> ID of its node
    play: Collection[str] | None  # the hosts of the play; None: not known
    groups: Sequence[str]  # managers, then workers


def view(
    hosts: Mapping[str, NodeFacts | None],
    swarm: Mapping[str, Any],
    addresses: Mapping[str, str],
    groups: Sequence[str],
    play: Collection[str] | None,
) -> View:
    """What is known of all hosts.

    :param swarm: the swarm as a manager sees it; empty where there is none.
    :param addresses: host -> address. A host that does not know its node is known by it, or by its name.
    """
    nodes = swarm.get("nodes") or []
    known = {node["id"] for node in nodes}
    node_of = {}
    for host, facts in hosts.items():
        node_id = facts["swarm"].get("node_id") if facts else None
        if node_id in known:
            node_of[host] = str(node_id)
    for host, facts in hosts.items():
        if host not in node_of:
            # Not read, its Engine does not run, or it lost its identity.
            name = facts["machine"]["hostname"] if facts else host
            taken = set(node_of.values())
            found = [
                node["id"]
                for node in nodes
                if node["id"] not in taken and (node["hostname"] == name or node["addr"] == addresses.get(host, ""))
            ]
            if len(found) == 1:
                node_of[host] = found[0]
    return {
        "hosts": hosts,
        "nodes": nodes,
        "services": swarm.get("services") or {},
        "node_of": node_of,
        "play": play,
        "groups": groups,
    }


def places(wanted: Iterable[Wanted], seen: View) -> tuple[dict[str, Place], list[str]]:
    """Where each of them runs, by name, and what is wrong."""
    found: dict[str, Place] = {}
    problems: list[str] = []
    for item in wanted:
        place, texts = _place(item, seen)
        found[item["name"]] = place
        problems += texts
    return found, problems


def _place(item: Wanted, seen: View) -> tuple[Place, list[str]]:
    asked = item.get("host") or ""
    problem = _unknown(item, seen) if asked else None
    if problem:
        place, texts = _found(item, "", seen)
        return place, [problem, *texts]
    return _found(item, asked, seen)


def _found(item: Wanted, asked: str, seen: View) -> tuple[Place, list[str]]:
    label = LABEL % item["name"]
    marked = [node for node in seen["nodes"] if label in node["labels"]]
    if len({node["hostname"] for node in marked}) == 1:
        # A host that rejoined may have two entries for a while.
        mine = set(seen["node_of"].values())
        marked = sorted(marked, key=lambda node: (node["id"] not in mine, node["state"] != "ready", node["id"]))[:1]
    if len(marked) > 1:
        names = ", ".join(sorted(node["hostname"] for node in marked))
        text = (
            "the nodes %s all have label %s, which shows where the data is: remove it from those without "
            "(docker node update --label-rm %s NODE)" % (names, label, label)
        )
        return _at(item, None, marked[0]["id"], seen), [text]
    if marked:
        return _at(item, None, marked[0]["id"], seen), _check_marked(item, marked[0], asked, seen)
    pinned = _pinned(item, seen)
    if pinned:
        return _at(item, None, pinned["id"], seen), _check_asked(item, pinned["id"], asked, seen)
    shown = _shown_by_hosts(item, seen)
    if len(shown) > 1 and asked not in shown:
        text = "%s of %s is on %s: set %s to the host whose data counts" % (
            _what(item), item["name"], ", ".join(sorted(shown)), item["option"],
        )  # fmt: skip
        return _at(item, sorted(shown)[0], None, seen), [text]
    if shown and asked not in shown:
        place = _at(item, shown[0], None, seen)
        return place, _refused(item, shown[0], asked, None, seen) if asked else []
    if not shown and not asked:
        problem = _hidden_by_limit(item, seen)
        if problem:
            return _at(item, _first(seen), None, seen), [problem]
    return _at(item, asked or _first(seen), None, seen), []


def _first(seen: View) -> str | None:
    return next(iter(seen["groups"]), None) or next(iter(seen["hosts"]), None)


def _at(item: Wanted, host: str | None, node_id: str | None, seen: View) -> Place:
    if host is None:
        host = next((name for name, known in seen["node_of"].items() if known == node_id), None)
    if node_id is None and host is not None:
        node_id = seen["node_of"].get(host)
    return {"host": host, "node": node_id, "label": LABEL % item["name"], "value": item["data"]}


def _unknown(item: Wanted, seen: View) -> str | None:
    """Why the host that is asked for cannot be the place, if it cannot."""
    asked = item["host"]
    if asked in seen["groups"] or (asked in (seen["play"] or ()) and not item.get("service")):
        return None
    if seen["play"] is None and not item.get("service"):
        return None
    there = ", ".join(sorted(seen["groups"])) or "none"
    return (
        "%s is %s, which is no host of the swarm's groups (they have %s): set it to the inventory name of one of them, or leave "
        "it empty" % (item["option"], asked, there)
    )


def _pinned(item: Wanted, seen: View) -> Node | None:
    """The node that the present service is tied to by its host name, as former versions did."""
    spec = seen["services"].get(item.get("service") or "")
    placement = ((spec or {}).get("TaskTemplate") or {}).get("Placement") or {}
    for text in placement.get("Constraints") or []:
        match = _HOSTNAME.match(text)
        nodes = [node for node in seen["nodes"] if match and node["hostname"] == match.group(1)]
        if len(nodes) == 1:
            return nodes[0]
    return None


def _shown_by_hosts(item: Wanted, seen: View) -> list[str]:
    """The hosts that have the data by what was read of them."""
    found = []
    for host, facts in seen["hosts"].items():
        if facts is None:
            continue
        volume = item.get("volume") and item["data"] in (facts.get("volumes") or [])
        if volume or (item.get("file") and item["file"] in (facts.get("files") or {})):
            found.append(host)
    return found


def _hidden_by_limit(item: Wanted, seen: View) -> str | None:
    """What is on a host that this run excludes must not be set up on another one."""
    if seen["play"] is None or not item.get("beside"):
        return None
    excluded = [host for host, facts in seen["hosts"].items() if facts is None and host not in seen["play"]]
    uses = [host for host, facts in seen["hosts"].items() if facts and item["beside"] in (facts.get("files") or {})]
    if not excluded or not uses or seen["hosts"].get(_first(seen) or "") is None:
        return None
    return (
        "no node has label %s, and the hosts that --limit excludes may have the data of %s: run once without --limit, or "
        "set %s" % (LABEL % item["name"], item["name"], item["option"])
    )


def _check_marked(item: Wanted, node: Node, asked: str, seen: View) -> list[str]:
    label = LABEL % item["name"]
    host = _at(item, None, node["id"], seen)["host"]
    value = node["labels"][label]
    if host is None and not item.get("service"):
        return [
            "node %s has label %s, so %s is there, and no host of the inventory is that node: put it into the inventory, or "
            "give that data up: docker node update --label-rm %s %s" % (
                node["hostname"], label, "%s %s" % (_what(item), value), label, node["hostname"],
            )
        ]  # fmt: skip
    problems = _check_asked(item, node["id"], asked, seen)
    if item.get("volume") and value != item["data"] and not problems:
        problems.append(
            "volume %s on node %s has the data of %s (label %s), and volume %s is asked for: set it back to %s, or copy the data "
            "and then change the label: docker node update --label-add %s=%s %s" % (
                value, node["hostname"], item["name"], label, item["data"], value, label, item["data"], node["hostname"],
            )
        )  # fmt: skip
    return problems


def _check_asked(item: Wanted, node_id: str, asked: str, seen: View) -> list[str]:
    """Whether the host that is asked for is the node with the data."""
    if not asked or seen["node_of"].get(asked) == node_id:
        return []
    names = {node["id"]: node for node in seen["nodes"]}
    host = _at(item, None, node_id, seen)["host"] or names[node_id]["hostname"]
    return _refused(item, host, asked, names[node_id], seen)


def _refused(item: Wanted, host: str, asked: str, node: Node | None, seen: View) -> list[str]:
    label = LABEL % item["name"]
    target = next((one["hostname"] for one in seen["nodes"] if one["id"] == seen["node_of"].get(asked)), asked)
    steps = []
    if item.get("service"):
        steps.append("docker service scale %s=0" % item["service"])
    if item.get("unit"):
        steps.append("systemctl stop %s on %s" % (item["unit"], host))
    steps.append("copy %s from %s to %s" % ("%s %s" % (_what(item), item["data"]), host, asked))
    if node and label in node["labels"]:
        steps.append("docker node update --label-rm %s %s" % (label, node["hostname"]))
    if node:
        steps.append("docker node update --label-add %s=%s %s" % (label, item["data"], target))
    elif item.get("file"):
        steps.append("remove %s on %s" % (item["file"], host))
    return [
        "%s is %s, but %s %s is on %s, and a change of the option does not move it: leave the option empty, or set it to %s. To "
        "move the data by hand: %s; then run again"
        % (item["option"], asked, _what(item), item["data"], host, host, "; ".join(steps))
    ]


def _what(item: Wanted) -> str:
    return "volume" if item.get("volume") else "folder"


def place_plan(place: Place, nodes: Iterable[Node]) -> Plan:
    """What marks the node that has the data; the changes are for module swarm_nodes.

    :param nodes: as a manager lists them now.
    """
    node = next((item for item in nodes if item["id"] == place["node"]), None)
    before = node["labels"].get(place["label"]) if node else None
    if before == place["value"]:
        return []
    name = node["hostname"] if node else place["host"]
    return [
        change(
            "label", "node %s: label %s" % (name, place["label"]), "the data is on this node, and stays there",
            before=before, after=place["value"],
            # A host that is no node is refused by its name.
            node=node["id"] if node else str(name), set={"labels": {place["label"]: place["value"]}},
        )
    ]  # fmt: skip


def place_nodes(plan: Plan) -> list[NodeOptions]:
    """The changes of :func:`place_plan` as option ``nodes`` of module swarm_nodes."""
    return by_node(plan)["nodes"]


def held(node: Node, names: Iterable[str] = NAMES) -> list[str]:
    """The labels of a node that say that it has data."""
    return [LABEL % name for name in names if LABEL % name in node["labels"]]
