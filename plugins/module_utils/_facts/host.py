# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: what a host is, read from /proc, /etc and systemd without starting a shell."""

from __future__ import annotations

import hashlib
import os
import platform
import socket
import subprocess
import time

from .._core.atomic_files import read_text
from .._host import firewall
from .._packages import apt

# What the facts themselves are made of, and the Engine, which every role decides on. The rest is contributed by the roles.
TIME_SYNC = ("chrony.service", "chronyd.service", "systemd-timesyncd.service", "ntp.service")
FIREWALLS = ("firewalld.service", "ufw.service", "nftables.service", "dockyard-firewall.service")
UNITS = ("docker.service", "docker.socket", "containerd.service") + TIME_SYNC + FIREWALLS
FILES = ("/etc/docker/daemon.json",)
PACKAGES = ("docker.io", "docker-ce", "docker-engine")


def read_os(root="/"):
    """Distribution, family and kernel. ``family`` is ``Debian``, ``RedHat`` or ``unknown``."""
    release = {}
    try:
        with open(os.path.join(root, "etc/os-release"), encoding="utf-8") as handle:
            for line in handle:
                key, sep, value = line.strip().partition("=")
                if sep:
                    release[key] = value.strip("\"'")
    except OSError:
        pass
    name = release.get("ID", "unknown")
    like = [name] + release.get("ID_LIKE", "").split()
    family = "unknown"
    if "debian" in like or "ubuntu" in like:
        family = "Debian"
    elif set(like) & {"rhel", "centos", "fedora"}:
        family = "RedHat"
    return {
        "id": name,
        "version": release.get("VERSION_ID", ""),
        "codename": release.get("VERSION_CODENAME", ""),
        "name": release.get("PRETTY_NAME", name),
        "family": family,
        "arch": platform.machine(),
        "kernel": platform.release(),
        "python": platform.python_version(),
    }


def read_packages(names, family):
    """``{versions, holds}`` of the named packages, straight from the package database: the installed, and the held."""
    if not names:
        return {"versions": {}, "holds": []}
    return _backend(family).read(names)


def read_candidates(names, family):
    """By name, the versions that the host's own lists offer, as :func:`apt.candidates` tells them."""
    return _backend(family).candidates(names) if names else {}


def _backend(family):
    if family == "Debian":
        return apt
    from .._packages import dnf  # costs only hosts that have it

    return dnf


def read_repository(wanted, system):
    """How far a package repository is there; None where that is not asked."""
    if not wanted:
        return None
    # These cost only hosts with one.
    from .._packages import apt_sources, dnf_sources, repositories

    source = apt_sources if system["family"] == "Debian" else dnf_sources
    # What is for one distribution of the CentOS family is used on others as well.
    folders = [system["id"]] if system["family"] == "Debian" else ["centos", "rhel", system["id"]]
    uris = [uri.replace("{id}", folder) for uri in wanted["uris"] for folder in folders]
    return repositories.read(source, wanted["name"], uris)


def read_sysctls(keys):
    """Current values: ``key -> text``, None where the kernel knows no such key."""
    values = {}
    for key in keys:
        try:
            with open("/proc/sys/" + key.replace(".", "/"), encoding="ascii") as handle:
                values[key] = " ".join(handle.read().split())
        except OSError:
            values[key] = None
    return values


def read_modules(names):
    """Whether each kernel module is there now, loaded or built in: ``name -> bool``; None where the kernel has none such."""
    try:
        with open("/proc/modules", encoding="ascii") as handle:
            have = {line.split(" ", 1)[0] for line in handle}
    except OSError:
        have = set()
    wanted = {name: name.replace("-", "_") for name in names}
    if not have.issuperset(wanted.values()):
        have |= _module_names("modules.builtin")
    found = {name: module in have for name, module in wanted.items()}
    if not all(found.values()):
        # A container, which cannot load any, may have no list of them.
        loadable = _module_names("modules.dep")
        found = {
            name: there or (False if not loadable or wanted[name] in loadable else None)
            for name, there in found.items()
        }
    return found


def _module_names(listed):
    """The modules in a list of the kernel that runs. In ``modules.dep``, each is followed by those it needs."""
    try:
        with open("/lib/modules/%s/%s" % (platform.release(), listed), encoding="ascii") as handle:
            paths = [line.split(":", 1)[0].strip() for line in handle]
    except OSError:
        return set()
    return {os.path.basename(path).split(".ko", 1)[0].replace("-", "_") for path in paths}


def read_selinux(root="/"):
    """``enforcing``, ``permissive`` or ``disabled``, as the kernel tells."""
    mode = (read_text(os.path.join(root, "sys/fs/selinux/enforce")) or "").strip()
    if mode == "1":
        return "enforcing"
    # A kernel with SELinux has the file without any policy, too. What has one has its configuration.
    configured = os.path.exists(os.path.join(root, "etc/selinux/config"))
    return "permissive" if mode and configured else "disabled"


def read_firewall(units, root="/"):
    """The firewall that runs, and what it lets in: ``{unit, rules, table, flushes}``. Reads its files, and only those of one that
    runs.

    What firewalld was told for its runtime alone is not seen. ``table`` tells whether the collection's own rules are in force as
    they were loaded; None on a host that has none. ``flushes`` tells whether a reload of firewalld takes the Engine's rules away.
    """

    def text(path):
        return read_text(os.path.join(root, path))

    table = _read_table(root) if firewall.OWN_UNIT in units else None
    unit, rules = _read_running(units, text)
    found = {"unit": unit, "rules": rules, "table": table, "flushes": False}
    if unit == "firewalld.service":
        from .._host import firewalld

        found["flushes"] = firewalld.flushes(text("etc/firewalld/firewalld.conf"), text("etc/firewalld/direct.xml"))
    return found


def _read_running(units, text):
    if units.get("firewalld.service", {}).get("active") == "active":
        return "firewalld.service", _read_firewalld(text)
    # What systemd says of ufw is no help: `ufw enable` starts no unit, and the unit of a disabled one is active.
    if "ufw.service" in units:
        from .._host import ufw  # costs only hosts that have it

        rules = ufw.read(
            text("etc/ufw/ufw.conf"),
            text("etc/default/ufw"),
            text("etc/ufw/user.rules"),
            text("etc/ufw/user6.rules"),
        )
        if rules is not None:
            return "ufw.service", rules
    if firewall.OWN_UNIT in units:
        from .._host import nftables

        return firewall.OWN_UNIT, nftables.read(text(nftables.PATH.lstrip("/")))
    return first_active(("nftables.service",), units), []


def _read_firewalld(text):
    from xml.etree import ElementTree

    from .._host import firewalld

    def parsed(folder, name):
        # What the administrator wrote stands in for what the package brought.
        found = text("etc/firewalld/%s/%s.xml" % (folder, name)) or text("usr/lib/firewalld/%s/%s.xml" % (folder, name))
        return ElementTree.fromstring(found) if found else None

    zone = parsed("zones", firewalld.default_zone(text("etc/firewalld/firewalld.conf")))
    return firewalld.read(zone, lambda name: parsed("ipsets", name), lambda name: parsed("services", name))


def _read_table(root):
    from .._host import nftables

    digest, _sep, listed = (read_text(os.path.join(root, nftables.LOADED.lstrip("/"))) or "").partition("\n")
    wanted = read_text(os.path.join(root, nftables.PATH.lstrip("/"))) or ""
    try:
        done = subprocess.run(nftables.LIST, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    except OSError:
        return False
    whole = digest.split(" ")[0] == hashlib.sha256(wanted.encode("utf-8", "surrogateescape")).hexdigest()
    return whole and done.stdout.decode("utf-8", "replace") == listed


def read_machine():
    """What tells one machine from another, and its clock."""
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


def first_active(names, units):
    """The first of the named units that is active, or None."""
    for name in names:
        if units.get(name, {}).get("active") == "active":
            return name
    return None
