# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: the Engine's configuration file, and the note of a change of it that was interrupted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .daemon_text import parse

if TYPE_CHECKING:
    from .._core.facts import DaemonFile

DAEMON_JSON = "/etc/docker/daemon.json"
# Written before a change of daemon.json and removed once the daemon runs with it: if it exists, a change was interrupted.
PREVIOUS = "/etc/docker/.daemon.json.dockyard-previous"


def read_daemon_json(path: str = DAEMON_JSON) -> DaemonFile:
    """``{exists, options, error, since, until}``, see :class:`daemon_text.Parsed`."""
    try:
        with open(path, "rb") as handle:
            found = parse(handle.read())
    except FileNotFoundError:
        return {"exists": False, "options": {}, "error": None, "since": None, "until": None}
    return {"exists": True, **found}
