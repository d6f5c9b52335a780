# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: a node of the swarm as plain data."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .._core.facts import ApiObject, Node


def node_facts(node: ApiObject) -> Node:
    """One node as a manager lists it."""
    spec, status = node.get("Spec") or {}, node.get("Status") or {}
    manager = node.get("ManagerStatus") or {}
    return {
        "id": node["ID"],
        "hostname": (node.get("Description") or {}).get("Hostname") or "",
        "role": spec.get("Role") or "",
        "availability": spec.get("Availability") or "",
        "labels": spec.get("Labels") or {},
        "state": status.get("State") or "",
        "addr": status.get("Addr") or "",
        "engine": ((node.get("Description") or {}).get("Engine") or {}).get("EngineVersion"),
        "leader": bool(manager.get("Leader")),
        # Of a member of raft alone, which a manager is from its join to the end of its demotion, whatever its role is to be.
        "reachability": manager.get("Reachability"),
        "manager_addr": manager.get("Addr"),
    }
