# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: an overlay network of the swarm, read, created, replaced and removed on a manager."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Mapping, Sequence, TypedDict

from .._core.engine_api import Engine, EngineError, query
from .._core.plan import ApplyError, PlanError
from .._core.wait import wait_for
from . import overlay, replacement
from .network_facts import network_facts

if TYPE_CHECKING:
    from .._core.facts import ApiObject, SwarmNetwork
    from .._core.plan import Plan

    Counts = Mapping[str, tuple[int, int]]  # how many tasks run, and how many are to run, by the service's ID

POLL = 0.2


class State(TypedDict):
    network: Any  # a SwarmNetwork, or None
    waiting: list[str]  # names of services


class Network:
    """One network of the swarm that this manager is in."""

    def __init__(self, params: Mapping[str, Any]) -> None:
        self.params = dict(params)
        self.timeout = self.params.pop("timeout")
        self.path_mtu = self.params.pop("path_mtu")
        # Options with a default are given always: single addresses have none, and empty lists are not given.
        self.params["subnets"] = self.params["subnets"] or None
        self.name = self.params["name"]
        self.engine = Engine()

    def read(self) -> State:
        try:
            found = [network_facts(net) for net in self.engine.get("/networks" + query(scope=["swarm"]))]
            services = self.engine.get("/services")
        except EngineError as exc:
            raise PlanError("this host cannot answer for the swarm: %s" % exc.message) from exc
        network = next((net for net in found if net["name"] == self.name), None)
        if network:
            users = [item["Spec"]["Name"] for item in services if replacement.uses(item["Spec"], network)]
            network["services"] = sorted(users)
        waiting: Mapping[str, Any] = replacement.waiting(item["Spec"] for item in services)
        return {"network": network, "waiting": waiting.get(self.name, {}).get("services", [])}

    def plan(self, state: State) -> Plan:
        problems = overlay.check_addresses(overlay.wanted_network(self.params))
        if problems:
            raise PlanError("network %s: %s" % (self.name, "; ".join(problems)))
        return overlay.make_plan(self.params, state["network"], self.path_mtu, state["waiting"])

    def apply(self, plan: Plan, state: State) -> None:
        wanted = overlay.wanted_network(self.params)
        verb = plan[0]["do"]
        try:
            if verb == "remove":
                self._remove(state["network"])
            elif verb == "replace":
                self._replace(state["network"], overlay.with_kept_settings(wanted, state["network"], self.path_mtu))
            else:
                if verb == "create":
                    self._create(overlay.with_path_mtu(wanted, self.path_mtu))
                self._attach()
        except EngineError as exc:
            raise ApplyError("network %s: %s" % (self.name, exc.message)) from exc

    def _replace(self, network: SwarmNetwork, wanted: Mapping[str, Any]) -> None:
        services = [item for item in self.engine.get("/services") if replacement.uses(item["Spec"], network)]
        before = self._counts(services)
        options = {name: value for name, value in wanted.items() if name != "state"}
        try:
            for service in services:
                self._update(service["ID"], replacement.detached, network, options)
            self._remove(network)
        except (EngineError, ApplyError):
            if self.engine.find("/networks/%s" % network["id"]) is not None:
                self._attach(before)
            raise
        self._create(wanted)
        self._attach(before)

    def _still_on(self, network: SwarmNetwork) -> list[str]:
        return replacement.still_on(self.engine.get("/tasks"), network["id"])

    def _remove(self, network: SwarmNetwork) -> None:
        """Wait for the tasks: a node where one of the routing mesh is still ending would keep the old mesh until a restart."""
        if not wait_for(lambda: not self._still_on(network), self.timeout, POLL):
            raise ApplyError(
                "network %s: these tasks still use it after %d s, and it was not removed: %s; see docker inspect --type task"
                % (self.name, self.timeout, ", ".join(self._still_on(network)))
            )
        try:
            self.engine.delete("/networks/%s" % network["id"])
        except EngineError as exc:
            if "in use by task" not in exc.message:
                raise
            # Tasks that the list of tasks does not have: containers that were attached by hand.
            raise ApplyError(
                "network %s: a container that belongs to no service uses it, and it was not removed: find the container on the "
                "hosts with docker ps --filter network=%s, and disconnect it" % (network["name"], network["name"])
            ) from exc
        # Its name is free only once it is gone on this node, too.
        if not wait_for(lambda: self.engine.find("/networks/%s" % network["id"]) is None, self.timeout, POLL):
            raise ApplyError("network %s is still there after %d s" % (network["name"], self.timeout))

    def _create(self, wanted: Mapping[str, Any]) -> None:
        self.engine.post("/networks/create", body_of(wanted))
        if wanted["ingress"]:
            # A node without a task of the mesh joins it when its entry is written; before that it would answer on no port.
            for node in self.engine.get("/nodes"):
                self.engine.update("/nodes/%s" % node["ID"], lambda spec: spec)

    def _attach(self, before: Counts | None = None) -> None:
        """Attach services again, and wait until their tasks run.

        :param before: how many tasks of each ran, by ID; without it all that are wanted are waited for.
        """
        services = [
            item
            for item in self.engine.get("/services")
            if (replacement.note_of(item["Spec"]) or {}).get("network") == self.name
        ]
        if not services:
            return
        network = self.read()["network"]
        for service in services:
            self._update(service["ID"], replacement.attached, network["id"])

        def back() -> bool:
            running = replacement.running_on(self.engine.get("/tasks"), network["id"])
            wanted = self._counts(services)
            goals = {
                name: min(want, (before or {}).get(name, (want, want))[0]) for name, (_run, want) in wanted.items()
            }
            return all(running.get(name, 0) >= goal for name, goal in goals.items())

        came = wait_for(back, self.timeout, POLL)
        for service in services:
            self._update(service["ID"], replacement.done)
        if not came:
            raise ApplyError(
                "network %s: its services are attached again, but not all of their tasks run after %d s: see docker service ps %s"
                % (self.name, self.timeout, " ".join(item["Spec"]["Name"] for item in services))
            )

    def _update(self, service_id: str, change: Callable[..., ApiObject], *arguments: Any) -> None:
        self.engine.update("/services/%s" % service_id, lambda spec: change(spec, *arguments))

    def _counts(self, services: Sequence[ApiObject]) -> Counts:
        """How many tasks run, and how many are to run, by the service's ID."""
        if not services:
            return {}
        found = self.engine.get("/services" + query(id=[item["ID"] for item in services]) + "&status=true")
        return {
            item["ID"]: (item["ServiceStatus"]["RunningTasks"], item["ServiceStatus"]["DesiredTasks"]) for item in found
        }


def body_of(wanted: Mapping[str, Any]) -> ApiObject:
    """The body of ``POST /networks/create``."""
    options = {key: str(value) for key, value in wanted["driver_options"].items()}
    if wanted["encrypted"]:
        options["encrypted"] = "true"
    if wanted["mtu"]:
        options[overlay.MTU] = str(wanted["mtu"])
    ipam = {"Driver": wanted["ipam_driver"] or "default", "Options": wanted["ipam_options"]}
    words = {"subnet": "Subnet", "gateway": "Gateway", "ip_range": "IPRange"}
    ipam["Config"] = [{words[key]: value for key, value in part.items() if value} for part in wanted["subnets"]]
    return {
        "Name": wanted["name"],
        "CheckDuplicate": True,
        "Driver": "overlay",
        "Scope": "swarm",
        "Attachable": wanted["attachable"],
        "Internal": wanted["internal"],
        "Ingress": wanted["ingress"],
        "IPAM": ipam,
        "Options": options,
        "Labels": {key: str(value) for key, value in wanted["labels"].items()},
    }
