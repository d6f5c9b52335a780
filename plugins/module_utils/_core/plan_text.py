# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: a change of a plan as text to be read, without secrets. Pure functions."""

from __future__ import annotations

import re
from typing import Any, Mapping

HIDDEN = "(hidden)"
# Names whose values are secrets, but for those that name a file or an object with one.
_SECRET = re.compile(
    r"passw|passphrase|secret|token|credential|private|registry-auth|api_?key|access_?key", re.IGNORECASE
)
_NO_SECRET = re.compile(r"^(secrets|secret_?name|secret_?id)$|file$|path$", re.IGNORECASE)
# scheme://user:password@host
_URL_PASSWORD = re.compile(r"(://[^/\s:@]*):[^/\s@]+@")
# Reasons that say less than the two values do, and reasons that need both values beside them.
_DIFFERS = re.compile(r"^(it )?differs\b")
_PART_DIFFERS = re.compile(r"^its (mode or owner|labels|names) differs?$")
# From this length on, two values are reduced to what differs; a longer value is cut.
_LONG, _TOO_LONG = 120, 300


def as_line(item: Mapping[str, Any]) -> str:
    """One change as a line; where something differs, with both values."""
    why = item["why"]
    if _DIFFERS.search(why):
        why = _DIFFERS.sub(lambda _found: _both(item), why)
    elif _PART_DIFFERS.search(why):
        why = "%s: %s" % (why, _both(item))
    return "%s %s: %s" % (item["do"], item["to"], why)


def hide(value: Any, name: str = "") -> Any:
    """A value without secrets, as far as names show them: of keys, of ``NAME=value`` texts; and passwords in URLs."""
    if value not in (None, "", [], {}) and _SECRET.search(name) and not _NO_SECRET.search(name):
        return HIDDEN
    if isinstance(value, dict):
        return {key: hide(item, str(key)) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [hide(item) for item in value]
    if not isinstance(value, str):
        return value
    head, sep, tail = value.partition("=")
    if sep and hide(tail, head) == HIDDEN:
        return head + sep + HIDDEN
    return _URL_PASSWORD.sub(r"\1:%s@" % HIDDEN, value)


def distinct(before: str, after: str) -> tuple[str, str]:
    """Two texts of values that differ; where only what is hidden differs, the second one says so."""
    return (before, after.replace(HIDDEN, "(hidden, another)") if before == after else after)


def _both(item: Mapping[str, Any]) -> str:
    """``before → after``."""
    sides = [_parts(hide(item.get(key))) for key in ("before", "after")]
    common = [part for part in sides[0] if part in sides[1]]
    long = sum(len(part) for side in sides for part in side) > _LONG
    if long and any(part not in common for side in sides for part in side):
        sides = [[part for part in side if part not in common] + (["…"] if common else []) for side in sides]
    texts = distinct(*[", ".join(side) or "none" for side in sides])
    return " → ".join(text if len(text) <= _TOO_LONG else text[:_TOO_LONG] + "…" for text in texts)


def _parts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return ["%s: %s" % (key, _text(value[key])) for key in sorted(value)]
    if isinstance(value, (list, tuple)):
        return [_text(part) for part in value]
    return [] if value is None else [_text(value)]


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return "{%s}" % ", ".join(_parts(value))
    if isinstance(value, (list, tuple)):
        return "[%s]" % ", ".join(_parts(value))
    if value is None or isinstance(value, bool):
        return {None: "none", True: "true", False: "false"}[value]
    return str(value) or "none"
