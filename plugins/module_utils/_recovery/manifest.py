# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: the description of a backup. Pure functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Mapping, TypedDict

from .._core.ip import host_of
from .._swarm import settings

if TYPE_CHECKING:
    from .._core.facts import ApiObject, Node, SwarmFacts

# Of the archive; a newer collection that changes it counts on.
FORMAT = 1


class File(TypedDict):
    path: str
    size: int
    sha256: str


class Manager(TypedDict):
    hostname: str | None
    node_id: str
    addr: str


class Description(TypedDict):
    format: int
    cluster_id: str
    node_id: str
    hostname: str
    advertise_addr: str
    raft_addr: str
    listen_addr: str
    data_path_addr: str
    engine: str  # its version
    autolock: bool
    spec: ApiObject
    created: str  # UTC, 2026-03-01T12:30:00Z
    managers: list[Manager]


class Manifest(Description):
    files: list[File]


class BackupError(Exception):
    """A backup is not what it should be. The text says what is wrong with it."""


def identity(manifest: Manifest) -> dict[str, str]:
    """What distinguishes a backup from others."""
    return {
        "cluster_id": manifest["cluster_id"],
        "node_id": manifest["node_id"],
        "created": manifest["created"],
    }


def describe(
    swarm: SwarmFacts, node: Node, addrs: Mapping[str, str], engine: str, state: ApiObject, created: str
) -> Description:
    """The description of a backup of this manager, without its files.

    :param swarm: this manager's ``swarm`` part of node_facts.
    :param node: this node, as node_facts lists it.
    :param addrs: the raft address of each manager, by node ID.
    :param state: the text of ``docker-state.json`` as data: how the node joined.
    """
    names = {item["id"]: item["hostname"] for item in swarm["nodes"]}
    return {
        "format": FORMAT,
        "cluster_id": swarm["cluster_id"] or "",
        "node_id": node["id"],
        "hostname": node["hostname"],
        # Raft keeps the address that a manager joined with, whatever the node says later.
        "advertise_addr": host_of(addrs[node["id"]]),
        "raft_addr": addrs[node["id"]],
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
