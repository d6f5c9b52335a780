# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: apt's sources as text, in both of its formats. Pure. See :mod:`repositories`.

apt fails altogether where two entries name the same repository with different keys ("Conflicting values set for option
Signed-By"), so that an existing entry has to be commented out, and not only a new one added. Formats: sources.list(5).
"""

from __future__ import annotations

import re
from typing import Any, Iterable, Mapping, Sequence

from .repositories import TAKEN_OVER

PATTERNS: tuple[str, ...] = (
    "/etc/apt/sources.list",
    "/etc/apt/sources.list.d/*.list",
    "/etc/apt/sources.list.d/*.sources",
)
WHY = "it names the same repository, and apt may refuse to work"
ONE_LINE = re.compile(r"^\s*(deb|deb-src)\s+(?:\[[^\]]*\]\s+)?(\S+)\s", re.ASCII)


def source_text(repository: Mapping[str, Any]) -> str:
    """The entry of a repository, in the deb822 format."""
    return "".join(
        "%s\n" % line
        for line in (
            "# Written by dockyard.swarm.",
            "Types: deb",
            "URIs: %s" % repository["uri"],
            "Suites: %s" % repository["suite"],
            "Components: %s" % " ".join(repository["components"]),
            "Architectures: %s" % repository["architecture"],
            "Signed-By: %s" % paths(repository["name"])[1],
        )
    )


def paths(name: str) -> tuple[str, str]:
    """The paths of a repository's entry and key."""
    return "/etc/apt/sources.list.d/%s.sources" % name, "/etc/apt/keyrings/%s.asc" % name


def fetch_commands(repository: Mapping[str, Any]) -> list[list[str]]:
    """Commands that fetch the lists of a repository, and then have apt accept all of its sources together."""
    entry = paths(repository["name"])[0]
    return [
        [
            "apt-get", "-q", "update", "-o", "Dir::Etc::sourcelist=" + entry, "-o", "Dir::Etc::sourceparts=-",
            "-o", "APT::Get::List-Cleanup=0", "-o", "APT::Update::Error-Mode=any",
        ],
        ["apt-get", "-q", "indextargets"],
    ]  # fmt: skip


def complaints(said: str) -> str:
    """The errors and warnings of apt, as it prints them."""
    lines = [line.strip() for line in said.splitlines()]
    found = [line for line in lines if line.startswith(("E:", "W:", "Err:"))]
    return "; ".join(found[:4] or lines[-3:])


def take_over(path: str, text: str, uris: Iterable[str]) -> str:
    """The file's text with the entries for a repository commented out; nothing is removed."""
    wanted = [_same(uri) for uri in uris]
    if path.endswith(".sources"):
        return _take_over_stanzas(text, wanted)
    return "".join(TAKEN_OVER + line if _uri_of(line) in wanted else line for line in text.splitlines(keepends=True))


def _uri_of(line: str) -> str | None:
    found = ONE_LINE.match(line)
    return _same(found.group(2)) if found else None


def _take_over_stanzas(text: str, wanted: Sequence[str]) -> str:
    parts = re.split(r"(\n[ \t]*\n+)", text)
    return "".join(_commented_out(part, wanted) for part in parts)


def _commented_out(stanza: str, wanted: Sequence[str]) -> str:
    fields = _fields(stanza)
    uris = fields.get("uris", "").split()
    mine = [uri for uri in uris if _same(uri) in wanted]
    if not mine or fields.get("enabled", "yes").lower() in ("no", "false", "0", "off", "without", "disable"):
        return stanza
    # Other addresses of the stanza stay in force.
    name, line = "enabled", "Enabled: no"
    if len(mine) < len(uris):
        name, line = "uris", "URIs: %s" % " ".join(uri for uri in uris if uri not in mine)
    kept = _without_field(stanza, name).rstrip("\n")
    # Comments stand before fields, so that a folded one is not torn apart.
    return "%s%s\n%s\n%s%s" % (TAKEN_OVER, " ".join(mine), kept, line, "\n" if stanza.endswith("\n") else "")


def _without_field(stanza: str, name: str) -> str:
    """A stanza without one of its fields, and the lines that it is folded into."""
    kept, inside = [], False
    for line in stanza.splitlines(keepends=True):
        if not line.startswith("#"):
            inside = line.lower().startswith(name + ":") or (inside and line[:1] in (" ", "\t"))
        if line.startswith("#") or not inside:
            kept.append(line)
    return "".join(kept)


def _fields(stanza: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    last = None
    for line in stanza.splitlines():
        if line.startswith("#"):
            continue
        if line[:1] in (" ", "\t") and last:
            fields[last] += " " + line.strip()
            continue
        name, sep, value = line.partition(":")
        if sep:
            last = name.strip().lower()
            fields[last] = value.strip()
    return fields


def _same(uri: str) -> str:
    """A repository's address in the form in which equal ones are equal."""
    return re.sub(r"^[a-z+]+://", "", uri.lower()).rstrip("/")
