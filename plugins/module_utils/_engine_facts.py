# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: what the Engine and its swarm are, as plain data; never a token, key or secret."""

from __future__ import annotations

import hashlib
import json
import os

from ansible_collections.dockyard.swarm.plugins.module_utils import _network_room, _network_swap
from ansible_collections.dockyard.swarm.plugins.module_utils._engine_api import Engine, EngineError, query, wait_for
from ansible_collections.dockyard.swarm.plugins.module_utils._files import read_text
from ansible_collections.dockyard.swarm.plugins.module_utils._network import MTU
from ansible_collections.dockyard.swarm.plugins.module_utils._pending import IMAGES
from ansible_collections.dockyard.swarm.plugins.module_utils._settings import autolock, public_spec

DAEMON_JSON = "/etc/docker/daemon.json"
# Written before a change of daemon.json, removed once the daemon runs with it: its presence tells of an interruption.
JOURNAL = "/etc/docker/.daemon.json.dockyard-previous"
MANAGED = "dockyard.swarm.managed"
# Seconds in which a node that was just started finds its managers, and managers elect their leader.
PATIENCE = 60


def read_daemon_json(path=DAEMON_JSON):
    """``{exists, options, error}``: ``error`` where the file is no JSON object, which stops the daemon."""
    text = read_text(path)
    if text is None:
        return {"exists": False, "options": {}, "error": None}
    try:
        options = json.loads(text)
    except ValueError as exc:
        return {"exists": True, "options": {}, "error": str(exc)}
    if not isinstance(options, dict):
        return {"exists": True, "options": {}, "error": "not a JSON object"}
    return {"exists": True, "options": options, "error": None}


def read_engine(active, engine=None):
    """The daemon: ``{running, version, api, info, images, configs}``; without ``running`` the rest is empty.

    An image whose load was cut short is left out: the Engine lists it, and its files may be empty.

    :param active: whether its unit runs. One that was stopped is not asked: its socket would start it again.
    """
    engine = engine or Engine()
    empty = {"running": False, "version": None, "api": None, "info": {}, "images": {}, "configs": {}}
    if not active:
        return empty, {}
    try:
        info = _settled_info(engine)
        version = engine.get("/version")
        images = engine.get("/images/json")
        configs = read_configs(engine)
    except EngineError:
        return empty, {}
    pending = IMAGES.names()
    facts = {
        "running": True,
        "version": info.get("ServerVersion"),
        "api": version.get("ApiVersion"),
        "info": {
            "data_root": info.get("DockerRootDir"),
            "storage_driver": info.get("Driver"),
            "log_driver": info.get("LoggingDriver"),
            "cgroup_driver": info.get("CgroupDriver"),
            "live_restore": info.get("LiveRestoreEnabled"),
            "registry_mirrors": (info.get("RegistryConfig") or {}).get("Mirrors") or [],
            "containers": info.get("Containers"),
            "containers_running": info.get("ContainersRunning"),
        },
        "images": {tag: image["Id"] for image in images for tag in image.get("RepoTags") or [] if tag not in pending},
        "configs": configs,
    }
    return facts, info.get("Swarm") or {}


def read_configs(engine):
    """The node's config-only networks, which networks of the swarm take their settings from: name -> ``{parent, subnets}``."""
    found = engine.get("/networks" + query(driver=["null"]))
    return {
        item["Name"]: {"parent": (item.get("Options") or {}).get("parent"), "subnets": network_facts(item)["subnets"]}
        for item in found
        if item.get("ConfigOnly")
    }


def _settled_info(engine):
    """What ``/info`` tells once the node's swarm state is no longer ``pending``, or after a minute."""
    seen = {}

    def settled():
        seen.update(engine.get("/info"))
        return (seen.get("Swarm") or {}).get("LocalNodeState") != "pending"

    wait_for(settled, PATIENCE)
    return seen


def read_swarm(local, engine=None):
    """This node's view of its swarm, from ``/info``'s ``Swarm`` part and, on a manager, from the cluster's objects.

    ``state`` is the Engine's LocalNodeState: inactive, pending, active, error or locked. A node whose Engine does not
    answer is ``stopped``: ``local`` then tells that by itself, see :func:`stopped`.
    """
    engine = engine or Engine()
    facts = {
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
        facts.update(_read_cluster(engine, facts["node_id"]))
        facts["quorum"] = True
    except EngineError as exc:
        # A manager without a quorum answers /info, and nothing of the cluster.
        facts["quorum"] = False
        facts["error"] = facts["error"] or exc.message
    return facts


def _cluster(engine):
    """``GET /swarm``, once an election that is under way is over, or after a minute."""

    def led():
        try:
            return engine.get("/swarm")
        except EngineError as exc:
            if "does not have a leader" not in exc.message:
                raise
            return None

    return wait_for(led, PATIENCE) or engine.get("/swarm")


def stopped(data):
    """What ``/info`` would tell of the swarm of a daemon that does not run: it keeps its membership in a file.

    :param data: what :func:`_engine_data_facts.read_data` gives; while data is moved, the file may be at either place.
    """
    roots = [data["docker"]["place"]]
    for item in (data["move"] or {"trees": []})["trees"]:
        roots += [item["source"], item["parked"], item["target"]]
    member = any(os.path.exists(os.path.join(root, "swarm", "docker-state.json")) for root in roots)
    return {"LocalNodeState": "stopped"} if member else {}


def _read_cluster(engine, node_id):
    cluster = _cluster(engine)
    managed = query(label=[MANAGED])
    services = engine.get("/services" + managed + "&status=true")
    everything = engine.get("/services")
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
        "detached": _network_swap.waiting(item["Spec"] for item in everything),
        "services": {item["Spec"]["Name"]: item["Spec"] for item in services},
        "tasks": {item["Spec"]["Name"]: _task_counts(item.get("ServiceStatus") or {}) for item in services},
        "secrets": sorted(item["Spec"]["Name"] for item in engine.get("/secrets" + managed)),
        "configs": sorted(item["Spec"]["Name"] for item in engine.get("/configs" + managed)),
    }


def _networks(engine, services, nodes, node_id):
    """The swarm's networks, with who uses them; the leader alone also counts what is taken, which asks for all tasks."""
    networks = [network_facts(net) for net in engine.get("/networks" + query(scope=["swarm"]))]
    for item in networks:
        item["services"] = sorted(svc["Spec"]["Name"] for svc in services if _network_swap.uses(svc["Spec"], item))
    taken = {}
    if any(node["leader"] and node["id"] == node_id for node in nodes):
        tasks = engine.get("/tasks" + query(**{"desired-state": ["running"]}))
        taken = _network_room.taken(networks, services, tasks, len(nodes))
    for item in networks:
        item["taken"] = taken.get(item["id"])
    return networks


def unlock_key(engine, cluster):
    """The key that managers need after a start, or None where they need none. It is a secret.

    :param cluster: the answer to ``GET /swarm``.
    """
    if not autolock(cluster.get("Spec") or {}):
        return None
    return engine.get("/swarm/unlockkey").get("UnlockKey") or None


def key_digest(key):
    """By what a key is told from others without being known: 16 of the 64 digits of its SHA-256."""
    return hashlib.sha256(key.encode()).hexdigest()[:16] if key else None


def _task_counts(status):
    return {"running": status.get("RunningTasks") or 0, "desired": status.get("DesiredTasks") or 0}


def node_facts(node):
    """One node as a manager lists it."""
    spec, status = node.get("Spec") or {}, node.get("Status") or {}
    manager = node.get("ManagerStatus") or {}
    return {
        "id": node["ID"],
        "hostname": (node.get("Description") or {}).get("Hostname"),
        "role": spec.get("Role"),
        "availability": spec.get("Availability"),
        "labels": spec.get("Labels") or {},
        "state": status.get("State"),
        "addr": status.get("Addr"),
        "engine": ((node.get("Description") or {}).get("Engine") or {}).get("EngineVersion"),
        "leader": bool(manager.get("Leader")),
        # Of a member of raft alone, which a manager is from its join to the end of its demotion, whatever its role is to be.
        "reachability": manager.get("Reachability"),
        "manager_addr": manager.get("Addr"),
    }


def network_facts(net):
    """One swarm network as ``GET /networks`` lists it, in the words of overlay_network's options."""
    ipam = net.get("IPAM") or {}
    options = dict(net.get("Options") or {})
    mtu, encrypted = options.pop(MTU, None), options.pop("encrypted", "false")
    return {
        "id": net.get("Id"),
        "name": net.get("Name"),
        "driver": net.get("Driver"),
        "config_from": (net.get("ConfigFrom") or {}).get("Network") or None,
        "subnets": [
            {"subnet": item.get("Subnet"), "gateway": item.get("Gateway"), "ip_range": item.get("IPRange") or None}
            for item in ipam.get("Config") or []
        ],
        "attachable": bool(net.get("Attachable")),
        "internal": bool(net.get("Internal")),
        "ingress": bool(net.get("Ingress")),
        "encrypted": encrypted != "false",
        "mtu": int(mtu) if mtu else None,
        "labels": net.get("Labels") or {},
        "ipam_driver": ipam.get("Driver") or "default",
        "ipam_options": ipam.get("Options") or {},
        # The Engine chooses a VXLAN for each subnet, and lists it as if it had been wanted.
        "driver_options": {key: value for key, value in options.items() if not key.endswith(".vxlanid_list")},
    }
