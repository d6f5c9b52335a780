# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: the Engine's configuration file, and the note of a change of it that was interrupted."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from .._core.atomic_files import read_text

if TYPE_CHECKING:
    from .._core.facts import DaemonFile

DAEMON_JSON = "/etc/docker/daemon.json"
# Written before a change of daemon.json and removed once the daemon runs with it: if it exists, a change was interrupted.
PREVIOUS = "/etc/docker/.daemon.json.dockyard-previous"


def read_daemon_json(path: str = DAEMON_JSON) -> DaemonFile:
    """``{exists, options, error}``: ``error`` where the file is no JSON object, which stops the daemon."""
    text = read_text(path)
    if text is None:
        return {"exists": False, "options": {}, "error": None}
    try:
        options = json.loads(text)
    except ValueError as exc:
        return {"exists": True, "options": {}, "error": str(exc)}
    if not isinstance(options, dict):
        return {"exists": True, "options": {}, "error": "not a JSON object"}
    return {"exists": True, "options": options, "error": None}
