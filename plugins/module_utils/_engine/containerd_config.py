# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: the root that containerd's config.toml sets. Pure functions."""

from __future__ import annotations

import re

# The root of containerd, in its config.toml: a key of the part above all tables.
_TABLE = re.compile(r"^[ \t]*\[\[?[^\[\],\n]+\]\]?[ \t]*(#.*)?$", re.MULTILINE)
_ROOT = re.compile(r"^[ \t]*root[ \t]*=[ \t]*([\"'])(.*?)\1[^\n]*\n?", re.MULTILINE)
_IMPORTS = re.compile(r"^[ \t]*imports[ \t]*=[ \t]*\[(.*?)\]", re.MULTILINE | re.DOTALL)
MADE = "# Written by dockyard.swarm.\nversion = 2\n"


def _top(text: str) -> str:
    found = _TABLE.search(text)
    return text[: found.start()] if found else text


def root_of(text: str | None) -> str | None:
    """The root that a config.toml of containerd sets, or None."""
    found = _ROOT.search(_top(text or ""))
    return found.group(2) if found else None


def imports_of(text: str | None) -> list[str]:
    """The files, or patterns of files, that a config.toml imports."""
    found = _IMPORTS.search(_top(text or ""))
    return re.findall(r"[\"'](.*?)[\"']", found.group(1)) if found else []


def with_root(text: str | None, root: str | None) -> str | None:
    """The config.toml with this root, or without one if it is None.

    None stands for no file. A file that only the collection wrote goes with its root.
    """
    line = 'root = "%s"\n' % root if root is not None else ""
    top = _top(text or "")
    found = _ROOT.search(top)
    if found:
        new: str | None = top[: found.start()] + line + top[found.end() :] + (text or "")[len(top) :]
    elif text is None:
        new = MADE + line if line else None
    else:
        new = line + text
    return None if new == MADE and not line else new
