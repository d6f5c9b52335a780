# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: the packages of this host, read, and changed by its package manager."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Iterator, Mapping

from .._core.os_release import read_os
from .._core.plan import PlanError
from .._core.systemd import RUNNING, act, hold, outdated_units, read_units, release
from . import apt, dnf, package_files, transaction

if TYPE_CHECKING:
    from .._core.plan import Plan

BACKENDS = {"Debian": apt, "RedHat": dnf}


class Packages:
    """The packages of a host."""

    def __init__(self, params: dict[str, Any]) -> None:
        self.params = params
        self.wanted = {key: params[key] for key in ("names", "versions", "hold", "remove")}
        self.files: dict[str, dict[str, str]] = {}
        self.backend: Any = None

    def read(self) -> dict[str, Any]:
        family = read_os()["family"]
        if family not in BACKENDS:
            raise PlanError("packages of family %s cannot be installed: install them by hand" % family)
        self.backend = BACKENDS[family].Backend(
            self.params["timeout"], self.params["lists_age"], self.params["allow_removal"]
        )
        self.files = {item["name"]: item for item in map(_parsed, self.params["files"])}
        return dict(self._packages(), outdated=outdated_units(self.params["restart"]))

    def _packages(self) -> dict[str, Any]:
        names = set(self.wanted["names"]).union(self.wanted["hold"], self.wanted["remove"])
        found = self.backend.read(names)
        state = {"packages": found["versions"], "holds": found["holds"]}
        asked = transaction.undecided(state, self.wanted)
        state["candidates"] = self.backend.candidates([name for name in asked if name not in self.files])
        state["candidates"].update({name: [self.files[name]["version"]] for name in asked if name in self.files})
        return state

    def plan(self, state: Mapping[str, Any]) -> Plan:
        plan = transaction.make_plan(state, self.wanted)
        if self.params["download_only"]:
            return transaction.fetch_plan(plan)
        return plan + transaction.restart_plan(state["outdated"])

    def apply(self, plan: Plan, state: Mapping[str, Any]) -> None:
        if self.params["download_only"]:
            self.backend.repair()
            self.backend.download(self._plan_by_new_lists(), self._paths(), self.wanted["hold"])
            return
        if any(item["do"] not in ("hold", "restart") for item in plan):
            self._change(plan)
        self._hold(state)
        units = outdated_units(self.params["restart"])
        if units:
            act("restart", *units)

    def _change(self, plan: Plan) -> None:
        with self._held_back():
            self.backend.repair()
            self._install(plan)

    def _install(self, plan: Plan) -> None:
        listed = [item for item in transaction.installed(plan) if item["name"] not in self.files]
        fetched = bool(listed) and (bool(transaction.undecided_items(listed)) or self.backend.lists_are_old())
        if fetched:
            plan = self._plan_by_new_lists()
        files = self._paths()
        try:
            self.backend.install(plan, files, self.wanted["hold"])
        except self.backend.outdated:
            if fetched:
                raise
            self.backend.install(self._plan_by_new_lists(), files, self.wanted["hold"])

    def _paths(self) -> dict[str, str]:
        return {name: item["path"] for name, item in self.files.items()}

    def _plan_by_new_lists(self) -> Plan:
        self.backend.fetch_lists()
        return transaction.make_plan(self._packages(), self.wanted, strict=True)

    def _hold(self, before: Mapping[str, Any]) -> None:
        """Hold again what was held before and the package manager released."""
        kept = [name for name in self.wanted["names"] if name in before["holds"]]
        now = self._packages()
        lacking = [name for name in kept + self.wanted["hold"] if name in now["packages"] and name not in now["holds"]]
        if lacking:
            self.backend.hold(list(dict.fromkeys(lacking)))

    @contextlib.contextmanager
    def _held_back(self) -> Iterator[None]:
        there: Mapping[str, Mapping[str, Any]] = (
            read_units(self.params["hold_back"]) if self.params["hold_back"] else {}
        )
        units = [name for name in self.params["hold_back"] if there.get(name, {}).get("active") not in RUNNING]
        hold(*units)
        try:
            yield
        finally:
            release(*units)


def _parsed(path: str) -> dict[str, str]:
    try:
        return dict(package_files.parse(path), path=path)
    except ValueError as exc:
        raise PlanError("option files: %s" % exc) from exc
