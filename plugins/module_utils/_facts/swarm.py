# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: a node's view of its swarm; never a token, key or secret."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Sequence, cast

from .._core.engine_api import Engine, EngineError, query
from .._core.swarm_objects import MANAGED
from .._core.wait import wait_for
from .._networks import capacity, replacement
from .._networks.network_facts import network_facts
from .._services.ownership import foreign_objects, is_managed
from .._swarm.manager_key import key_digest, unlock_key
from .._swarm.membership_files import tops
from .._swarm.node_facts import node_facts
from .._swarm.settings import public_spec
from .engine import PATIENCE

if TYPE_CHECKING:
    from .._core.facts import ApiObject, ClusterFacts, DataFacts, Node, SwarmFacts, SwarmNetwork, TaskCounts

    class Cluster(ClusterFacts):
        cluster_id: str | None


def read_swarm(local: ApiObject, engine: Engine | None = None) -> SwarmFacts:
    """This node's view of its swarm, from ``/info``'s ``Swarm`` part and, on a manager, from the cluster's objects.

    ``state`` is the Engine's LocalNodeState: inactive, pending, active, error or locked; or ``stopped`` for a member whose
    Engine does not answer, see :func:`stopped`.
    """
    engine = engine or Engine()
    facts: SwarmFacts = {
        "state": local.get("LocalNodeState") or "inactive",
        "error": local.get("Error") or None,
        "node_id": local.get("NodeID") or None,
        "node_addr": local.get("NodeAddr") or None,
        "manager": bool(local.get("ControlAvailable")),
        "cluster_id": (local.get("Cluster") or {}).get("ID"),
        "managers": [{"node_id": item["NodeID"], "addr": item["Addr"]} for item in local.get("RemoteManagers") or []],
        "quorum": None,
    }
    if not facts["manager"]:
        return facts
    try:
        facts.update(cast("SwarmFacts", _read_cluster(engine, facts["node_id"])))
        facts["quorum"] = True
    except EngineError as exc:
        # A manager without a quorum answers /info, and nothing of the cluster.
        facts["quorum"] = False
        facts["error"] = facts["error"] or exc.message
    return facts


def _cluster(engine: Engine) -> ApiObject:
    """``GET /swarm``, after an election in progress, or after a minute."""

    def led() -> ApiObject | None:
        try:
            found: ApiObject = engine.get("/swarm")
            return found
        except EngineError as exc:
            if "does not have a leader" not in exc.message:
                raise
            return None

    return wait_for(led, PATIENCE) or engine.get("/swarm")


def stopped(data: DataFacts) -> ApiObject:
    """The ``Swarm`` part of ``/info`` for a daemon that does not run, from the file with its membership.

    :param data: see :func:`data_facts.read_data`; during a move the file may be at either place.
    """
    roots = [data["docker"]["place"]]
    for item in (data["move"] or {"trees": []})["trees"]:
        roots += [item["source"], item["parked"], item["target"]]
    member = any(
        os.path.exists(os.path.join(top, "swarm", "docker-state.json")) for root in roots for top in tops(root)
    )
    return {"LocalNodeState": "stopped"} if member else {}


def _read_cluster(engine: Engine, node_id: str | None) -> Cluster:
    cluster = _cluster(engine)
    managed = query(label=[MANAGED])
    services = engine.get("/services" + managed + "&status=true")
    everything = engine.get("/services")
    secrets, configs = engine.get("/secrets"), engine.get("/configs")
    nodes = [node_facts(node) for node in engine.get("/nodes")]
    return {
        "cluster_id": cluster["ID"],
        "settings": {
            "default_addr_pool": cluster.get("DefaultAddrPool") or [],
            "subnet_size": cluster.get("SubnetSize"),
            "data_path_port": cluster.get("DataPathPort"),
        },
        "spec": public_spec(cluster.get("Spec") or {}),
        "unlock_key": key_digest(unlock_key(engine, cluster)),
        "nodes": nodes,
        "networks": _networks(engine, everything, nodes, node_id),
        "detached": replacement.waiting(item["Spec"] for item in everything),
        "services": {item["Spec"]["Name"]: item["Spec"] for item in services},
        "tasks": {item["Spec"]["Name"]: _task_counts(item.get("ServiceStatus") or {}) for item in services},
        "secrets": sorted(item["Spec"]["Name"] for item in secrets if is_managed(item["Spec"])),
        "configs": sorted(item["Spec"]["Name"] for item in configs if is_managed(item["Spec"])),
        "foreign": foreign_objects(everything, secrets, configs),
    }


def _networks(
    engine: Engine, services: Sequence[ApiObject], nodes: Sequence[Node], node_id: str | None
) -> list[SwarmNetwork]:
    """The swarm's networks with their services; only the leader counts addresses in use, which takes all tasks."""
    networks = [network_facts(net) for net in engine.get("/networks" + query(scope=["swarm"]))]
    for item in networks:
        item["services"] = sorted(svc["Spec"]["Name"] for svc in services if replacement.uses(svc["Spec"], item))
    taken = {}
    if any(node["leader"] and node["id"] == node_id for node in nodes):
        tasks = engine.get("/tasks" + query(**{"desired-state": ["running"]}))
        taken = capacity.taken(networks, services, tasks, len(nodes))
    for item in networks:
        item["taken"] = taken.get(item["id"])
    return networks


def _task_counts(status: ApiObject) -> TaskCounts:
    return {"running": status.get("RunningTasks") or 0, "desired": status.get("DesiredTasks") or 0}
