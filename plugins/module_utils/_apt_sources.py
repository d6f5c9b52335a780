# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: apt's sources as text, in both of its formats. Pure.

apt stops altogether where two entries name the same repository with different keys ("Conflicting values set for option
Signed-By"), so that an entry that is there already has to be taken over, not merely added to. Formats: sources.list(5).
"""

from __future__ import annotations

import re

from ansible_collections.dockyard.swarm.plugins.module_utils import _openpgp
from ansible_collections.dockyard.swarm.plugins.module_utils._plan import change

TAKEN_OVER = "# taken over by dockyard.swarm: "
ONE_LINE = re.compile(r"^\s*(deb|deb-src)\s+(?:\[[^\]]*\]\s+)?(\S+)\s", re.ASCII)


def source_text(uri, suite, components, architecture, key):
    """The entry of a repository, in the deb822 format."""
    return "".join(
        "%s\n" % line
        for line in (
            "# Written by dockyard.swarm.",
            "Types: deb",
            "URIs: %s" % uri,
            "Suites: %s" % suite,
            "Components: %s" % " ".join(components),
            "Architectures: %s" % architecture,
            "Signed-By: %s" % key,
        )
    )


def make_plan(state, entry, text, keyring, uri, fingerprint):
    """The changes that a repository needs; each but ``fetch`` has the file's new ``text``.

    :param state: ``{sources: {path: text}, key}``; ``key`` is the text of the keyring, or None.
    :param entry: the path of the repository's own file, and ``text`` what it is to hold.
    """
    plan = []
    wanted = _openpgp.normal(fingerprint)
    have = _fingerprint(state["key"])
    if have != wanted:
        why = "missing" if state["key"] is None else "it is another key"
        plan.append(change("fetch", keyring, why, before=have, after=wanted))
    for path, actual in sorted(state["sources"].items()):
        if path != entry and names(path, actual, uri):
            why = "it names %s too, and apt may refuse to work" % uri
            plan.append(
                change("take over", path, why, before="in force", after="comment", text=take_over(path, actual, uri))
            )
    actual = state["sources"].get(entry)
    if actual != text:
        plan.append(
            change("write", entry, "missing" if actual is None else "its content differs", after=uri, text=text)
        )
    return plan


def complaints(said):
    """What apt complained about, in its own words."""
    lines = [line.strip() for line in said.splitlines()]
    found = [line for line in lines if line.startswith(("E:", "W:", "Err:"))]
    return "; ".join(found[:4] or lines[-3:])


def _fingerprint(key):
    if key is None:
        return None
    try:
        return ", ".join(_openpgp.fingerprints(key.encode("utf-8", "surrogateescape")))
    except ValueError:
        return "none"


def names(path, text, uri):
    """Whether a file of sources has an entry in force for a repository."""
    return take_over(path, text, uri) != text


def take_over(path, text, uri):
    """The file's text with the entries for a repository put out of force; nothing of it is removed."""
    wanted = _same(uri)
    if path.endswith(".sources"):
        return _take_over_stanzas(text, wanted)
    return "".join(TAKEN_OVER + line if _uri_of(line) == wanted else line for line in text.splitlines(keepends=True))


def _uri_of(line):
    found = ONE_LINE.match(line)
    return _same(found.group(2)) if found else None


def _take_over_stanzas(text, wanted):
    parts = re.split(r"(\n[ \t]*\n+)", text)
    return "".join(_out_of_force(part, wanted) for part in parts)


def _out_of_force(stanza, wanted):
    fields = _fields(stanza)
    if wanted not in [_same(uri) for uri in fields.get("uris", "").split()]:
        return stanza
    if fields.get("enabled", "yes").lower() in ("no", "false", "0", "off", "without", "disable"):
        return stanza
    kept = "".join(line for line in stanza.splitlines(keepends=True) if not line.lower().startswith("enabled:"))
    # A field may not come before the comments that a stanza begins with, and a folded one must not be torn apart.
    return "%s%s\nEnabled: no%s" % (
        TAKEN_OVER.rstrip(": ") + "\n",
        kept.rstrip("\n"),
        "\n" if stanza.endswith("\n") else "",
    )


def _fields(stanza):
    fields, last = {}, None
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


def _same(uri):
    """A repository's address without what does not make it another one."""
    return re.sub(r"^[a-z+]+://", "", uri.lower()).rstrip("/")
