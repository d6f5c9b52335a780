# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: the list of dnf's plugin versionlock, as text. Pure.

A line is a pattern of packages, as ``dnf versionlock add`` writes them: ``docker-ce-3:28.5.2-1.el9.*``. Of a package that some
line names, dnf sees only the versions that a line fits. A line with a ``!`` before it hides what it fits.
"""

from __future__ import annotations

import re
from typing import Collection, Mapping, Sequence

CONFIG = "/etc/dnf/plugins/versionlock.conf"
LIST = "/etc/dnf/plugins/versionlock.list"
MARK = "# held by dockyard.swarm"
TAKEN_OVER = "# taken over by dockyard.swarm: "
# What may follow a package's name: nothing, an architecture, or a version, which begins with a digit or is left open.
REST = re.compile(r"(\.[\w*]+|-(\d+:)?[\d*].*)?", re.ASCII)


def list_path(config: str | None) -> str | None:
    """Where the list is, by the plugin's configuration; None where the plugin is off."""
    enabled, path = True, LIST
    for line in (config or "").splitlines():
        key, sep, value = line.partition("=")
        if sep and key.strip() == "enabled":
            enabled = value.strip().lower() not in ("0", "no", "false", "off")
        elif sep and key.strip() == "locklist":
            path = value.strip()
    return path if enabled else None


def held(text: str, versions: Mapping[str, str]) -> list[str]:
    """Those packages that the list holds at their installed version.

    :param versions: installed versions by name.
    """
    entries = [line.strip() for line in text.splitlines()]
    found = []
    for name, version in versions.items():
        if {entry for entry in entries if _about(entry, name)} == {_entry(name, version)}:
            found.append(name)
    return sorted(found)


def hold(text: str, versions: Mapping[str, str]) -> str:
    """The list with packages held at their versions; older entries for them are commented out."""
    lines = [
        TAKEN_OVER + line if any(_about(line.strip(), name) for name in versions) else line
        for line in _without_own(text, versions)
    ]
    for name, version in sorted(versions.items()):
        lines += [MARK, _entry(name, version)]
    return "".join("%s\n" % line for line in lines)


def released(text: str, names: Collection[str]) -> str:
    """The list for one transaction: without entries for the named packages, and without those of this collection."""
    own = _own(text.splitlines())
    lines = [
        line
        for number, line in enumerate(text.splitlines())
        if number not in own and not any(_about(line.strip(), name) for name in names)
    ]
    return "".join("%s\n" % line for line in lines)


def locked(text: str, names: Collection[str]) -> bool:
    """Whether the list has an entry for one of the packages."""
    return any(_about(line.strip(), name) for line in text.splitlines() for name in names)


def _entry(name: str, version: str) -> str:
    return "%s-%s.*" % (name, version)


def _about(entry: str, name: str) -> bool:
    """Whether a line is about a package. One about many (``docker*``), or one that hides, is the administrator's."""
    return entry.startswith(name) and bool(REST.fullmatch(entry[len(name) :]))


def _own(lines: Sequence[str]) -> set[int]:
    """Numbers of the lines that this collection wrote: a mark, and the entry behind it."""
    return {
        at
        for number, line in enumerate(lines)
        if line.strip() == MARK
        for at in (number, number + 1)
        if at < len(lines)
    }


def _without_own(text: str, names: Collection[str]) -> list[str]:
    """The lines without marks and entries for these packages, which are added again."""
    lines = text.splitlines()
    drop: set[int] = set()
    for number in _own(lines):
        if lines[number].strip() != MARK and any(_about(lines[number].strip(), name) for name in names):
            drop.update((number - 1, number))
    return [line for number, line in enumerate(lines) if number not in drop]
