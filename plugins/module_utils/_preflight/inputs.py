# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: the types of what the preflight checks get."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

if TYPE_CHECKING:
    from .._core.facts import NodeFacts
    from .._services.ownership import Wanted as WantedService
    from .._swarm.cluster_plan import UnlockKeys
    from .._swarm.placement import Wanted as Placed
    from .controller import Folder


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
    groups: dict[str, list[str]]  # the inventory's, with their hosts
    manager_group: str
    worker_group: str
    repairs: bool  # whether it brings a lost swarm back, and looks for itself at what is wrong with that
    unlock_keys: UnlockKeys
    places: list[Placed]  # what has data, of the play's roles
    other_places: list[Placed]  # and of those that the play does not have
    services: list[WantedService]  # the collection's own
    play_hosts: list[str] | None  # the hosts of the play
    outside: dict[str, NodeFacts | None]  # those of them that are in no group
    folder: Folder  # the controller's, for secrets
    take_over: bool  # whether a cluster that another folder belongs to is taken over
    ended: list[str]  # runs of this controller that have ended and left nodes out of service
    registry_users: Any  # passwords by user
    registry_config: Any
