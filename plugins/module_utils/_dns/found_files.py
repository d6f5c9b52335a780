# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: what a host has of DNS: lines of dnsmasq's files that are not ours, and its resolver's file."""

from __future__ import annotations

import fcntl
import os
import re
import struct
import subprocess
from typing import TYPE_CHECKING, Iterator

from .._core.atomic_files import read_text

if TYPE_CHECKING:
    from .._core.facts import ConfigLine, ResolverFile

MAIN = "etc/dnsmasq.conf"
FOLDER = "etc/dnsmasq.d"
# dnsmasq reads every other file of the folder, as its packages start it.
NOT_READ = (".dpkg-dist", ".dpkg-old", ".dpkg-new", ".rpmnew", ".rpmsave", ".rpmorig", "~")
PROGRAM = ("/usr/sbin/dnsmasq", "/usr/bin/dnsmasq")
# Which of its lines may stand in the way: see :mod:`_preflight.dns_checks`.
LOOKED_AT = frozenset(
    ["auth-server", "bind-dynamic", "bind-interfaces", "cache-size", "no-resolv", "port", "resolv-file"]
)
# Programs that write resolv.conf put their name into a comment of it.
WRITER = re.compile(r"^[#;].*\b(NetworkManager|resolvconf|dhclient|dhcpcd|cloud-init|netconfig)\b", re.IGNORECASE)

_GETFLAGS = 0x80086601  # FS_IOC_GETFLAGS
_FIXED = 0x10 | 0x20  # FS_IMMUTABLE_FL, FS_APPEND_FL


def read_dnsmasq(root: str = "/") -> tuple[list[ConfigLine], str | None]:
    """Lines of dnsmasq's files that are not ours and may stand in the way; and what dnsmasq finds wrong with them."""
    lines = [item for path in _paths(root) for item in _lines(root, path)]
    program = next((path for path in PROGRAM if lines and os.access(path, os.X_OK)), None) if root == "/" else None
    return [item for item in lines if item["name"] in LOOKED_AT], _tested(program) if program else None


def _paths(root: str) -> Iterator[str]:
    yield MAIN
    try:
        names = sorted(os.listdir(os.path.join(root, FOLDER)))
    except OSError:
        names = []
    for name in names:
        hidden = name.startswith((".", "#")) or name.endswith(NOT_READ)
        if not hidden and "dockyard" not in name:
            yield "%s/%s" % (FOLDER, name)


def _lines(root: str, path: str) -> Iterator[ConfigLine]:
    try:
        text = read_text(os.path.join(root, path)) or ""
    except OSError:  # a folder
        return
    for number, line in enumerate(text.splitlines(), 1):
        if not line or line[0] == "#":
            continue
        line = re.sub(r"(^|\s)#.*", "", line).strip()
        if line:
            name, sep, value = line.partition("=")
            yield {"path": "/" + path, "line": number, "name": name.strip(), "value": value.strip() if sep else None}


def _tested(program: str) -> str | None:
    """What dnsmasq says of all its files, where it does not accept them."""
    command = [program, "--test", "--conf-file=/" + MAIN] if os.path.exists("/" + MAIN) else [program, "--test"]
    try:
        done = subprocess.run(
            command + ["--conf-dir=/%s,.dpkg-dist,.dpkg-old,.dpkg-new,.rpmnew,.rpmsave,.rpmorig" % FOLDER],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=20, check=False, env={"LC_ALL": "C"},
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return None
    said = done.stdout.decode("utf-8", "replace").strip()
    return said.replace("dnsmasq: ", "", 1).strip() if done.returncode else None


def read_resolver_file(path: str = "/etc/resolv.conf") -> ResolverFile:
    """What keeps a resolver's file from being written, and who else writes it."""
    dangling = os.readlink(path) if os.path.islink(path) and not os.path.exists(path) else None
    text = read_text(path) or ""
    writer = next((match.group(1) for match in map(WRITER.match, text.splitlines()) if match), None)
    return {
        "exists": os.path.exists(path),
        "dangling": dangling,
        "immutable": _is_fixed(path),
        "writer": writer,
    }


def _is_fixed(path: str) -> bool:
    """Whether a file has the attribute that keeps everybody from changing it: ``chattr +i`` or ``+a``."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        flags: int = struct.unpack("i", fcntl.ioctl(handle, _GETFLAGS, struct.pack("i", 0))[:4])[0]
    except OSError:  # a file system without attributes
        return False
    finally:
        os.close(handle)
    return bool(flags & _FIXED)
