# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: what a host's Engine lacks, from one node_facts result. Pure functions."""

from __future__ import annotations

from ansible_collections.dockyard.swarm.plugins.module_utils import _daemon, _engine_install
from ansible_collections.dockyard.swarm.plugins.module_utils._config_files import unit_plan
from ansible_collections.dockyard.swarm.plugins.module_utils._plan import change


def engine_plan(facts, install, options, remove=(), archives=(), environment=None):
    """The Engine's changes by part: ``{repository, packages, changes, daemon, unit, images, all}``.

    :param install: what :func:`_engine_install.wanted` gives.

    Which images a daemon has that is there but does not run is not known: they are planned once it runs.
    """
    unit = facts["units"].get("docker.service")
    state = dict(
        facts["daemon"],
        installed=unit is not None,
        running=bool(unit) and unit["active"] == "active",
        drop_in=facts["files"].get(_daemon.DROP_IN),
    )
    loaded = facts["engine"]["images"]
    known = facts["engine"]["running"] or not state["installed"]
    parts = {
        **_engine_install.make_plan(facts, install),
        "daemon": _daemon.make_plan(state, options, remove, environment),
        "unit": unit_plan(facts, "docker.service"),
        "images": [
            change("load", "image %s" % item["image"], "not on this host", after=item["image"])
            for item in archives
            if known and item["image"] not in loaded
        ],
    }
    parts["all"] = parts["repository"] + parts["packages"] + parts["daemon"] + parts["unit"] + parts["images"]
    return parts
