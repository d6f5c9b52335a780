# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: the names of backups on the controller, and which of them go. Pure functions."""

from __future__ import annotations

from typing import Iterable

ENDING = ".backup"


def file_name(cluster_id: str, created: str) -> str:
    """``CLUSTER-TIME.backup``; the names of one swarm sort by their time.

    :param created: UTC, ``2026-03-01T12:30:00Z``.
    """
    return "%s-%s%s" % (cluster_id[:12], created.replace("-", "").replace(":", ""), ENDING)


def of_cluster(names: Iterable[str], cluster_id: str) -> list[str]:
    """The backups of one swarm, newest first; its ID is that of none where it is None, of any where it is empty."""
    start = cluster_id[:12] + "-" if cluster_id else ""
    return sorted((name for name in names if name.startswith(start) and name.endswith(ENDING)), key=_time, reverse=True)


def outdated(names: Iterable[str], new: str, cluster_id: str, keep: int) -> list[str]:
    """The backups that go, once the new one is there: all of its swarm but the newest ``keep``, of which it is one."""
    others = [name for name in of_cluster(names, cluster_id) if name != new]
    return others[max(keep, 1) - 1 :]


def _time(name: str) -> str:
    return name[: -len(ENDING)].rsplit("-", 1)[-1]
