# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: kernel parameters, by the names and the order of files that systemd-sysctl has. Pure functions."""

from __future__ import annotations

import fnmatch
import re
from typing import TYPE_CHECKING, Any, Iterable, Iterator, Mapping

from .._core.plan import change

if TYPE_CHECKING:
    from .._core.facts import ConfigLine
    from .._core.plan import Plan

OWN_FILE = "/etc/sysctl.d/99-zz-dockyard-swarm.conf"


def path_of(name: str) -> str:
    """A parameter's path below /proc/sys.

    The first separator decides: after a dot, dots are slashes and slashes dots (``net.ipv4.conf.eth0/100.rp_filter``); after a
    slash, all stays as it is (sysctl.d(5)).
    """
    first = next((char for char in name if char in "./"), "")
    return name.translate(str.maketrans("./", "/.")) if first == "." else name


def normal(value: Any) -> str:
    """A value as the kernel shows it: words with one space between."""
    return " ".join(str(value).split())


def last_lines(files: Iterable[tuple[str, str]], names: Iterable[str]) -> dict[str, ConfigLine]:
    """The line that sets each of these parameters when the host boots.

    :param files: ``(path, text)`` in the order in which systemd-sysctl reads them. The last line counts; one that names the
        parameter goes before one with a pattern, which applies to what nothing names.
    """
    wanted = {path_of(name): name for name in names}
    named: dict[str, ConfigLine] = {}
    by_pattern: dict[str, ConfigLine] = {}
    for path, text in files:
        for number, key, value in _assignments(text):
            pattern = re.search(r"[*?\[]", key)
            if not pattern and key not in wanted:
                continue
            line: ConfigLine = {"path": path, "line": number, "name": key, "value": value}
            if not pattern:
                named[wanted[key]] = line
                continue
            for parameter in fnmatch.filter(wanted, key):
                by_pattern[wanted[parameter]] = line
    return {**by_pattern, **named}


def _assignments(text: str) -> Iterator[tuple[int, str, str]]:
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip()
        if not line or line[0] in "#;" or "=" not in line:
            continue
        name, _sep, value = line.partition("=")
        yield number, path_of(name.strip().lstrip("-").strip()), normal(value)


def check_lines(wanted: Mapping[str, Any], lines: Mapping[str, ConfigLine]) -> list[str]:
    """Parameters that the host's next boot sets to something else than what is wanted, whatever the collection's file says."""
    return [
        "%s, line %d sets kernel parameter %s to %s when the host boots, wanted is %s: remove the line, or set that value in "
        "swarm_host_sysctls" % (line["path"], line["line"], name, line["value"], normal(value))
        for name, value in sorted(wanted.items())
        for line in [lines.get(name)]
        if line and line["path"] != OWN_FILE and line["value"] != normal(value) and _after_ours(line["path"])
    ]


def _after_ours(path: str) -> bool:
    """Whether a file counts after the collection's own; one that comes before loses once that is written."""
    return path.rsplit("/", 1)[-1] > OWN_FILE.rsplit("/", 1)[-1] or not path.rsplit("/", 2)[-2].endswith("sysctl.d")


def value_plan(actual: Mapping[str, str | None], wanted: Mapping[str, Any]) -> Plan:
    """The parameters whose running value is another one than wanted."""
    return [
        change("set", "sysctl %s" % name, "differs", before=actual.get(name), after=str(value))
        for name, value in sorted(wanted.items())
        if actual.get(name) != normal(value)
    ]
