# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: the types of what the preflight checks get."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

if TYPE_CHECKING:
    from .._core.facts import NodeFacts
    from .._swarm.cluster_plan import UnlockKeys


class Host(TypedDict):
    """One host of the inventory: its facts, and its variables as the inventory has them."""

    facts: NodeFacts | None  # None: the host was not read
    here: bool  # whether the run acts on it
    ansible_host: str
    daemon_options: dict[str, Any] | None
    daemon_remove: list[str]
    plain_tcp: bool
    labels: dict[str, Any] | None
    availability: str | None
    advertise_addr: str | None
    data_path_addr: str | None
    firewall_ports: Any
    firewall_backend: str | None
    firewall_published: str | None
    timezone: str | None
    engine: dict[str, Any]


class Options(TypedDict):
    """What is wanted of the cluster."""

    networks: list[dict[str, Any]]
    macvlans: list[dict[str, Any]]
    dns_records: list[dict[str, Any]]
    dns_servers: list[str]
    domain: str
    settings: dict[str, Any]  # those that are fixed when the swarm is made
    swarm_settings: Any  # those that can be changed later
    allow_unsupported_os: bool
    forms_swarm: bool  # whether this run may make the swarm
    repairs: bool  # whether it brings a lost swarm back, and looks for itself at what is wrong with that
    unlock_keys: UnlockKeys
    registry_users: Any  # passwords by user
    registry_config: Any
