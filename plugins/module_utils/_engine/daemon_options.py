# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: the options of daemon.json by type, and what replaced those that were removed.

Sources: the reference of dockerd and the list of deprecated features in docker/cli, the reload code in moby.
"""

from __future__ import annotations

from typing import Any, Sequence

_BY_TYPE = {
    "bool": """
        allow-direct-routing bridge-accept-fwmark debug experimental icc init ip-forward ip-forward-no-drop ip-masq
        ip6tables iptables ipv6 live-restore no-new-privileges raw-logs selinux-enabled tls tlsverify userland-proxy
        deprecated-key-path rootless
    """,
    "int": """
        cpu-rt-period cpu-rt-runtime max-concurrent-downloads max-concurrent-uploads max-download-attempts mtu
        network-control-plane-mtu network-diagnostic-port shutdown-timeout
    """,
    "str": """
        bip bip6 bridge bridge-accept-fwmark cgroup-parent containerd containerd-namespace containerd-plugin-namespace
        data-root default-cgroupns-mode default-gateway default-gateway-v6 default-ipc-mode default-runtime
        default-shm-size exec-root firewall-backend fixed-cidr fixed-cidr-v6 group host-gateway-ip http-proxy
        https-proxy init-path ip log-driver log-format log-level metrics-addr min-api-version no-proxy pidfile
        seccomp-profile storage-driver swarm-default-advertise-addr tlscacert tlscert tlskey userland-proxy-path
        userns-remap
    """,
    "list": """
        authorization-plugins cdi-spec-dirs default-address-pools dns dns-opts dns-search exec-opts host-gateway-ips
        hosts insecure-registries labels node-generic-resources registry-mirrors storage-opts
    """,
    "dict": """
        builder default-network-opts default-ulimits features log-opts proxies runtimes
    """,
}

# option -> the types that it takes
TYPES: dict[str, set[str]] = {}
for _kind, _names in _BY_TYPE.items():
    for _name in _names.split():
        TYPES.setdefault(_name, set()).add(_kind)

# option -> (the first Engine that refuses to start with it, what to use instead)
REMOVED = {
    "disable-legacy-registry": ("19.03", "remove it: legacy registries are gone"),
    "graph": ("23.0", "use data-root"),
    "cluster-store": ("23.0", "remove it: it belonged to standalone Swarm"),
    "cluster-advertise": ("23.0", "remove it: it belonged to standalone Swarm"),
    "cluster-store-opts": ("23.0", "remove it: it belonged to standalone Swarm"),
    "oom-score-adjust": ("25.0", "set OOMScoreAdjust= in a systemd drop-in of docker.service"),
    "api-cors-header": ("28.0", "put a reverse proxy in front of the API"),
    "allow-nondistributable-artifacts": ("28.0", "remove it: it has no effect any more"),
}

# (option, value) -> the same, for single values of an option
REMOVED_VALUES = {
    ("storage-driver", "aufs"): ("24.0", "use overlay2"),
    ("storage-driver", "overlay"): ("24.0", "use overlay2"),
    ("storage-driver", "devicemapper"): ("25.0", "use overlay2"),
    ("log-driver", "logentries"): ("25.0", "use another log driver, for example journald"),
}

# Options that the daemon takes over on SIGHUP.
RELOADABLE = frozenset(
    [
        "authorization-plugins",
        "debug",
        "default-cgroupns-mode",
        "default-ipc-mode",
        "default-runtime",
        "default-shm-size",
        "features",
        "insecure-registries",
        "labels",
        "live-restore",
        "max-concurrent-downloads",
        "max-concurrent-uploads",
        "max-download-attempts",
        "network-diagnostic-port",
        "registry-mirrors",
        "runtimes",
        "shutdown-timeout",
    ]
)

# Of those, the ones that a SIGHUP also puts back to their default once they are gone from the file.
RESET_BY_RELOAD = frozenset(["features", "max-concurrent-downloads", "max-concurrent-uploads", "max-download-attempts"])

# Flags of dockerd that are written otherwise than the option of daemon.json that they conflict with.
FLAG_NAMES = {
    "-H": "hosts", "--host": "hosts", "-D": "debug", "-b": "bridge", "-g": "data-root", "-G": "group", "-l": "log-level",
    "-p": "pidfile", "-s": "storage-driver", "--authorization-plugin": "authorization-plugins",
    "--default-address-pool": "default-address-pools", "--default-ulimit": "default-ulimits",
    "--dns-opt": "dns-opts", "--exec-opt": "exec-opts", "--insecure-registry": "insecure-registries",
    "--label": "labels", "--log-opt": "log-opts", "--node-generic-resource": "node-generic-resources",
    "--registry-mirror": "registry-mirrors", "--storage-opt": "storage-opts", "--feature": "features",
    "--default-network-opt": "default-network-opts", "--cdi-spec-dir": "cdi-spec-dirs",
}  # fmt: skip


def type_of(value: Any) -> str | None:
    """The table's word for a value's type; None for one that daemon.json cannot hold."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return "int"
    if isinstance(value, str):
        return "str"
    if isinstance(value, (list, tuple)):
        return "list"
    if isinstance(value, dict):
        return "dict"
    return None


def flags_of(argv: Sequence[str]) -> dict[str, str]:
    """The options that a unit's command line sets, as ``{option: flag}``."""
    found: dict[str, str] = {}
    for word in argv[1:]:
        if not word.startswith("-"):
            continue
        flag = word.split("=", 1)[0]
        if not flag.startswith("--") and len(flag) > 2:
            flag = flag[:2]
        option = FLAG_NAMES.get(flag, flag[2:] if flag.startswith("--") else None)
        if option:
            found[option] = flag
    return found
