# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: the facts of a host, read from /proc, /etc and systemd without a shell."""

from __future__ import annotations

import os
import platform
import socket
import time
from typing import TYPE_CHECKING, Any, Collection, Iterable, Mapping, Sequence

from .._core.atomic_files import read_text
from .._host import listeners
from .._host.firewall_facts import FIREWALLS
from .._packages import apt

if TYPE_CHECKING:
    from .._core.facts import Address, Listener, Machine, RepositoryFacts, System

# What the facts themselves are made of, and the Engine, which every role decides on. The rest is contributed by the roles.
TIME_SYNC = (
    "chrony.service", "chronyd.service", "systemd-timesyncd.service", "ntp.service", "ntpsec.service", "openntpd.service",
    "ntpd.service",
)  # fmt: skip
UNITS = ("docker.service", "docker.socket", "containerd.service") + TIME_SYNC + FIREWALLS
FILES = ("/etc/docker/daemon.json",)
PACKAGES = ("docker.io", "docker-ce", "docker-engine")
DNS_PORTS = (("tcp", 53), ("udp", 53))
SWARM_PORTS = (("tcp", 2377), ("tcp", 7946), ("udp", 7946), ("udp", 4789))
# States of a node whose Engine has these ports.
MEMBER = ("active", "pending", "error", "locked")


def read_packages(names: Collection[str], family: str) -> dict[str, Any]:
    """``{versions, holds}`` of the named packages from the package database: those installed, and those held."""
    if not names:
        return {"versions": {}, "holds": []}
    found: dict[str, Any] = _backend(family).read(names)
    return found


def read_candidates(names: Collection[str], family: str) -> dict[str, list[str]]:
    """The versions that the host's package lists offer, by package; see :func:`apt.candidates`."""
    return _backend(family).candidates(names) if names else {}


def read_replaced(names: Sequence[str], family: str, time_sync: str | None) -> dict[str, list[str]]:
    """By package that is not installed yet, those that the package manager would remove for it.

    :param time_sync: what keeps the clock right; where something does, chrony is not installed.
    """
    names = [name for name in names if not (time_sync and name == "chrony")]
    try:
        return _backend(family).replaced(names) if names else {}
    except FileNotFoundError:
        return {}  # a system without its package manager, which the plan refuses


def read_sockets(ports: Iterable[int]) -> list[Listener]:
    """Sockets on port 53, on the swarm's ports, and on these TCP ports."""
    return listeners.read_sockets({*DNS_PORTS, *SWARM_PORTS, *(("tcp", port) for port in ports)})


def foreign_listeners(sockets: Iterable[Listener], swarm: str) -> list[Listener]:
    """Sockets on port 53, and on the swarm's ports where they are not the Engine's own."""
    return listeners.in_use(sockets, DNS_PORTS + (() if swarm in MEMBER else SWARM_PORTS))


def in_the_way(found: Iterable[Listener], units: Mapping[str, Any], addresses: Iterable[Address]) -> list[Listener]:
    """Those that would keep dnsmasq, where it does not run, or the Engine from starting, with their processes.

    On port 53, the stub of systemd-resolved and servers of single bridges do not.
    """
    runs = units.get("dnsmasq.service", {}).get("active") == "active"
    needed = {"0.0.0.0", "::", "127.0.0.1"}.union(item["address"] for item in addresses if item["kind"] == "physical")
    return listeners.with_processes(
        item for item in found if item["port"] != 53 or (not runs and item["address"] in needed)
    )


def _backend(family: str) -> Any:
    if family == "Debian":
        return apt
    from .._packages import dnf  # costs only hosts that have it

    return dnf


def read_repository(wanted: Mapping[str, Any] | None, system: System) -> RepositoryFacts | None:
    """The state of a package repository; None if none is asked for."""
    if not wanted:
        return None
    # These cost only hosts with one.
    from .._packages import apt_sources, dnf_sources, repositories

    source = apt_sources if system["family"] == "Debian" else dnf_sources
    # What is for one distribution of the CentOS family is used on others as well.
    folders = [system["id"]] if system["family"] == "Debian" else ["centos", "rhel", system["id"]]
    uris = [uri.replace("{id}", folder) for uri in wanted["uris"] for folder in folders]
    found: RepositoryFacts = repositories.read(source, wanted["name"], uris)
    return found


def read_modules(names: Iterable[str]) -> dict[str, bool | None]:
    """Whether each kernel module is loaded or built in: ``name -> bool``; None if the kernel does not have it."""
    try:
        with open("/proc/modules", encoding="ascii") as handle:
            have = {line.split(" ", 1)[0] for line in handle}
    except OSError:
        have = set()
    wanted = {name: name.replace("-", "_") for name in names}
    if not have.issuperset(wanted.values()):
        have |= _module_names("modules.builtin")
    found: dict[str, bool | None] = {name: module in have for name, module in wanted.items()}
    if not all(found.values()):
        # A container, which cannot load any, may have no list of them.
        loadable = _module_names("modules.dep")
        found = {
            name: there or (False if not loadable or wanted[name] in loadable else None)
            for name, there in found.items()
        }
    return found


def _module_names(listed: str) -> set[str]:
    """The modules in a list of the running kernel. In ``modules.dep``, each is followed by those that it needs."""
    try:
        with open("/lib/modules/%s/%s" % (platform.release(), listed), encoding="ascii") as handle:
            paths = [line.split(":", 1)[0].strip() for line in handle]
    except OSError:
        return set()
    return {os.path.basename(path).split(".ko", 1)[0].replace("-", "_") for path in paths}


def read_selinux(root: str = "/") -> str:
    """``enforcing``, ``permissive`` or ``disabled``, as the kernel reports."""
    mode = (read_text(os.path.join(root, "sys/fs/selinux/enforce")) or "").strip()
    if mode == "1":
        return "enforcing"
    # A kernel with SELinux has the file without any policy, too. What has one has its configuration.
    configured = os.path.exists(os.path.join(root, "etc/selinux/config"))
    return "permissive" if mode and configured else "disabled"


def read_machine() -> Machine:
    """The identity of a machine, its memory and its clock."""
    try:
        with open("/etc/machine-id", encoding="ascii") as handle:
            machine_id = handle.read().strip()
    except OSError:
        machine_id = ""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {
        "hostname": socket.gethostname(),
        "machine_id": machine_id,
        "memory_mib": pages // (1 << 20),
        "time": time.time(),
    }


def first_active(names: Iterable[str], units: Mapping[str, Any]) -> str | None:
    """The first of the named units that is active, or None."""
    for name in names:
        if units.get(name, {}).get("active") == "active":
            return name
    return None
