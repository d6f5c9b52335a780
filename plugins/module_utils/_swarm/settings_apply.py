# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: applies settings and rotations to the swarm that this manager is in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._core.engine_api import Engine, EngineError
from .._core.plan import ApplyError, PlanError
from .._core.wait import wait_for
from .settings import (
    has_update,
    label_plan,
    rotation_plan,
    settings_plan,
    unrotated,
    update_parameters,
    updated_spec,
)

if TYPE_CHECKING:
    from .._core.facts import ApiObject
    from .._core.plan import Plan


class Settings:
    """The settings of the swarm that this manager is in."""

    def __init__(self, params: dict[str, Any]) -> None:
        self.wanted = params["settings"]
        self.labels = params["labels"]
        self.rotate = params["rotate"]
        self.timeout = params["timeout"]
        self.engine = Engine()

    def read(self) -> ApiObject:
        try:
            found: ApiObject = self.engine.get("/swarm")
        except EngineError as exc:
            raise PlanError("this host cannot answer for the swarm: %s" % exc.message) from exc
        return found

    def plan(self, state: ApiObject) -> Plan:
        spec = state.get("Spec") or {}
        return (
            settings_plan(self.wanted, spec)
            + label_plan(self.labels, spec)
            + rotation_plan(self.rotate, self.wanted, spec, bool(state.get("RootRotationInProgress")))
        )

    def apply(self, plan: Plan, _state: ApiObject) -> None:
        if has_update(plan):
            self._update(plan)
        if "ca" in self.rotate and not wait_for(self._rotated, self.timeout):
            raise ApplyError(
                "%sthe new certificate authority is not everywhere after %d s. Nodes without a certificate of it: %s. The "
                "rotation continues, and ends once these nodes are back or out of the swarm"
                % (self._done(plan), self.timeout, self._lacking())
            )

    def _update(self, plan: Plan) -> None:
        """All of the plan in one request."""
        try:
            self.engine.update(
                "/swarm", lambda spec: updated_spec(spec, self.wanted, plan, self.labels), update_parameters(plan)
            )
        except EngineError as exc:
            raise ApplyError("the swarm did not take the change: %s" % exc.message) from exc

    def _rotated(self) -> bool:
        try:
            return not self.engine.get("/swarm").get("RootRotationInProgress")
        except EngineError:
            return False  # managers that get new certificates are away for a moment

    def _lacking(self) -> str:
        try:
            return ", ".join(unrotated(self.engine.get("/swarm"), self.engine.get("/nodes"))) or "none"
        except EngineError as exc:
            return "not known, since this host cannot answer for the swarm (%s)" % exc.message

    @staticmethod
    def _done(plan: Plan) -> str:
        done = ", ".join(item["to"] for item in plan if item.get("rotation") != "ca")
        return "done: %s; but " % done if done else ""
