# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: networks that workers list although no task of theirs is on them. Pure, and for the controller."""

from __future__ import annotations

from typing import Any, Iterable, Mapping

NAME = "dockyard-networks"


def stack(networks: Iterable[Mapping[str, Any]], image: str) -> dict[str, Any]:
    """The stack that keeps networks in the workers' lists: a worker lists a network while a task there is on it.

    :param networks: all overlay networks, of which those with ``visible`` count.
    :param image: what the task runs, any image with ``tail``.
    """
    shown = [item["name"] for item in networks if item.get("visible") and item.get("state") != "absent"]
    service = {
        "image": image,
        "command": ["tail", "-f", "/dev/null"],
        "init": True,
        "mode": "global",
        "constraints": ["node.role==worker"],
        "networks": list(dict.fromkeys(shown)),
        "read_only": True,
        "resources": {"limit_memory": "16M"},
    }
    return {
        "name": NAME,
        "state": "present" if shown else "absent",
        "services": {"visible": service} if shown else {},
    }
