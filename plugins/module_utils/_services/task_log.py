# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: the last words of a task that failed, from the text of its log. Pure functions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Iterable

from .._core.plan_text import hide

if TYPE_CHECKING:
    from .._core.facts import ApiObject

# Stream and length, eight bytes before each line of the answer.
_FRAME = re.compile(r"[\x00-\x02]\x00\x00\x00[\s\S]{4}")
_NOISE = re.compile(r"\x1b\[[0-9;]*m|[\x00-\x08\x0b-\x1f\x7f]")
_ERROR = re.compile(r"error|fatal|panic|cannot|invalid|denied|refused|fail|unknown|must", re.IGNORECASE)
_MOST, _LONGEST = 3, 300


def last_failed(tasks: Iterable[ApiObject], since: str = "") -> str | None:
    """The ID of the task that failed last, of those whose container ran; None without one."""
    failed = [
        task
        for task in tasks
        if task["Status"].get("State") == "failed"
        and (task["Status"].get("ContainerStatus") or {}).get("ContainerID")
        and (task["Status"].get("Timestamp") or "") >= since
    ]
    newest = max(failed, key=lambda task: task["Status"].get("Timestamp") or "", default=None)
    return newest["ID"] if newest else None


def last_lines(text: str) -> list[str]:
    """The lines that tell why: the last ones about an error, or else the last ones."""
    lines = [_NOISE.sub("", line).strip() for line in _FRAME.sub("\n", text).splitlines()]
    lines = [line for line in lines if line]
    telling = [line for line in lines if _ERROR.search(line)] or lines
    return [hide(line[:_LONGEST]) for line in list(dict.fromkeys(telling))[-_MOST:]]
