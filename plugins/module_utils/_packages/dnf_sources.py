# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: dnf's repositories as text. Pure. See :mod:`repositories`.

A repository's address is what comes before the release, the architecture and
the component, ``https://download.docker.com/linux/centos`` of ``…/linux/centos/9/x86_64/stable``. Format: dnf.conf(5).
"""

from __future__ import annotations

import re
from typing import Any, Iterable, Mapping, Sequence

from .repositories import TAKEN_OVER

PATTERNS: tuple[str, ...] = ("/etc/yum.repos.d/*.repo",)
WHY = "it names the same repository, and dnf would use both"
SECTION = re.compile(r"\[([^\]]+)\]")
OFF = ("0", "no", "false", "off")


def source_text(repository: Mapping[str, Any]) -> str:
    """The entries of a repository, one for each component."""
    lines = ["# Written by dockyard.swarm."]
    for component in repository["components"]:
        lines += [
            "[%s-%s]" % (repository["name"], component),
            "name=%s %s" % (repository["name"], component),
            "baseurl=%s/%s/%s/%s"
            % (repository["uri"].rstrip("/"), repository["suite"], repository["architecture"], component),
            "enabled=1",
            "gpgcheck=1",
            "gpgkey=file://%s" % paths(repository["name"])[1],
            # A host that went on without it would silently get packages from elsewhere.
            "skip_if_unavailable=0",
        ]
    return "".join("%s\n" % line for line in lines)


def paths(name: str) -> tuple[str, str]:
    """The paths of a repository's entries and key."""
    return "/etc/yum.repos.d/%s.repo" % name, "/etc/pki/rpm-gpg/RPM-GPG-KEY-%s" % name


def take_over(_path: str, text: str, uris: Iterable[str]) -> str:
    """The file's text with the sections for a repository as comments; nothing of it is removed."""
    wanted = [_segments(uri) for uri in uris]
    return "".join(_commented_out(section, wanted) for section in _sections(text))


def fetch_commands(repository: Mapping[str, Any]) -> list[list[str]]:
    """Commands that fetch the metadata of a repository, and then have dnf accept all of its repositories together."""
    enabled = ["--enablerepo=%s-%s" % (repository["name"], component) for component in repository["components"]]
    return [
        ["dnf", "-q", "-y", "--disablerepo=*"] + enabled + ["makecache", "--refresh"],
        ["dnf", "-q", "repolist"],
    ]


def complaints(said: str) -> str:
    """The errors of dnf, as it prints them."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    found = [line for line in lines if line.startswith(("Error", "- ")) and line != "Error:"]
    return "; ".join(found[:4] or lines[-3:])


def _sections(text: str) -> list[str]:
    """The text in parts, each but the first beginning with a section's name."""
    parts = [""]
    for line in text.splitlines(keepends=True):
        if SECTION.match(line):
            parts.append("")
        parts[-1] += line
    return parts


def _commented_out(section: str, wanted: Sequence[Sequence[str]]) -> str:
    if not SECTION.match(section):
        return section
    fields = _fields(section)
    if fields.get("enabled", "1").lower() in OFF:
        return section
    if not any(_below(_segments(uri), prefix) for uri in fields.get("baseurl", "").split() for prefix in wanted):
        return section
    return "".join(TAKEN_OVER + line if line.strip() else line for line in section.splitlines(keepends=True))


def _fields(section: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    last = None
    for line in section.splitlines()[1:]:
        if line.startswith(("#", ";")):
            continue
        if line[:1] in (" ", "\t") and last:
            fields[last] += " " + line.strip()
            continue
        name, sep, value = line.partition("=")
        if sep:
            last = name.strip().lower()
            fields[last] = value.strip().replace(",", " ")
    return fields


def _segments(uri: str) -> list[str]:
    """A repository's address in the form in which equal ones are equal, in parts."""
    return re.sub(r"^[a-z+]+://", "", uri.lower()).strip("/").split("/")


def _below(segments: Sequence[str], prefix: Sequence[str]) -> bool:
    """Whether an address is that of a repository, or below it. A variable of dnf may stand for anything."""
    return len(segments) >= len(prefix) and all(mine == other or "$" in mine for mine, other in zip(segments, prefix))
