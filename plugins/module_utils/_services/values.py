# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: values of options, checked and converted. Pure functions.

A converter takes a value and the name of its option, and raises a PlanError with that name.
"""

from __future__ import annotations

import copy
import re
from typing import TYPE_CHECKING, Any, Callable, Mapping

from .._core.plan import PlanError

if TYPE_CHECKING:
    Converter = Callable[[Any, str], Any]
    Fields = Mapping[str, tuple[Converter, Any]]  # the option's converter and its default

SECOND = 10**9
REQUIRED = object()


def text(value: Any, where: str) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise PlanError("%s must be text; put the value in quotes" % where)
    return str(value)


def boolean(value: Any, where: str) -> bool:
    if isinstance(value, str) and value.lower() in ("true", "yes", "false", "no"):
        return value.lower() in ("true", "yes")
    if not isinstance(value, bool):
        raise PlanError("%s must be true or false" % where)
    return value


def integer(lowest: int, highest: int | None = None) -> Converter:
    def convert(value: Any, where: str) -> int:
        try:
            number = int(value) if not isinstance(value, (bool, float)) else None
        except (TypeError, ValueError):
            number = None
        if number is None or number < lowest or (highest is not None and number > highest):
            limits = "from %d to %d" % (lowest, highest) if highest is not None else "of at least %d" % lowest
            raise PlanError("%s must be a whole number %s, not %r" % (where, limits, value))
        return number

    return convert


def number(value: Any, where: str) -> float:
    try:
        result = float(value) if not isinstance(value, bool) else -1.0
    except (TypeError, ValueError):
        result = -1.0
    if not 0 <= result < 1e9:
        raise PlanError("%s must be a number of at least 0, not %r" % (where, value))
    return result


def seconds(value: Any, where: str) -> int:
    """Seconds, as a number; returned as the Engine's nanoseconds."""
    return round(number(value, where) * SECOND)


def size(value: Any, where: str) -> int:
    """Bytes, as a number or with one of the suffixes K, M, G and T (powers of 1024)."""
    match = re.match(r"^\s*(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?\s*$", str(value), re.IGNORECASE)
    if isinstance(value, bool) or not match:
        raise PlanError("%s must be a number of bytes or a size such as 256M, not %r" % (where, value))
    return int(float(match.group(1)) * 1024 ** " KMGT".index(match.group(2).upper() or " "))


def file_mode(value: Any, where: str) -> int:
    """A file mode, as octal text (``"0400"``) or as a number."""
    try:
        mode = int(value, 8) if isinstance(value, str) else int(value)
    except (TypeError, ValueError):
        mode = -1
    if isinstance(value, bool) or not 0 <= mode <= 0o7777:
        raise PlanError('%s must be an octal mode in quotes, for example "0400"' % where)
    return mode


def choice(*known: str) -> Converter:
    def convert(value: Any, where: str) -> str:
        if value not in known:
            raise PlanError("%s is %r; it can be %s" % (where, value, ", ".join(known)))
        return str(value)

    return convert


def several(convert_one: Converter) -> Callable[[Any, str], list[Any]]:
    def convert(value: Any, where: str) -> list[Any]:
        if not isinstance(value, (list, tuple)):
            raise PlanError("%s must be a list" % where)
        return [convert_one(item, "%s[%d]" % (where, index)) for index, item in enumerate(value)]

    return convert


def mapping(value: Any, where: str) -> dict[str, str]:
    if not isinstance(value, dict):
        raise PlanError("%s must be a dictionary" % where)
    return {text(key, where): text(item, "%s.%s" % (where, key)) for key, item in value.items()}


def record(fields: Fields) -> Callable[[Any, str], dict[str, Any]]:
    """A dictionary with known keys, ``key -> (converter, default)``; one that is absent or null gets its default."""

    def convert(value: Any, where: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise PlanError("%s must be a dictionary" % where)
        unknown = sorted(str(key) for key in value if key not in fields)
        if unknown:
            raise PlanError("%s has no option %s; it has %s" % (where, ", ".join(unknown), ", ".join(sorted(fields))))
        result = {}
        for key, (one, default) in fields.items():
            given = value.get(key)
            if given is not None:
                result[key] = one(given, "%s.%s" % (where, key))
            elif default is REQUIRED:
                raise PlanError("%s.%s is missing" % (where, key))
            else:
                result[key] = copy.deepcopy(default)
        return result

    return convert
