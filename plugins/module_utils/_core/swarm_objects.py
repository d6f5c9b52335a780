# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: what objects of a swarm have in common."""

from __future__ import annotations

# The label of what the collection made.
MANAGED = "dockyard.swarm.managed"
# The states of tasks that have ended.
OVER = ("complete", "shutdown", "failed", "rejected", "remove", "orphaned")
