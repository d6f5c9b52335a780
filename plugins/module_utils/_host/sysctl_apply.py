# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: kernel parameters of this host, read and set, and the files that set them when it boots."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Iterable, Mapping

from .._core.atomic_files import read_text
from .._core.plan import ApplyError
from . import sysctl

if TYPE_CHECKING:
    from .._core.facts import ConfigLine
    from .._core.plan import Plan

# systemd-sysctl's own, in the order of precedence. ufw sets its file's when it starts, after all of them.
FOLDERS = ("etc/sysctl.d", "run/sysctl.d", "usr/local/lib/sysctl.d", "usr/lib/sysctl.d")
UFW = ("etc/ufw/ufw.conf", "etc/ufw/sysctl.conf")


def read_values(names: Iterable[str], root: str = "/proc/sys") -> dict[str, str | None]:
    """Current values: ``name -> text``, None if the kernel does not have the parameter."""
    values: dict[str, str | None] = {}
    for name in names:
        try:
            with open(os.path.join(root, sysctl.path_of(name)), encoding="ascii") as handle:
                values[name] = sysctl.normal(handle.read())
        except OSError:
            values[name] = None
    return values


def read_lines(names: Iterable[str], root: str = "/") -> dict[str, ConfigLine]:
    """The line of a file that sets each parameter when the host boots; see :func:`sysctl.last_lines`."""
    names = list(names)
    return sysctl.last_lines(_files(root), names) if names else {}


def _files(root: str) -> list[tuple[str, str]]:
    paths: dict[str, str] = {}
    for folder in reversed(FOLDERS):
        try:
            found = os.listdir(os.path.join(root, folder))
        except OSError:
            continue
        # A file takes the place of one of the same name in a folder that counts less, also if it is empty or a link to /dev/null.
        paths.update({name: "%s/%s" % (folder, name) for name in found if name.endswith(".conf")})
    ordered = [paths[name] for name in sorted(paths)]
    if "ENABLED=yes" in (_text(root, UFW[0]) or ""):
        ordered.append(UFW[1])
    texts = ((path, _text(root, path)) for path in ordered)
    return [("/" + path, text) for path, text in texts if text]


def _text(root: str, path: str) -> str | None:
    try:
        return read_text(os.path.join(root, path))
    except OSError:
        return None


class Sysctls:
    """Kernel parameters of this host."""

    def __init__(self, params: Mapping[str, Any]) -> None:
        self.wanted: Mapping[str, Any] = params["values"]

    def read(self) -> dict[str, str | None]:
        return read_values(self.wanted)

    def plan(self, state: Mapping[str, str | None]) -> Plan:
        return sysctl.value_plan(state, self.wanted)

    def apply(self, plan: Plan, _state: Mapping[str, str | None]) -> None:
        """Set these parameters, and no other that a file of the host names."""
        for item in plan:
            name = item["to"].split(" ", 1)[1]
            try:
                with open(os.path.join("/proc/sys", sysctl.path_of(name)), "w", encoding="ascii") as handle:
                    handle.write(item["after"])
            except OSError as exc:
                raise ApplyError("kernel parameter %s cannot be set to %s: %s" % (name, item["after"], exc)) from exc
