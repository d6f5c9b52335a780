# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: what a host is, read from /proc, /etc and systemd without starting a shell."""

from __future__ import annotations

import glob
import hashlib
import os
import platform
import socket
import struct
import subprocess
import time

from ansible_collections.dockyard.swarm.plugins.module_utils import _apt, _firewall
from ansible_collections.dockyard.swarm.plugins.module_utils._files import read_text

UNITS = (
    "docker.service", "docker.socket", "containerd.service", "dnsmasq.service", "rsyslog.service",
    "systemd-resolved.service", "systemd-timesyncd.service", "chrony.service", "chronyd.service", "ntp.service",
    "systemd-journald.service", "dockyard-logging.service", "dockyard-log-collector.service",
    "firewalld.service", "ufw.service", "nftables.service", "dockyard-firewall.service", "NetworkManager.service",
)  # fmt: skip

# Everything that the collection may own on a host. Its own files carry its name, so that a glob finds them all.
FILES = (
    "/etc/docker/daemon.json",
    "/etc/docker/certs.d/*/*",
    "/etc/systemd/system/docker.service.d/*.conf",
    "/etc/modules-load.d/*dockyard*",
    "/etc/sysctl.d/*dockyard*",
    "/etc/dnsmasq.d/*dockyard*",
    "/etc/rsyslog.d/*dockyard*",
    "/etc/logrotate.d/*dockyard*",
    "/etc/systemd/system/*dockyard*",
    "/etc/systemd/system/nftables.service.d/*dockyard*",
    "/etc/tmpfiles.d/*dockyard*",
    "/etc/systemd/*.conf.d/*dockyard*",
    "/etc/dockyard",
    "/etc/dockyard/*",
    "/etc/dockyard/*/*",
    "/var/spool/rsyslog/dockyard",
    "/var/lib/rsyslog/dockyard",
    "/etc/resolv.conf",
    "/etc/localtime",
    "/etc/timezone",
    "/var/cache/dockyard-packages",
    "/etc/apt/sources.list.d/dockyard-docker.sources",
    "/etc/apt/keyrings/dockyard-docker.asc",
    "/etc/yum.repos.d/dockyard-docker.repo",
    "/var/lib/docker/nuke-graph-directory.sh",
)

# Packages that the roles ask for on some distribution, and those that get in each other's way.
PACKAGES = (
    "docker.io", "docker-cli", "docker-doc", "docker-ce", "docker-ce-cli", "docker-ce-rootless-extras", "docker-engine",
    "containerd.io", "containerd", "runc", "podman-docker",
    "dnsmasq", "dnsmasq-base", "rsyslog", "rsyslog-gnutls", "rsyslog-openssl", "rsyslog-relp",
    "chrony", "tzdata", "nftables", "logrotate", "systemd-resolved", "container-selinux",
)  # fmt: skip

TIME_SYNC = ("chrony.service", "chronyd.service", "systemd-timesyncd.service", "ntp.service")
FIREWALLS = ("firewalld.service", "ufw.service", "nftables.service", "dockyard-firewall.service")


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


def read_addresses():
    """IPv4 addresses of all interfaces: ``[{interface, address, prefix, kind, mtu}]``.

    ``kind`` is ``loopback``, ``bridge`` (docker0 and every other one), ``virtual`` (no hardware behind it: veth,
    vxlan, tun) or ``physical``. Read by ioctl, since a bare host need not have iproute2.
    """
    import array
    import fcntl

    found = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        size = 256 * 40
        buffer = array.array("B", b"\0" * size)
        used = struct.unpack(
            "iL",
            fcntl.ioctl(sock.fileno(), 0x8912, struct.pack("iL", size, buffer.buffer_info()[0])),  # SIOCGIFCONF
        )[0]
        data = buffer.tobytes()[:used]
        for offset in range(0, used, 40):
            label = data[offset : offset + 16].split(b"\0", 1)[0]
            address = socket.inet_ntoa(data[offset + 20 : offset + 24])
            try:
                raw = fcntl.ioctl(sock.fileno(), 0x891B, label.ljust(40, b"\0"))  # SIOCGIFNETMASK
                prefix = bin(struct.unpack("!I", raw[20:24])[0]).count("1")
            except OSError:
                prefix = 32
            interface = label.decode().split(":")[0]
            found.append(
                {
                    "interface": interface, "address": address, "prefix": prefix, "kind": _interface_kind(interface),
                    "mtu": _interface_mtu(interface),
                }
            )  # fmt: skip
    return found


def _interface_mtu(name, sys_root="/sys/class/net"):
    text = read_text(os.path.join(sys_root, name, "mtu"))
    return int(text) if text else None


def _interface_kind(name, sys_root="/sys/class/net"):
    base = os.path.join(sys_root, name)
    if name == "lo":
        return "loopback"
    if os.path.isdir(os.path.join(base, "bridge")):
        return "bridge"
    # VLANs and bonds have no device of their own, yet carry the host's real traffic.
    if os.path.exists(os.path.join(base, "device")) or os.path.isdir(os.path.join(base, "bonding")):
        return "physical"
    if os.path.exists("/proc/net/vlan/%s" % name):
        return "physical"
    return "virtual" if name.startswith(("veth", "vx-", "ov-", "tun", "tap", "dummy", "br-")) else "physical"


def read_routes(path="/proc/net/route"):
    """IPv4 routes: ``[{destination, interface, gateway}]``; ``destination`` in CIDR notation, ``gateway`` or None."""
    routes = []
    try:
        with open(path, encoding="ascii") as handle:
            rows = [line.split() for line in handle][1:]
    except OSError:
        return routes
    for row in rows:
        if len(row) < 8:
            continue
        mask = int(row[7], 16)
        routes.append(
            {
                "destination": "%s/%d" % (_address(row[1]), bin(mask).count("1")),
                "interface": row[0],
                "gateway": None if row[2] == "00000000" else _address(row[2]),
            }
        )
    return routes


def _address(text):
    return socket.inet_ntoa(struct.pack("=I", int(text, 16)))


def read_port_53():
    """Local addresses on which something listens on port 53, tcp or udp, without the swarm's own name spaces."""
    found = set()
    for name in ("tcp", "udp"):
        try:
            with open("/proc/net/%s" % name, encoding="ascii") as handle:
                rows = [line.split() for line in handle][1:]
        except OSError:
            continue
        for row in rows:
            address, port = row[1].split(":")
            listening = row[3] == ("0A" if name == "tcp" else "07")
            if listening and int(port, 16) == 53:
                found.add(_address(address))
    return sorted(found)


def read_files(patterns):
    """Hash, mode and owner of every file that a pattern finds: ``path -> {sha256, mode, uid, gid, link}``.

    A folder has no hash. ``link`` is the target where the path is a symbolic link.
    """
    files = {}
    for pattern in patterns:
        for path in sorted(glob.glob(pattern)) if "*" in pattern else [pattern]:
            try:
                facts = os.stat(path)
                digest = None
                if os.path.isfile(path):
                    with open(path, "rb") as handle:
                        digest = hashlib.sha256(handle.read()).hexdigest()
            except OSError:
                continue
            files[path] = {
                "sha256": digest,
                "mode": "%04o" % (facts.st_mode & 0o7777),
                "uid": facts.st_uid,
                "gid": facts.st_gid,
                "link": os.readlink(path) if os.path.islink(path) else None,
            }
    return files


def read_packages(names, family):
    """``{versions, holds}`` of the named packages, straight from the package database: the installed, and the held."""
    if not names:
        return {"versions": {}, "holds": []}
    return _backend(family).read(names)


def read_candidates(names, family):
    """By name, the versions that the host's own lists offer, as :func:`_apt.candidates` tells them."""
    return _backend(family).candidates(names) if names else {}


def _backend(family):
    if family == "Debian":
        return _apt
    from ansible_collections.dockyard.swarm.plugins.module_utils import _dnf  # costs only hosts that have it

    return _dnf


def read_repository(wanted, system):
    """How far a package repository is there; None where that is not asked."""
    if not wanted:
        return None
    # These cost only hosts with one.
    from ansible_collections.dockyard.swarm.plugins.module_utils import _apt_sources, _dnf_sources, _repositories

    source = _apt_sources if system["family"] == "Debian" else _dnf_sources
    # What is for one distribution of the CentOS family is used on others as well.
    folders = [system["id"]] if system["family"] == "Debian" else ["centos", "rhel", system["id"]]
    uris = [uri.replace("{id}", folder) for uri in wanted["uris"] for folder in folders]
    return _repositories.read(source, wanted["name"], uris)


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


def read_resolvers(path="/etc/resolv.conf"):
    """The name servers of a resolv.conf, in order."""
    try:
        with open(path, encoding="utf-8", errors="replace") as handle:
            rows = [line.split() for line in handle]
    except OSError:
        return []
    return [row[1] for row in rows if len(row) > 1 and row[0] == "nameserver"]


def read_firewall(units, root="/"):
    """The firewall that runs, and what it lets in: ``{unit, rules, table, flushes}``. Reads its files, and only those of one that
    runs.

    What firewalld was told for its runtime alone is not seen. ``table`` tells whether the collection's own rules are in force as
    they were loaded; None on a host that has none. ``flushes`` tells whether a reload of firewalld takes the Engine's rules away.
    """

    def text(path):
        return read_text(os.path.join(root, path))

    table = _read_table(root) if _firewall.OWN_UNIT in units else None
    unit, rules = _read_running(units, text)
    found = {"unit": unit, "rules": rules, "table": table, "flushes": False}
    if unit == "firewalld.service":
        from ansible_collections.dockyard.swarm.plugins.module_utils import _firewalld

        found["flushes"] = _firewalld.flushes(text("etc/firewalld/firewalld.conf"), text("etc/firewalld/direct.xml"))
    return found


def _read_running(units, text):
    if units.get("firewalld.service", {}).get("active") == "active":
        return "firewalld.service", _read_firewalld(text)
    # What systemd says of ufw is no help: `ufw enable` starts no unit, and the unit of a disabled one is active.
    if "ufw.service" in units:
        from ansible_collections.dockyard.swarm.plugins.module_utils import _ufw  # costs only hosts that have it

        rules = _ufw.read(
            text("etc/ufw/ufw.conf"),
            text("etc/default/ufw"),
            text("etc/ufw/user.rules"),
            text("etc/ufw/user6.rules"),
        )
        if rules is not None:
            return "ufw.service", rules
    if _firewall.OWN_UNIT in units:
        from ansible_collections.dockyard.swarm.plugins.module_utils import _nftables

        return _firewall.OWN_UNIT, _nftables.read(text(_nftables.PATH.lstrip("/")))
    return first_active(("nftables.service",), units), []


def _read_firewalld(text):
    from xml.etree import ElementTree

    from ansible_collections.dockyard.swarm.plugins.module_utils import _firewalld

    def parsed(folder, name):
        # What the administrator wrote stands in for what the package brought.
        found = text("etc/firewalld/%s/%s.xml" % (folder, name)) or text("usr/lib/firewalld/%s/%s.xml" % (folder, name))
        return ElementTree.fromstring(found) if found else None

    zone = parsed("zones", _firewalld.default_zone(text("etc/firewalld/firewalld.conf")))
    return _firewalld.read(zone, lambda name: parsed("ipsets", name), lambda name: parsed("services", name))


def _read_table(root):
    from ansible_collections.dockyard.swarm.plugins.module_utils import _nftables

    digest, _sep, listed = (read_text(os.path.join(root, _nftables.LOADED.lstrip("/"))) or "").partition("\n")
    wanted = read_text(os.path.join(root, _nftables.PATH.lstrip("/"))) or ""
    try:
        done = subprocess.run(_nftables.LIST, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
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
