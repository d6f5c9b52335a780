# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: the changes that a host's Engine needs, from one node_facts result. Pure functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Collection, Iterable, Mapping, Sequence

from .._core.config_files import make_plan, unit_plan
from .._core.options import as_int
from .._core.plan import change
from .._swarm.drain import batches, restore_plan
from . import daemon_json, data_plan
from . import install as _engine_install

if TYPE_CHECKING:
    from .._core.config_files import Items
    from .._core.facts import Node, NodeFacts
    from .daemon_json import Options


def engine_plan(
    facts: NodeFacts,
    install: Mapping[str, Any],
    options: Options,
    remove: Collection[str] = (),
    archives: Iterable[Mapping[str, str]] = (),
    environment: Mapping[str, Any] | None = None,
    files: Items = (),
    cluster: Sequence[Node] = (),
) -> dict[str, Any]:
    """The Engine's changes by part: ``{restore, repository, packages, changes, data, files, daemon, unit, images, all,
    stops, needs_downtime}``.

    :param install: see :func:`install.wanted`.
    :param files: other files that the Engine reads, see :func:`config_files.make_plan`.
    :param cluster: the swarm's nodes, as a manager lists them. An interrupted run may have left this one drained.

    The images of a daemon that is stopped are not known: they are planned once it runs. ``stops`` says whether packages or
    options stop the daemon, ``needs_downtime`` whether a daemon that is in a swarm has to stop.
    """
    unit = facts["units"].get("docker.service")
    mesh = facts.get("mesh")
    places = facts.get("data")
    options_then = facts["daemon"]["options"]
    if places:
        options_then = data_plan.daemon_options(places, options_then)
    state = dict(
        facts["daemon"],
        options=options_then,
        installed=unit is not None,
        running=bool(unit and unit["active"] == "active"),
        drop_in=facts["files"].get(daemon_json.DROP_IN),
        argv=unit["argv"] if unit else [],
        rules_missing=bool(mesh and not mesh["engine"]),
    )
    loaded = facts["engine"]["images"]
    known = facts["engine"]["running"] or not state["installed"]
    node_id = facts["swarm"].get("node_id")
    parts: dict[str, Any] = {
        "restore": restore_plan(cluster, node_id) if node_id in [node["id"] for node in cluster] else [],
        **_engine_install.make_plan(facts, install),
        "data": data_plan.make_plan(places) if places else [],
        "files": make_plan(facts, files),
        "daemon": daemon_json.make_plan(state, options, remove, environment),
        # The end of an interrupted move starts what it had stopped.
        "unit": [] if places and places["move"] else unit_plan(facts, "docker.service"),
        "images": [
            change("load", "image %s" % item["image"], "not on this host", after=item["image"])
            for item in archives
            if known and item["image"] not in loaded
        ],
    }
    order = ("restore", "repository", "packages", "data", "files", "daemon", "unit", "images")
    parts["all"] = [item for name in order for item in parts[name]]
    parts["stops"] = bool(parts["changes"]) or any(item["do"] == "restart" for item in parts["daemon"])
    moves = any(item["do"] in data_plan.STOPPING for item in parts["data"])
    parts["needs_downtime"] = state["running"] and facts["swarm"]["state"] == "active" and (parts["stops"] or moves)
    return parts


def rolling_batches(
    hostvars: Mapping[str, Any], hosts: Iterable[str], cluster: Iterable[Node], parallel: int = 1
) -> list[list[str]]:
    """The hosts whose Engine has to stop, in order, as lists of hosts that stop together.

    :param hostvars: host -> its variables, of which ``swarm_engine_needs_downtime`` and ``swarm_cluster_node`` count.
    :param hosts: the hosts of this run.
    :param cluster: the swarm's nodes, as a manager lists them.
    """
    leaders = {node["id"] for node in cluster if node["leader"]}
    taken = {}
    for host in hosts:
        if hostvars[host].get("swarm_engine_needs_downtime"):
            swarm = hostvars[host]["swarm_cluster_node"]["swarm"]
            taken[host] = {"manager": swarm["manager"], "leader": swarm["node_id"] in leaders}
    return batches(taken, as_int(parallel))
