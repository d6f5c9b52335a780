# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: files, folders, and the units that read them. Pure: no I/O.

A daemon reads its files only when it starts. A unit may have a stamp: a file that is written after its start and tells
with which files that was (the change's ``stamped``, and a line end). A run that was cut short between the two leaves
no right stamp behind, and the next one restarts the unit.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Iterable, Mapping, Sequence, cast

from .plan import PlanError, change
from .systemd import RUNNING, STARTS_AT_BOOT

if TYPE_CHECKING:
    from .facts import FileFacts
    from .plan import Change, Plan

    Facts = Mapping[str, Any]
    Item = Mapping[str, Any]
    Items = Sequence[Item]

# Names of files that are worth nothing without content, and whose loss stops what reads them.
NEVER_EMPTY = (".crt", ".key", ".pem")
EMPTY = (
    "%s would become an empty file, since the controller has no text for it: see which files its folder for secrets lacks, with "
    "playbook secrets_check"
)
UNWANTED = "this host does not need it any more"


def digest(text: str) -> str:
    """SHA-256 of a text as it lies on the disk."""
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def make_plan(facts: Facts, files: Items = (), units: Items = (), folders: Items = ()) -> Plan:
    """The changes that files, folders and units need.

    :param facts: ``{files, units}`` as ``node_facts`` reads them.
    :param files: ``[{path, content, mode, unit, present}]``; all belong to root. ``unit`` is the one that reads it.
    :param units: ``[{name, stamp, own, present, restart, reload}]``. One that is not ``own`` belongs to the host and is only
        restarted where it runs; ``restart`` asks for one whatever the files say, and ``reload`` makes a reload of it.
    :param folders: ``[{path, mode, gid}]``; all belong to root.
    """
    plan = folder_plan(facts, folders)
    touched = set()
    for item in files:
        found = _plan_file(facts, item)
        plan += found
        if found:
            touched.add(item.get("unit"))
    for unit in units:
        plan += _plan_unit(facts, unit, files, unit["name"] in touched)
    return plan


def files_sum(files: Items, unit: str) -> str:
    """One sum over all files that a unit reads, as its stamp tells it."""
    mine = [item for item in files if item.get("unit") == unit and _present(item)]
    return "files " + digest("\n".join(sorted("%s %s" % (item["path"], digest(item["content"])) for item in mine)))


def folder_plan(facts: Facts, folders: Items) -> Plan:
    """Folders, each ``{path, mode, gid}``, that are missing or have another mode or owner; root owns all of them."""
    plan = []
    for item in folders:
        actual, wanted = facts["files"].get(item["path"]), mode_and_owner(item["mode"], gid=item["gid"])
        if actual is None:
            plan.append(change("make", item["path"], "missing", after=wanted, folder=item))
        elif mode_and_owner_of(actual) != wanted:
            why = "its mode or owner differs"
            plan.append(change("own", item["path"], why, before=mode_and_owner_of(actual), after=wanted, folder=item))
    return plan


def unit_plan(facts: Facts, name: str) -> Plan:
    """A unit that must be enabled and run."""
    unit = facts["units"].get(name)
    if unit is None:
        return [change("start", name, "it is not there yet", after="enabled, active")]
    plan = []
    if unit["masked"] or unit["enabled"] not in STARTS_AT_BOOT:
        plan.append(change("enable", name, "it would not start at boot", before=unit["enabled"], after="enabled"))
    if unit["active"] not in RUNNING:
        plan.append(change("start", name, "it does not run", before=unit["active"], after="active"))
    if unit["needs_daemon_reload"]:
        plan.append(change("read", name, "its unit files were changed since systemd read them"))
    return plan


def mode_and_owner_of(actual: FileFacts) -> str:
    """Mode and owner of a file from its facts, as one text."""
    return mode_and_owner(actual["mode"], actual["uid"], actual["gid"])


def mode_and_owner(mode: str, uid: int = 0, gid: int = 0) -> str:
    """Mode and owner as one text."""
    return "mode %s, owner %s:%s" % (mode, uid, gid)


def _present(item: Item) -> bool:
    return bool(item.get("present", True))


def _plan_file(facts: Facts, item: Item) -> Plan:
    path, actual = item["path"], facts["files"].get(item["path"])
    if not _present(item):
        return [] if actual is None else [_removal(path)]
    mode = item.get("mode", "0644")
    if path.endswith(NEVER_EMPTY) and not item["content"].strip():
        raise PlanError(EMPTY % path)
    if actual is None:
        return [change("write", path, "missing", before="absent", after=mode_and_owner(mode))]
    if actual["link"]:
        return [change("write", path, "it is a symbolic link", before="link to %s" % actual["link"], after="file")]
    if actual["sha256"] != digest(item["content"]):
        return [change("write", path, "its content differs", before="old content", after="new content")]
    before, after = mode_and_owner_of(actual), mode_and_owner(mode)
    if before != after:
        return [change("write", path, "its mode or owner differs", before=before, after=after)]
    return []


def _removal(path: str) -> Change:
    return change("remove", path, UNWANTED, before="present", after="absent")


def _plan_unit(facts: Facts, unit: Item, files: Items, touched: bool) -> Plan:
    name, stamp = unit["name"], unit.get("stamp")
    actual = facts["units"].get(name)
    if not _present(unit):
        gone = [_removal(stamp)] if stamp and stamp in facts["files"] else []
        return ([change("stop", name, UNWANTED, "present", "absent")] if actual else []) + gone
    wanted = files_sum(files, name)
    why = _why_restart(facts, unit, wanted, touched)
    runs = bool(actual) and actual["active"] in RUNNING
    stamped: dict[str, str] = {"stamp": stamp, "stamped": wanted} if stamp else {}
    restart = [change("reload" if unit.get("reload") else "restart", name, why, **stamped)] if why else []
    if not unit.get("own", True):
        # systemd-journald always runs; the facts tell of the host's other daemons.
        return restart if runs or name == "systemd-journald.service" or unit.get("restart") else []
    found = [
        cast("Change", dict(item, **stamped)) if item["do"] == "start" else item for item in unit_plan(facts, name)
    ]
    return (restart if runs else []) + found


def _why_restart(facts: Facts, unit: Item, wanted: str, touched: bool) -> str | None:
    if touched:
        return "its files change"
    if unit.get("restart"):
        return "what it sets differs"
    if unit.get("stamp"):
        have = (facts["files"].get(unit["stamp"]) or {}).get("sha256")
        if have != digest(wanted + "\n"):
            return "it has not been started with its files yet"
    return None


def missing_packages(facts: Facts, packages: Iterable[str]) -> Plan:
    """Packages that are not installed, after those that the package manager removes for them."""
    have, replaced = facts.get("packages") or {}, facts.get("replaced") or {}
    plan = []
    for name in packages:
        if name not in have:
            for other in replaced.get(name, ()):
                plan.append(change("remove", "package %s" % other, "%s replaces it" % name, before=other))
            plan.append(change("install", "package %s" % name, "missing", after=name))
    return plan
