# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: lines of journald's drop-ins that count after the collection's, read and checked."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from .._core.atomic_files import read_text

if TYPE_CHECKING:
    from typing import Iterable

    from .._core.facts import ConfigLine

OWN_FILE = "/etc/systemd/journald.conf.d/dockyard.conf"
FOLDERS = (
    "etc/systemd/journald.conf.d", "run/systemd/journald.conf.d", "usr/local/lib/systemd/journald.conf.d",
    "usr/lib/systemd/journald.conf.d",
)  # fmt: skip
# What the collection's drop-in sets; the rate is not limited where one of the two is 0.
KEYS = ("Storage", "SystemMaxUse", "RateLimitIntervalSec", "RateLimitBurst")


def read_lines(root: str = "/") -> list[ConfigLine]:
    """Lines with one of these keys in drop-ins that journald reads after the collection's; the last one of a key counts."""
    paths: dict[str, str] = {}
    for folder in reversed(FOLDERS):
        try:
            names = os.listdir(os.path.join(root, folder))
        except OSError:
            continue
        paths.update({name: "%s/%s" % (folder, name) for name in names if name.endswith(".conf")})
    found: dict[str, ConfigLine] = {}
    for name in sorted(paths):
        if name > os.path.basename(OWN_FILE):
            text = _text(os.path.join(root, paths[name]))
            for number, line in enumerate(text.splitlines(), 1):
                key, sep, value = line.strip().partition("=")
                if sep and key.strip() in KEYS:
                    found[key.strip()] = {
                        "path": "/" + paths[name], "line": number, "name": key.strip(), "value": value.strip(),
                    }  # fmt: skip
    return list(found.values())


def _text(path: str) -> str:
    try:
        return read_text(path) or ""
    except OSError:
        return ""


def check_lines(lines: Iterable[ConfigLine], max_use: Any) -> list[str]:
    """What is wrong with such lines: they would have journald lose lines, or keep more or fewer than wanted.

    :param max_use: value of option swarm_logging_node_max_use.
    """
    wanted = {"Storage": "persistent", "SystemMaxUse": str(max_use)}
    found = {item["name"]: item for item in lines}
    if not {"RateLimitIntervalSec", "RateLimitBurst"} <= set(found):
        wanted.update(RateLimitIntervalSec="", RateLimitBurst="")
    else:
        wanted.update(RateLimitIntervalSec="0", RateLimitBurst="0")
        if "0" in (found["RateLimitIntervalSec"]["value"], found["RateLimitBurst"]["value"]):
            wanted.update(RateLimitIntervalSec="", RateLimitBurst="")
    return [
        "%s, line %d sets %s of journald to %s, after %s of %s: remove the line%s"
        % (
            item["path"], item["line"], name, item["value"] or "its default", wanted[name], OWN_FILE,
            ", or set swarm_logging_node_max_use to that" if name == "SystemMaxUse" else "",
        )
        for name, item in sorted(found.items())
        if wanted[name] and item["value"] != wanted[name]
    ]  # fmt: skip
