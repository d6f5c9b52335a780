# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: what one node has to do to be in its swarm, or to leave it. Pure functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Mapping

from .._core.plan import change
from .membership import is_recorded, record_step

if TYPE_CHECKING:
    from .._core.facts import SwarmFacts
    from .._core.plan import Plan


def join_plan(state: SwarmFacts, wanted: Mapping[str, Any]) -> Plan:
    """What this node has to do: at most one change.

    :param state: the ``swarm`` part of node_facts.
    :param wanted: ``{state, role, advertise_addr, cluster_id, initialise}``.
    """
    local = state["state"]
    if wanted["state"] == "absent":
        if local == "inactive":
            return []
        return [change("leave", "swarm", "not wanted in it", before=state["node_id"])]
    if local == "active":
        return [] if is_recorded(state, wanted.get("cluster_id")) else record_step(state["node_id"] or "", state)
    if local != "inactive":
        return [change("rejoin", "swarm", "its state is %s (%s)" % (local, state["error"]), after=wanted["role"])]
    if wanted["initialise"]:
        return [change("initialise", "swarm", "not in one", after=wanted["advertise_addr"])]
    return [change("join", "swarm", "not in one", after=wanted["role"])]
