# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A swarm of three managers and a worker, and a backup of its second manager, for tests of backup, restore and recovery."""

from __future__ import annotations

CLUSTER = "7b5gqv0vkrczabcdefgh12345"
MANIFEST = {
    "format": 1,
    "cluster_id": CLUSTER,
    "node_id": "n2",
    "hostname": "m2",
    "advertise_addr": "192.0.2.12",
    "raft_addr": "192.0.2.12:2377",
    "listen_addr": "0.0.0.0:2377",
    "data_path_addr": "",
    "engine": "26.1.5+dfsg1",
    "autolock": False,
    "spec": {"Name": "default", "Orchestration": {"TaskHistoryRetentionLimit": 3}},
    "created": "2026-03-01T12:30:00Z",
}


def node(number, role="manager", reachability="reachable", leader=False):
    return {
        "id": f"n{number}",
        "hostname": f"m{number}",
        "role": role,
        "reachability": reachability if role == "manager" else None,
        "leader": leader,
    }


def member(number, nodes=(), **changes):
    state = {
        "state": "active",
        "error": None,
        "node_id": f"n{number}",
        "node_addr": f"192.0.2.1{number}",
        "manager": True,
        "quorum": True,
        "cluster_id": CLUSTER,
        "managers": [],
        "nodes": list(nodes),
        "spec": {},
    }
    return {**state, **changes}


OUTSIDE = {
    "state": "inactive",
    "error": None,
    "node_id": None,
    "manager": False,
    "quorum": None,
    "cluster_id": None,
    "managers": [],
}


def facts(number, swarm=None, version="26.1.5+dfsg1", files=()):
    return {
        "swarm": swarm or OUTSIDE,
        "addresses": [{"address": f"192.0.2.1{number}"}, {"address": "172.17.0.1"}],
        "engine": {"version": version},
        "files": {path: {} for path in files},
    }


THREE = [node(1, leader=True), node(2), node(3), node(4, "worker")]
