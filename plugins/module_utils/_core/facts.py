# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: the types of what module node_facts returns. Type checkers alone import this file.

What is None is not there, or was not asked for. The module's documentation says what each key is.
"""

from __future__ import annotations

from typing import Any, Dict, TypedDict

# An object as the Engine API takes or gives it.
ApiObject = Dict[str, Any]


class System(TypedDict):
    id: str
    version: str
    codename: str
    name: str
    family: str
    arch: str
    kernel: str
    python: str


class Machine(TypedDict):
    hostname: str
    machine_id: str
    memory_mib: int
    time: float


class Address(TypedDict):
    interface: str
    address: str
    prefix: int
    kind: str
    mtu: int | None


class Route(TypedDict):
    destination: str
    interface: str
    gateway: str | None


class RepositoryFacts(TypedDict):
    entry: str | None
    key: str | None
    named_in: list[str]


class FileFacts(TypedDict):
    sha256: str | None
    mode: str
    uid: int
    gid: int
    link: str | None


class UnitFacts(TypedDict):
    active: str
    sub: str
    enabled: str
    masked: bool
    coming: bool
    needs_daemon_reload: bool
    path: str
    drop_ins: list[str]
    argv: list[str]


class DnsFacts(TypedDict):
    resolvers: list[str]
    port_53: list[str]
    resolv_conf: ResolverFile
    dnsmasq: list[ConfigLine]
    dnsmasq_error: str | None


class ResolverFile(TypedDict):
    """What keeps a resolver's file from being written, and who writes it besides."""

    exists: bool
    dangling: str | None
    immutable: bool
    writer: str | None


class ConfigLine(TypedDict):
    """One line of a configuration file that is not the collection's."""

    path: str
    line: int
    name: str
    value: str | None


class Listener(TypedDict):
    protocol: str
    port: int
    address: str
    inode: str
    process: str | None
    pid: int | None


class Flag(TypedDict):
    """A flag that dockerd gets from a variable of its unit."""

    option: str
    flag: str
    variable: str
    path: str
    line: int


class FirewallFacts(TypedDict):
    unit: str | None
    rules: list[str]
    table: bool | None
    flushes: bool
    zones: list[ConfigLine]


class MeshFacts(TypedDict):
    engine: bool
    lost: list[str]


class DaemonFile(TypedDict):
    exists: bool
    options: dict[str, Any]
    error: str | None
    since: str | None
    until: str | None


class DaemonFacts(DaemonFile):
    interrupted: bool
    flags: list[Flag]
    proxies: list[ConfigLine]


class DataFacts(TypedDict):
    wanted: dict[str, Any]
    move: dict[str, Any] | None
    kept: list[dict[str, str]]
    installed: bool
    docker: dict[str, Any]
    containerd: dict[str, Any]
    running_on: int
    targets: dict[str, dict[str, Any]]
    others: list[str]


class ConfigNetwork(TypedDict):
    parent: str | None
    subnets: list[Subnet]


class EngineFacts(TypedDict):
    running: bool
    version: str | None
    api: str | None
    info: dict[str, Any]
    proxy: dict[str, Any] | None
    images: dict[str, str]
    configs: dict[str, ConfigNetwork]


class Subnet(TypedDict):
    subnet: str | None
    gateway: str | None
    ip_range: str | None


class AddressesTaken(TypedDict):
    tasks: int
    services: int
    nodes: int


class _SwarmNetwork(TypedDict):
    id: str
    name: str
    driver: str
    config_from: str | None
    subnets: list[Subnet]
    attachable: bool
    internal: bool
    ingress: bool
    encrypted: bool
    mtu: int | None
    labels: dict[str, str]
    ipam_driver: str
    ipam_options: dict[str, str]
    driver_options: dict[str, str]


class SwarmNetwork(_SwarmNetwork, total=False):
    services: list[str]
    taken: AddressesTaken | None


class Node(TypedDict):
    """A node as a manager lists it."""

    id: str
    hostname: str
    role: str
    availability: str
    labels: dict[str, str]
    state: str
    addr: str
    engine: str | None
    leader: bool
    reachability: str | None
    manager_addr: str | None


class ManagerAddress(TypedDict):
    node_id: str
    addr: str


class FixedSettings(TypedDict):
    default_addr_pool: list[str]
    subnet_size: int | None
    data_path_port: int | None


class DetachedServices(TypedDict):
    options: dict[str, Any]
    services: list[str]


class TaskCounts(TypedDict):
    running: int
    desired: int


class ForeignObjects(TypedDict):
    services: dict[str, list[int]]
    secrets: list[str]
    configs: list[str]


class _Membership(TypedDict):
    state: str
    error: str | None
    node_id: str | None
    node_addr: str | None
    manager: bool
    cluster_id: str | None
    managers: list[ManagerAddress]
    quorum: bool | None


class ClusterFacts(TypedDict, total=False):
    """What a manager with a quorum knows of its swarm."""

    settings: FixedSettings
    spec: ApiObject
    unlock_key: str | None
    nodes: list[Node]
    networks: list[SwarmNetwork]
    detached: dict[str, DetachedServices]
    services: dict[str, ApiObject]
    tasks: dict[str, TaskCounts]
    secrets: list[str]
    configs: list[str]
    foreign: ForeignObjects


class Membership(TypedDict):
    """Which node of which swarm a host is."""

    cluster_id: str
    node_id: str


class MembershipFacts(TypedDict, total=False):
    """What is recorded of that on the host."""

    recorded: Membership | None
    marked: bool  # whether the Engine has the data that it had then
    elsewhere: list[str]  # folders with a swarm's state that the Engine does not use
    root: str


class SwarmFacts(_Membership, ClusterFacts, MembershipFacts):
    """A node's view of its swarm; the keys that may be missing are there on a manager with a quorum."""


class Expects(TypedDict, total=False):
    """What the roles of the play want of a host where it may have something else already; they contribute it."""

    daemon: dict[str, Any]  # as _engine/role_plan.expected gives it
    registries: list[str]
    sysctls: dict[str, Any]
    firewall: bool  # whether ports are opened
    journal_max_use: Any
    resolver: bool  # whether its own queries are sent to the cluster's servers
    upstreams: list[str]
    allow_removal: list[str]


class NodeFacts(TypedDict):
    """All that one read of a host gives."""

    expects: Expects
    os: System
    machine: Machine
    addresses: list[Address]
    routes: list[Route]
    packages: dict[str, str]
    holds: list[str]
    candidates: dict[str, list[str]]
    repository: RepositoryFacts | None
    selinux: str
    files: dict[str, FileFacts]
    units: dict[str, UnitFacts]
    sysctls: dict[str, str | None]
    sysctl_lines: dict[str, ConfigLine]
    journald_lines: list[ConfigLine]
    replaced: dict[str, list[str]]
    listeners: list[Listener]
    kernel_modules: dict[str, bool | None]
    dns: DnsFacts
    time_sync: str | None
    firewall: FirewallFacts
    mesh: MeshFacts | None
    daemon: DaemonFacts
    data: DataFacts
    volumes: list[str]
    listening: dict[str, list[str]]
    engine: EngineFacts
    swarm: SwarmFacts
