# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: what a host's Engine lacks, from one node_facts result. Pure functions."""

from __future__ import annotations

from ansible_collections.dockyard.swarm.plugins.module_utils import _daemon, _engine_data
from ansible_collections.dockyard.swarm.plugins.module_utils._config_files import unit_plan
from ansible_collections.dockyard.swarm.plugins.module_utils._host_plan import missing_packages
from ansible_collections.dockyard.swarm.plugins.module_utils._plan import change


def engine_plan(facts, packages, options, remove=(), archives=(), environment=None):
    """The Engine's changes by part: ``{packages, data, daemon, unit, images, all}``.

    Which images a daemon has that is there but does not run is not known: they are planned once it runs.
    """
    unit = facts["units"].get("docker.service")
    places = facts.get("data")
    options_then = facts["daemon"]["options"]
    if places:
        options_then = _engine_data.daemon_options(places, options_then)
    state = dict(
        facts["daemon"],
        options=options_then,
        installed=unit is not None,
        running=bool(unit) and unit["active"] == "active",
        drop_in=facts["files"].get(_daemon.DROP_IN),
    )
    loaded = facts["engine"]["images"]
    known = facts["engine"]["running"] or not state["installed"]
    parts = {
        "packages": missing_packages(facts, packages),
        "data": _engine_data.make_plan(places) if places else [],
        "daemon": _daemon.make_plan(state, options, remove, environment),
        # Whoever ends an interrupted move starts what it stopped.
        "unit": [] if places and places["move"] else unit_plan(facts, "docker.service"),
        "images": [
            change("load", "image %s" % item["image"], "not on this host", after=item["image"])
            for item in archives
            if known and item["image"] not in loaded
        ],
    }
    parts["all"] = parts["packages"] + parts["data"] + parts["daemon"] + parts["unit"] + parts["images"]
    return parts
