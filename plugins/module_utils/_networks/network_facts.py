# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: networks as plain data, in the words of the modules' options."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._core.engine_api import query
from .overlay import MTU

if TYPE_CHECKING:
    from .._core.engine_api import Engine
    from .._core.facts import ConfigNetwork, SwarmNetwork


def read_configs(engine: Engine) -> dict[str, ConfigNetwork]:
    """The node's config-only networks, which networks of the swarm take their settings from: name -> ``{parent, subnets}``."""
    found = engine.get("/networks" + query(driver=["null"]))
    return {
        item["Name"]: {"parent": (item.get("Options") or {}).get("parent"), "subnets": network_facts(item)["subnets"]}
        for item in found
        if item.get("ConfigOnly")
    }


def network_facts(net: Any) -> SwarmNetwork:
    """One swarm network as ``GET /networks`` lists it, in the words of overlay_network's options."""
    ipam = net.get("IPAM") or {}
    options = dict(net.get("Options") or {})
    mtu, encrypted = options.pop(MTU, None), options.pop("encrypted", "false")
    return {
        "id": net.get("Id"),
        "name": net.get("Name"),
        "driver": net.get("Driver"),
        "config_from": (net.get("ConfigFrom") or {}).get("Network") or None,
        "subnets": [
            {"subnet": item.get("Subnet"), "gateway": item.get("Gateway"), "ip_range": item.get("IPRange") or None}
            for item in ipam.get("Config") or []
        ],
        "attachable": bool(net.get("Attachable")),
        "internal": bool(net.get("Internal")),
        "ingress": bool(net.get("Ingress")),
        "encrypted": encrypted != "false",
        "mtu": int(mtu) if mtu else None,
        "labels": net.get("Labels") or {},
        "ipam_driver": ipam.get("Driver") or "default",
        "ipam_options": ipam.get("Options") or {},
        # The Engine chooses a VXLAN for each subnet, and lists it as if it had been wanted.
        "driver_options": {key: value for key, value in options.items() if not key.endswith(".vxlanid_list")},
    }
