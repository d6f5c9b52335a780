# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: the environment that a unit gives its program, by the files that set it: which line sets what.

Pure, apart from :func:`read`. systemd itself tells values without their place, and a proxy's password with them.
"""

from __future__ import annotations

import glob
import os
import re
import shlex
from typing import TYPE_CHECKING, Any, Callable, Iterable, Iterator, Mapping, NamedTuple, Sequence

from .._core.atomic_files import read_text
from .daemon_options import flags_of

if TYPE_CHECKING:
    from .._core.facts import ConfigLine, Flag

VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
HTTPS = ("HTTPS_PROXY", "https_proxy")
EXCEPT = ("NO_PROXY", "no_proxy")
PROXIES = HTTPS + EXCEPT
OWN_DROP_INS = "/etc/systemd/system/docker.service.d/*.conf"


class Assignment(NamedTuple):
    """A variable's last assignment, and its place."""

    name: str
    value: str
    path: str
    line: int


def read(unit: Mapping[str, Any] | None) -> dict[str, Assignment]:
    """The variables of a unit, by name; see :func:`variables`."""
    if not unit:
        return {}
    drop_ins = list(unit["drop_ins"])
    if unit["needs_daemon_reload"]:
        # systemd has not read all of them yet, and will before the Engine is started again.
        drop_ins = sorted({*drop_ins, *glob.glob(OWN_DROP_INS)}, key=os.path.basename)
    paths = ([unit["path"]] if unit["path"] else []) + drop_ins
    return variables([(path, _text(path) or "") for path in paths], _files)


def _text(path: str) -> str | None:
    try:
        return read_text(path)
    except OSError:
        return None


def _files(pattern: str) -> list[tuple[str, str]]:
    found = ((path, _text(path)) for path in (sorted(glob.glob(pattern)) if "*" in pattern else [pattern]))
    return [(path, text) for path, text in found if text is not None]


def variables(
    units: Iterable[tuple[str, str]], files: Callable[[str], Iterable[tuple[str, str]]]
) -> dict[str, Assignment]:
    """The variables of a unit, by name.

    :param units: ``(path, text)`` of its file and its drop-ins, in the order in which systemd reads them.
    :param files: function that gives ``(path, text)`` of the files that a setting ``EnvironmentFile`` names; what they say goes
        before what the unit says (systemd.exec(5)).
    """
    own: dict[str, Assignment] = {}
    named: list[str] = []
    for path, text in units:
        for number, key, value in _settings(text):
            if key == "Environment":
                if not value:
                    own.clear()
                for word in _words(value.replace("%%", "%")):
                    name, sep, rest = word.partition("=")
                    if sep:
                        own[name] = Assignment(name, rest, path, number)
            if key == "EnvironmentFile":
                named = named + [value.lstrip("-")] if value else []
    for pattern in named:
        for path, text in files(pattern):
            own.update({item.name: item for item in _assignments(path, text)})
    return own


def _settings(text: str) -> Iterator[tuple[int, str, str]]:
    """The settings of section Service: ``(line, key, value)``."""
    section = ""
    for number, line in _joined(text):
        line = line.strip()
        if line.startswith("["):
            section = line
        elif section == "[Service]" and line and line[0] not in "#;":
            key, sep, value = line.partition("=")
            if sep:
                yield number, key.strip(), value.strip()


def _assignments(path: str, text: str) -> Iterator[Assignment]:
    for number, line in _joined(text):
        line = line.strip()
        name, sep, value = line.partition("=")
        if sep and line[0] not in "#;" and re.match(r"\w+$", name.strip()):
            yield Assignment(name.strip(), _unquoted(value.strip()), path, number)


def _joined(text: str) -> Iterator[tuple[int, str]]:
    """Lines, each with the number of its first one where a backslash at the end joins it with the next."""
    begun, first = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        first = first if begun else number
        if line.endswith("\\") and not line.lstrip().startswith(("#", ";")):
            begun += line[:-1] + " "
            continue
        yield first, begun + line
        begun = ""
    if begun:
        yield first, begun


def _unquoted(value: str) -> str:
    if value[:1] in ("'", '"'):
        return " ".join(_words(value))
    return value


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:  # a quotation mark without another
        return text.split()


def expanded(argv: Sequence[str], found: Mapping[str, Assignment]) -> list[str]:
    """A command line as systemd starts it: a variable that is a word of its own becomes as many words as its value has."""
    words: list[str] = []
    for word in argv:
        match = VARIABLE.fullmatch(word)
        if match and match.group(2):
            words += _words(found[match.group(2)].value) if match.group(2) in found else []
        else:
            words.append(VARIABLE.sub(lambda each: _value(each, found), word))
    return words


def _value(match: re.Match[str], found: Mapping[str, Assignment]) -> str:
    name = match.group(1) or match.group(2)
    return found[name].value if name in found else ""


def flags(argv: Sequence[str], found: Mapping[str, Assignment]) -> list[Flag]:
    """The flags that a command line gets from variables, each with its place."""
    result: list[Flag] = []
    for word in argv:
        for match in VARIABLE.finditer(word):
            item = found.get(match.group(1) or match.group(2))
            if item is None:
                continue
            for option, flag in flags_of(["", *_words(item.value)]).items():
                result.append(
                    {"option": option, "flag": flag, "variable": item.name, "path": item.path, "line": item.line}
                )
    return result


def proxies(found: Mapping[str, Assignment]) -> list[ConfigLine]:
    """The variables of proxies, without the proxy itself, since a password may be in it: where one is, it is ``set``."""
    return [
        {
            "path": item.path,
            "line": item.line,
            "name": name,
            "value": shown(name, item.value),
        }
        for name, item in found.items()
        if name in PROXIES
    ]


def shown(name: str, value: Any) -> str:
    """A variable's value as it may be shown: a proxy may have a password."""
    if name.lower().replace("_", "-") == "no-proxy":
        return str(value or "")
    return "set" if value else ""
