# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: what a host lacks of packages, units, files and kernel settings. Pure functions.

All of them compare one ``node_facts`` result with what is wanted, and give changes.
"""

from __future__ import annotations

from ansible_collections.dockyard.swarm.plugins.module_utils._plan import change
from ansible_collections.dockyard.swarm.plugins.module_utils._systemd import STARTS_AT_BOOT


def missing_packages(facts, packages):
    """Packages that are not installed."""
    have = facts.get("packages") or {}
    return [change("install", "package %s" % name, "missing", after=name) for name in packages if name not in have]


def unit_plan(facts, name):
    """A unit that must be enabled and run."""
    unit = facts["units"].get(name)
    if unit is None:
        return [change("start", name, "it is not there yet", after="enabled, active")]
    plan = []
    if unit["masked"] or unit["enabled"] not in STARTS_AT_BOOT:
        plan.append(change("enable", name, "it would not start at boot", before=unit["enabled"], after="enabled"))
    if unit["active"] not in ("active", "reloading"):
        plan.append(change("start", name, "it does not run", before=unit["active"], after="active"))
    if unit["needs_daemon_reload"]:
        plan.append(change("read", name, "its unit files were changed since systemd read them"))
    return plan


def file_plan(facts, files, mode="0644"):
    """Files of root whose content (path -> SHA-256), mode or owner differs from what is wanted."""
    plan = []
    for path, digest in sorted(files.items()):
        actual = facts["files"].get(path)
        if actual is None:
            plan.append(change("write", path, "missing", after=digest[:12]))
        elif actual["link"]:
            plan.append(change("write", path, "it is a symbolic link", before=actual["link"], after=digest[:12]))
        elif actual["sha256"] != digest:
            plan.append(
                change("write", path, "its content differs", before=str(actual["sha256"])[:12], after=digest[:12])
            )
        elif looks(actual) != looks_like(mode):
            plan.append(
                change("write", path, "its mode or owner differs", before=looks(actual), after=looks_like(mode))
            )
    return plan


def folder_plan(facts, folders):
    """Folders, each ``{path, mode, gid}``, that are missing or have another mode or owner; root owns all of them."""
    plan = []
    for item in folders:
        actual, wanted = facts["files"].get(item["path"]), looks_like(item["mode"], gid=item["gid"])
        if actual is None:
            plan.append(change("make", item["path"], "missing", after=wanted, folder=item))
        elif looks(actual) != wanted:
            why = "its mode or owner differs"
            plan.append(change("own", item["path"], why, before=looks(actual), after=wanted, folder=item))
    return plan


def looks(actual):
    """Mode and owner of a file as facts tell them, as one text."""
    return looks_like(actual["mode"], actual["uid"], actual["gid"])


def looks_like(mode, uid=0, gid=0):
    """Mode and owner as one text."""
    return "mode %s, owner %s:%s" % (mode, uid, gid)


def host_plan(facts, packages, sysctls, modules, files, units=()):
    """The host's changes: packages, kernel parameters, kernel modules, files by the hash of their content, and units.

    :param sysctls: wanted values by name.
    :param modules: names of kernel modules that must be there.
    :param files: path -> SHA-256 of the wanted content.
    :param units: names of units that must be enabled and run.
    """
    plan = missing_packages(facts, packages)
    for name in modules:
        if not facts["kernel_modules"].get(name):
            plan.append(change("load", "kernel module %s" % name, "not there", after=name))
    for name, value in sorted(sysctls.items()):
        actual = facts["sysctls"].get(name)
        if actual != " ".join(str(value).split()):
            plan.append(change("set", "sysctl %s" % name, "differs", before=actual, after=str(value)))
    plan += file_plan(facts, files)
    for name in units:
        plan += unit_plan(facts, name)
    return plan
