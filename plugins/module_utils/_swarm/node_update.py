# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: changing a node of the swarm, on a manager."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Mapping

if TYPE_CHECKING:
    from .._core.engine_api import Engine
    from .._core.facts import ApiObject

FIELDS = {"role": "Role", "availability": "Availability"}


def update_node(engine: Engine, node_id: str, fields: Mapping[str, Any]) -> None:
    """Change some fields of a node, and leave the others as they are.

    :param fields: ``role``, ``availability``, and ``labels``, which are merged; one that is None is removed.
    """
    engine.update("/nodes/%s" % node_id, lambda spec: with_fields(spec, fields))


def with_fields(spec: ApiObject, fields: Mapping[str, Any]) -> ApiObject:
    """The Spec of a node with changed fields."""
    spec = dict(spec)
    for field, value in fields.items():
        if field == "labels":
            merged = dict(spec.get("Labels") or {}, **value)
            spec["Labels"] = {name: text for name, text in merged.items() if text is not None}
        else:
            spec[FIELDS[field]] = value
    return spec
