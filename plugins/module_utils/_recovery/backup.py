# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: backups of a swarm's managers: what they say of themselves, and the plans. Pure functions."""

from __future__ import annotations

from .._core.ip import host_of
from .._swarm import settings
from .._swarm.quorum import Quorum

# What an archive is made of; a newer collection that changes it counts on.
FORMAT = 1
ENDING = ".backup"
PLAYBOOK = "playbooks/restore.yml"


class BackupError(Exception):
    """A backup is not what it should be. The text says what is wrong with it."""


def manifest(swarm, node, addrs, engine, state, created):
    """What a backup says of itself, all but its files.

    :param swarm: this manager's ``swarm`` part of node_facts.
    :param node: this node, as node_facts lists it.
    :param addrs: the raft address of each manager, by node ID.
    :param state: the text of ``docker-state.json`` as data: how the node joined.
    """
    names = {item["id"]: item["hostname"] for item in swarm["nodes"]}
    return {
        "format": FORMAT,
        "cluster_id": swarm["cluster_id"],
        "node_id": swarm["node_id"],
        "hostname": node["hostname"],
        # Raft keeps the address that a manager joined with, whatever the node says later.
        "advertise_addr": host_of(addrs[swarm["node_id"]]),
        "raft_addr": addrs[swarm["node_id"]],
        "listen_addr": state.get("ListenAddr") or "0.0.0.0:2377",
        "data_path_addr": state.get("DataPathAddr") or "",
        "engine": engine,
        "autolock": settings.autolock(swarm["spec"]),
        "spec": swarm["spec"],
        "created": created,
        "managers": [
            {"hostname": names.get(node_id), "node_id": node_id, "addr": addr}
            for node_id, addr in sorted(addrs.items())
        ],
    }


def freeze_problem(nodes, node_id):
    """Why a manager had better not stand still for a moment: a text, or None.

    One or two managers have no other way.
    """
    quorum = Quorum(nodes)
    voters = len(quorum.voters)
    if voters <= 2 or quorum.survives(node_id):
        return None
    return "while it stands still for the copy, %d of %d managers can be reached, and %d are needed" % (
        len(quorum.alive - {node_id}),
        voters,
        voters // 2 + 1,
    )


def backup_problem(swarm, force=False):
    """Why this node cannot be backed up now: a text that says what to do, or None."""
    if swarm["state"] != "active" or not swarm["manager"]:
        state = "a worker" if swarm["state"] == "active" else swarm["state"]
        return "this node is no manager of a swarm (it is %s): back up on a manager" % state
    if not swarm["quorum"]:
        return (
            "the managers have no quorum (%s), so nobody knows what the swarm's state is: bring managers back first"
            % (swarm["error"] or "no leader")
        )
    problem = freeze_problem(swarm["nodes"], swarm["node_id"])
    if problem and not force:
        return "%s: bring managers back, or set swarm_backup_host to take this one all the same" % problem
    return None


def backup_host(states, managers):
    """The manager that is backed up: one that the swarm does without for a moment, if possible not its leader.

    :param states: host -> ``swarm`` part of node_facts, of hosts that were read.
    :param managers: hosts that can be asked for the swarm.
    """
    able = [host for host in managers if host in states]
    if not able:
        return None
    nodes = {node["id"]: node for node in states[able[0]]["nodes"]}

    def order(host):
        node_id = states[host]["node_id"]
        leads = nodes.get(node_id, {}).get("leader", False)
        return (freeze_problem(nodes.values(), node_id) is not None, leads)

    return min(able, key=order)


def file_name(cluster_id, created):
    """``CLUSTER-TIME.backup``; the names of one swarm sort by their time.

    :param created: UTC, ``2026-03-01T12:30:00Z``.
    """
    return "%s-%s%s" % (cluster_id[:12], created.replace("-", "").replace(":", ""), ENDING)


def of_cluster(names, cluster_id):
    """The backups of one swarm, newest first; its ID is that of none where it is None, of any where it is empty."""
    start = cluster_id[:12] + "-" if cluster_id else ""
    return sorted((name for name in names if name.startswith(start) and name.endswith(ENDING)), key=_time, reverse=True)


def _time(name):
    return name[: -len(ENDING)].rsplit("-", 1)[-1]


def outdated(names, new, cluster_id, keep):
    """The backups that go, once the new one is there: all of its swarm but the newest ``keep``, of which it is one."""
    others = [name for name in of_cluster(names, cluster_id) if name != new]
    return others[max(keep, 1) - 1 :]
