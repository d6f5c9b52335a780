# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: a macvlan, read, created and removed: a node's part of it, or the swarm's network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._core.engine_api import Engine, EngineError, query
from .._core.plan import ApplyError, PlanError
from .._core.wait import wait_for
from .macvlan import cluster_plan, config_name, node_plan
from .network_facts import network_facts, read_configs

if TYPE_CHECKING:
    from .._core.facts import ApiObject
    from .._core.plan import Plan


class Macvlan:
    """A macvlan, as this node or as the swarm has it."""

    def __init__(self, params: dict[str, Any]) -> None:
        self.params = params
        self.node = params["scope"] == "node"
        self.name = config_name(params["name"]) if self.node else params["name"]
        self.engine = Engine()

    def read(self) -> Any:
        try:
            if self.node:
                return read_configs(self.engine).get(self.name)
            found = self.engine.get("/networks" + query(scope=["swarm"]))
        except EngineError as exc:
            raise PlanError("network %s: the Engine does not list networks: %s" % (self.name, exc.message)) from exc
        return next((network_facts(net) for net in found if net["Name"] == self.name), None)

    def plan(self, state: Any) -> Plan:
        return (node_plan if self.node else cluster_plan)(self.params, state)

    def apply(self, plan: Plan, _state: Any) -> None:
        try:
            if plan[0]["do"] in ("remove", "replace"):
                # A node keeps its part for a moment after the swarm's network is gone; one that is to be replaced is in use.
                self._remove(self.params["timeout"] if plan[0]["do"] == "remove" else 0)
            if plan[0]["do"] in ("create", "replace"):
                self.engine.post("/networks/create", self._config() if self.node else self._network())
        except EngineError as exc:
            raise ApplyError("network %s: %s" % (self.name, exc.message)) from exc

    def _remove(self, timeout: float) -> None:
        refusal: list[str] = []

        def gone() -> bool:
            try:
                self.engine.delete("/networks/%s" % self.name)
            except EngineError as exc:
                if exc.status == 404:
                    return True
                refusal[:] = [exc.message]
                return False
            return True

        if not wait_for(gone, timeout):
            raise ApplyError(
                "network %s: %s: take the services and containers that use network %s off it, run with state: absent, and then "
                "without it" % (self.name, refusal[0], self.params["name"])
            )

    def _config(self) -> ApiObject:
        words = {"subnet": "Subnet", "gateway": "Gateway", "ip_range": "IPRange"}
        parts = [{words[key]: value for key, value in item.items() if value} for item in self.params["subnets"]]
        return {
            "Name": self.name,
            "Driver": "macvlan",
            "ConfigOnly": True,
            "EnableIPv6": any(":" in item["subnet"] for item in self.params["subnets"]),
            "IPAM": {"Driver": "default", "Config": parts},
            "Options": {"parent": self.params["parent"]},
        }

    def _network(self) -> ApiObject:
        return {
            "Name": self.name,
            "Driver": "macvlan",
            "Scope": "swarm",
            "CheckDuplicate": True,
            "Attachable": self.params["attachable"],
            "Internal": self.params["internal"],
            "ConfigFrom": {"Network": config_name(self.name)},
            "Labels": {key: str(value) for key, value in self.params["labels"].items()},
        }
