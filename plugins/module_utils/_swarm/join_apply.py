# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: initialises or joins a swarm, and leaves it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable

from .._core.engine_api import Engine, EngineError
from .._core.plan import ApplyError, PlanError
from .._core.wait import wait_for
from . import membership, membership_files
from .join import join_plan
from .manager_key import local
from .quorum import leave_problem

if TYPE_CHECKING:
    from .._core.facts import ApiObject, SwarmFacts
    from .._core.plan import Plan


class Member:
    """This node as a member of a swarm."""

    def __init__(self, params: dict[str, Any], read_swarm: Callable[[ApiObject, Engine], SwarmFacts]) -> None:
        self.params = params
        self.read_swarm = read_swarm
        # An answer to init or join may take the Engine's own 20 s.
        self.engine = Engine(timeout=max(60, params["timeout"]))

    def read(self) -> SwarmFacts:
        try:
            info = self.engine.get("/info")
            state = self.read_swarm(info.get("Swarm") or {}, self.engine)
            state.update(membership_files.read_membership(info["DockerRootDir"]))  # type: ignore[typeddict-item]
            return state
        except EngineError as exc:
            raise PlanError("the Engine cannot be asked: %s" % exc) from exc

    def plan(self, state: SwarmFacts) -> Plan:
        params = self.params
        if params["cluster_id"] and state["cluster_id"] not in (None, params["cluster_id"]):
            raise PlanError(
                "option cluster_id: this node is a manager of swarm %s, not of %s: take it out with "
                "'docker swarm leave --force' first" % (state["cluster_id"], params["cluster_id"])
            )
        plan = join_plan(state, params)
        if plan and params["state"] == "absent" and not params["force"]:
            problem = leave_problem(state)
            if problem:
                raise PlanError(problem)
        if plan and params["state"] == "present" and not params["advertise_addr"]:
            raise PlanError("option advertise_addr is needed to initialise or join a swarm")
        return plan

    def apply(self, plan: Plan, state: SwarmFacts) -> None:
        verb = plan[0]["do"]
        if verb == "record":
            self._record()
        if verb in ("leave", "rejoin"):
            self._leave(force=state["manager"] or verb == "rejoin" or self.params["force"])
        if verb == "initialise":
            self._initialise()
        elif verb in ("join", "rejoin"):
            self._join()

    def _common(self) -> ApiObject:
        params = self.params
        body = {
            "ListenAddr": params["listen_addr"],
            "AdvertiseAddr": params["advertise_addr"],
            "Availability": params["availability"],
        }
        if params["data_path_addr"]:
            body["DataPathAddr"] = params["data_path_addr"]
        return body

    def _initialise(self) -> None:
        params = self.params
        body = dict(self._common(), DataPathPort=params["data_path_port"], Spec={"Name": "default"})
        if params["default_addr_pool"]:
            body.update(DefaultAddrPool=params["default_addr_pool"], SubnetSize=params["subnet_size"])
        try:
            self.engine.post("/swarm/init", body)
        except EngineError as exc:
            raise ApplyError("the swarm was not made: %s" % exc.message) from exc
        self._wait("initialised")

    def _join(self) -> None:
        params = self.params
        if not params["join_token"] or not params["join_addrs"]:
            raise ApplyError("options join_token and join_addrs are needed to join a swarm; nothing was changed")
        reasons = []
        for address in params["join_addrs"]:
            body = dict(self._common(), RemoteAddrs=[address], JoinToken=params["join_token"])
            try:
                self.engine.post("/swarm/join", body)
                break
            except EngineError as exc:
                if "continue in the background" in exc.message or self._state() == "pending":
                    break
                reasons.append("%s: %s" % (address, exc.message))
        else:
            raise ApplyError("no manager accepted this node: %s" % "; ".join(reasons))
        self._wait("joined")

    def _leave(self, force: bool) -> None:
        try:
            self.engine.post("/swarm/leave?force=%s" % ("true" if force else "false"))
        except EngineError as exc:
            raise ApplyError("the node did not leave its swarm: %s" % exc.message) from exc
        if not wait_for(lambda: self._state() == "inactive", self.params["timeout"]):
            raise ApplyError("the node is still leaving its swarm after %d s" % self.params["timeout"])
        membership_files.remove_record(self.engine.get("/info")["DockerRootDir"])

    def _record(self) -> None:
        """Record which swarm this node is in, for a later run that does not find it there."""
        info = self.engine.get("/info")
        found = membership.wanted(self.read_swarm(info.get("Swarm") or {}, self.engine), self.params["cluster_id"])
        if found:
            membership_files.write_record(found, info["DockerRootDir"])

    def _state(self) -> str | None:
        return local(self.engine).get("LocalNodeState")

    def _ready(self) -> bool:
        found = local(self.engine)
        if found.get("LocalNodeState") != "active":
            return False
        if self.params["role"] == "worker" and not self.params["initialise"]:
            return True
        return bool(found.get("ControlAvailable") and self.read_swarm(found, self.engine)["quorum"])

    def _wait(self, what: str) -> None:
        if not wait_for(self._ready, self.params["timeout"]):
            found = local(self.engine)
            raise ApplyError(
                "%s, but not an active member after %d s: state %s %s; run again to continue from here"
                % (what, self.params["timeout"], found.get("LocalNodeState"), found.get("Error") or "")
            )
        self._record()
