# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: what a host lacks of packages, kernel modules, kernel parameters, files and units. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Iterable, Mapping

from .._core.config_files import make_plan, missing_packages, unit_plan
from .._core.plan import change
from .routing_mesh import make_plan as mesh_plan
from .sysctl import value_plan

if TYPE_CHECKING:
    from .._core.config_files import Items
    from .._core.facts import NodeFacts
    from .._core.plan import Plan

LOCALTIME = "/etc/localtime"


def host_plan(
    facts: NodeFacts,
    packages: Iterable[str],
    sysctls: Mapping[str, Any],
    modules: Iterable[str],
    files: Items,
    units: Iterable[str] = (),
    timezone: str | None = None,
) -> Plan:
    """The host's changes: packages, kernel parameters, kernel modules, files, units, and published ports that were shut.

    :param sysctls: wanted values by name.
    :param modules: names of kernel modules that must be there.
    :param files: as :func:`config_files.make_plan` takes them.
    :param units: names of units that must be enabled and run.
    :param timezone: name of the time zone, in the words of the tz database; None or empty where it may be any.
    """
    plan = missing_packages(facts, packages)
    for name in modules:
        if not facts["kernel_modules"].get(name):
            plan.append(change("load", "kernel module %s" % name, "not there", after=name))
    plan += value_plan(facts["sysctls"], sysctls)
    plan += make_plan(facts, files)
    for name in units:
        plan += unit_plan(facts, name)
    return plan + _timezone_plan(facts, timezone) + mesh_plan(facts.get("mesh"))


def _timezone_plan(facts: NodeFacts, wanted: str | None) -> Plan:
    actual = timezone_of(facts)
    if not wanted or actual == wanted:
        return []
    return [change("set", "time zone", "differs", before=actual, after=wanted)]


def timezone_of(facts: NodeFacts) -> str | None:
    """The host's time zone, as its link tells: localtime(5). Without one it is UTC; what a file holds is not known."""
    found = facts["files"].get(LOCALTIME)
    if found is None:
        return "UTC"
    return (found["link"] or "").partition("/zoneinfo/")[2] or None


def check_timezone(wanted: str | None) -> list[str]:
    """What is wrong with a wanted time zone, as far as this computer knows them: texts."""
    if not wanted:
        return []
    import zoneinfo  # the controller's Python has it; hosts do not ask

    known = zoneinfo.available_timezones()
    if not known or wanted in known:
        return []
    import difflib

    close = difflib.get_close_matches(wanted, sorted(known), n=1, cutoff=0.5)
    return ["%r is no time zone: did you mean %s?" % (wanted, close[0] if close else "Etc/UTC")]
