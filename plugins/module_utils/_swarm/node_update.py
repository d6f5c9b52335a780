# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: changing a node of the swarm, on a manager."""

from __future__ import annotations

from .._core.engine_api import EngineError

FIELDS = {"role": "Role", "availability": "Availability"}


def update_node(engine, node_id, fields):
    """Read, merge, write the whole spec; again where somebody else wrote in between.

    :param fields: ``role``, ``availability``, and ``labels``, which are merged; one that is None is removed.
    """
    for attempt in (1, 2, 3):
        node = engine.get("/nodes/%s" % node_id)
        spec = node["Spec"]
        for field, value in fields.items():
            if field == "labels":
                merged = dict(spec.get("Labels") or {}, **value)
                spec["Labels"] = {name: text for name, text in merged.items() if text is not None}
            else:
                spec[FIELDS[field]] = value
        try:
            engine.post("/nodes/%s/update?version=%d" % (node_id, node["Version"]["Index"]), spec)
            return
        except EngineError as exc:
            if attempt == 3 or "out of sequence" not in exc.message:
                raise
