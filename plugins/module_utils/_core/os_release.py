# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: the distribution, its family, and the kernel."""

from __future__ import annotations

import os
import platform
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .facts import System


def read_os(root: str = "/") -> System:
    """Distribution, family and kernel. ``family`` is ``Debian``, ``RedHat`` or ``unknown``."""
    release: dict[str, str] = {}
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
