# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: the text of daemon.json, read as dockerd reads it. Pure: no I/O.

Tried with dockerd 20.10 and 26.1: from 23.0 on, a byte order mark (also of UTF-16) and a file of white space are accepted, and
what follows the object, or is no UTF-8, is not; before, it was the other way round. All of them refuse comments, commas before a
closing bracket, and line breaks in a text; Windows line ends and a name that is there twice are accepted.
"""

from __future__ import annotations

import codecs
import json
from typing import Any, Sequence, TypedDict

# The Engine with which reading changed.
CHANGED = "23.0"
MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
# dockerd takes these away at both ends, and JSON knows the first four only.
BLANK = " \t\n\r\v\f\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))


class Parsed(TypedDict):
    options: dict[str, Any]
    error: str | None  # what no Engine accepts, with line and column
    since: str | None  # what only Engines since CHANGED accept
    until: str | None  # what only Engines before CHANGED accept


def parse(data: bytes) -> Parsed:
    """The options of a daemon.json, and what Engines do not accept of it."""
    encoding, since = "utf-8", None
    for mark, name in MARKS:
        if data.startswith(mark):
            data, encoding, since = data[len(mark) :], name, "a byte order mark at its start"
            break
    found = Parsed(options={}, error=None, since=since, until=None)
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as exc:
        place = _place(data[: exc.start].decode(encoding, "replace"), exc.start)
        text, found["until"] = data.decode(encoding, "replace"), "%s: bytes that are not UTF-8" % place
    start = len(text) - len(text.lstrip(BLANK))
    if start == len(text):
        found["since"] = found["since"] or "nothing but white space"
        return found
    if text[:start].strip(" \t\n\r"):
        found["since"] = found["since"] or "a space at its start that is none of JSON"
    decoder = json.JSONDecoder(object_pairs_hook=_Object, parse_constant=_refuse)
    try:
        value, end = decoder.raw_decode(text, start)
    except _ConstantError as exc:
        found["error"] = "%s is no number of JSON" % exc
        return found
    except json.JSONDecodeError as exc:
        found["error"] = _explain(text, exc)
        return found
    rest = text[end:].lstrip(BLANK)
    if rest:
        found["until"] = found["until"] or "%s: something after the closing bracket" % _place(
            text, len(text) - len(rest)
        )
    if value is not None and not isinstance(value, _Object):
        found["error"] = "line 1: it is no object: it has to begin with {"
        return found
    found["options"] = _merged(value or _Object(()), deep=("builder",))
    return found


class _ConstantError(ValueError):
    pass


def _refuse(name: str) -> Any:
    raise _ConstantError(name)


class _Object:
    """An object as it is written: names may be there twice."""

    def __init__(self, pairs: Sequence[tuple[str, Any]]) -> None:
        self.pairs = pairs


def _merged(value: _Object, deep: Sequence[str] = ()) -> dict[str, Any]:
    """The options: of a name that is there twice the last value counts, and objects come together, as in Go's reader."""
    result: dict[str, Any] = {}
    for name, item in value.pairs:
        have = result.get(name)
        if isinstance(item, _Object) and isinstance(have, _Object):
            item = _Object([*have.pairs, *item.pairs])
        result[name] = item
    return {name: _plain(item, name in deep) for name, item in result.items()}


def _plain(item: Any, deep: bool) -> Any:
    if isinstance(item, _Object):
        if deep:
            names = [name for name, _value in item.pairs]
            return _merged(item, deep=names)
        return {name: _plain(value, False) for name, value in item.pairs}
    if isinstance(item, list):
        return [_plain(value, False) for value in item]
    return item


def _explain(text: str, exc: json.JSONDecodeError) -> str:
    """The error in words, at the place that has to be corrected."""
    pos = min(exc.pos, len(text))
    before = text[:pos].rstrip()
    here = text[pos : pos + 1]
    after = text[pos + 1 :].lstrip()[:1]
    if here == "," and after and after in "}]":
        return "%s: a comma before %s" % (_place(text, pos), after)
    if here and here in "}]" and before.endswith(","):
        return "%s: a comma before %s" % (_place(text, len(before) - 1), here)
    if text[pos : pos + 2] in ("//", "/*") or here == "#":
        return "%s: a comment, which JSON does not have" % _place(text, pos)
    if not here:
        return "%s: the text ends too early" % _place(text, pos)
    return "%s: %s" % (_place(text, pos), exc.msg[:1].lower() + exc.msg[1:])


def _place(text: str, pos: int) -> str:
    return "line %d, column %d" % (text.count("\n", 0, pos) + 1, pos - text.rfind("\n", 0, pos))
