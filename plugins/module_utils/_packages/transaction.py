# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: the plan for a host's packages, for one transaction. Pure, and the same for apt and dnf."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Iterable, Mapping, TypedDict

from .._core.plan import PlanError, change
from .._core.versions import AT_LEAST, LATEST, choose, compare, direction, fits

if TYPE_CHECKING:
    from .._core.plan import Change, Plan

# What may restart or stop a running program.
DISRUPTIVE = ("upgrade", "downgrade", "remove", "restart")

# What any package may take the place of: a client that only sets the clock, by any other program that keeps it right.
REPLACEABLE = ("systemd-timesyncd",)


class Installed(TypedDict):
    versions: dict[str, str]  # of each package that is installed
    holds: list[str]  # names of those that are held


def make_plan(state: Mapping[str, Any], wanted: Mapping[str, Any], strict: bool = False) -> Plan:
    """The changes that packages need, each with ``name`` and, where a version is decided, ``target``.

    :param state: ``{packages, holds, candidates}``: installed versions by name, names of the held, and by name the versions
        that are available, best first, of those that were asked about.
    :param wanted: ``{names, versions, hold, remove}``. ``versions`` has by name what :func:`versions.fits` takes, or
        ``latest``; without, what is installed stays. ``remove`` has the reason by name.
    :param strict: whether a version that is not available is an error, which old package lists cannot tell.
    """
    state = dict(state, holds=set(state.get("holds") or ()), candidates=state.get("candidates") or {})
    plan = []
    for name, why in wanted.get("remove", {}).items():
        have = state["packages"].get(name)
        if have is not None:
            plan.append(_item(state, "remove", name, why, before=have))
    versions = wanted.get("versions", {})
    for name in wanted["names"]:
        plan += _plan_package(state, name, versions.get(name) or "", strict)
    there = set(state["packages"]).union(item["name"] for item in plan if item["do"] == "install")
    for name in wanted.get("hold", ()):
        if name in there and name not in state["holds"]:
            plan.append(_item(state, "hold", name, "it is not held", before="free", after="held"))
    return plan


def undecided(state: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[str]:
    """Names of packages whose available versions matter."""
    versions = wanted.get("versions", {})
    open_names = []
    for name in wanted["names"]:
        version, have = versions.get(name) or "", state["packages"].get(name)
        if version == LATEST:
            open_names += [name] if have is not None else []
        elif version and (have is None or not fits(have, version)):
            open_names.append(name)
    return open_names


def installed(plan: Plan) -> Plan:
    """Those changes of a plan that bring a package, or another version of it."""
    return [item for item in plan if item["do"] in ("install", "upgrade", "downgrade")]


def undecided_items(plan: Plan) -> Plan:
    """Those changes that are about a version, without a decision which of the available ones."""
    return [item for item in installed(plan) if item["after"] != item["name"] and not item["target"]]


def restart_plan(units: Iterable[str]) -> Plan:
    """Units that run what a newer package has replaced."""
    return [change("restart", name, "it still runs what a newer package has replaced", name=name) for name in units]


def fetch_plan(plan: Plan) -> Plan:
    """What a plan needs that is to be fetched before."""
    return [
        change("fetch", item["to"], item["why"], after=item["after"], name=item["name"]) for item in installed(plan)
    ]


def _plan_package(state: Mapping[str, Any], name: str, version: str, strict: bool) -> Plan:
    have = state["packages"].get(name)
    target = _target(state, name, version, strict)
    if have is None:
        named = bool(version) and version != LATEST
        return [_item(state, "install", name, "missing", after=(target or version) if named else name, target=target)]
    if not version:
        return []
    if version == LATEST:
        if target is None or compare(target, have) <= 0:
            return []
        return [_item(state, "upgrade", name, "a newer one is there", before=have, after=target, target=target)]
    if fits(have, version):
        return []
    do = direction(have, target or version.replace(AT_LEAST, ""))
    return [_item(state, do, name, "%s is asked for" % version, before=have, after=target or version, target=target)]


def _target(state: Mapping[str, Any], name: str, version: str, strict: bool) -> str | None:
    offers = state["candidates"].get(name)
    if not version or offers is None:
        return None
    target = choose(offers, version)
    if target is None and strict and version != LATEST:
        have = ", ".join(sorted(set(offers), key=offers.index)) or "no version of it"
        raise PlanError(
            "version %s of package %s is asked for, and nothing was changed: the host's package sources have %s"
            % (version, name, have)
        )
    return target


def _item(
    state: Mapping[str, Any],
    do: str,
    name: str,
    why: str,
    before: str | None = None,
    after: str | None = None,
    target: str | None = None,
) -> Change:
    held = name in state["holds"]
    if held and do in ("upgrade", "downgrade"):
        why += "; it is held, and will be again"
    return change(do, "package %s" % name, why, before=before, after=after, name=name, target=target, held=held)
