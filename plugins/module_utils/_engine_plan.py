# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: what a host and its engine lack, from one node_facts result. Pure functions."""

from __future__ import annotations

from ansible_collections.dockyard.swarm.plugins.module_utils import _daemon, _network
from ansible_collections.dockyard.swarm.plugins.module_utils._plan import PlanError, change


def missing_packages(facts, packages):
    return [
        change("install", "package %s" % name, "missing", after=name)
        for name in packages
        if name not in facts["packages"]
    ]


def unit_plan(facts, name):
    """A unit that must be enabled and run."""
    unit = facts["units"].get(name)
    if unit is None:
        return [change("start", name, "it is not there yet", after="enabled, active")]
    plan = []
    if unit["masked"] or unit["enabled"] not in ("enabled", "static", "alias", "generated", "indirect"):
        plan.append(change("enable", name, "it would not start at boot", before=unit["enabled"], after="enabled"))
    if unit["active"] not in ("active", "reloading"):
        plan.append(change("start", name, "it does not run", before=unit["active"], after="active"))
    if unit["needs_daemon_reload"]:
        plan.append(change("restart", name, "its unit files were changed since it was loaded"))
    return plan


def engine_plan(facts, packages, options, remove=(), archives=()):
    """The engine's changes by part: ``{packages, daemon, unit, images, all}``."""
    unit = facts["units"].get("docker.service")
    state = dict(facts["daemon"], installed=unit is not None, running=bool(unit) and unit["active"] == "active")
    loaded = facts["engine"]["images"]
    parts = {
        "packages": missing_packages(facts, packages),
        "daemon": _daemon.make_plan(state, options, remove),
        "unit": unit_plan(facts, "docker.service"),
        "images": [
            change("load", "image %s" % item["image"], "not on this host", after=item["image"])
            for item in archives
            if item["image"] not in loaded
        ],
    }
    parts["all"] = parts["packages"] + parts["daemon"] + parts["unit"] + parts["images"]
    return parts


def host_plan(facts, packages, sysctls, modules, files):
    """The host's changes: packages, kernel parameters, kernel modules, and files by the hash of their content.

    :param sysctls: wanted values by name.
    :param modules: names of kernel modules that must be there.
    :param files: path -> SHA-256 of the wanted content.
    """
    plan = missing_packages(facts, packages)
    for name in modules:
        if not facts["kernel_modules"].get(name):
            plan.append(change("load", "kernel module %s" % name, "not there", after=name))
    for name, value in sorted(sysctls.items()):
        actual = facts["sysctls"].get(name)
        if actual != " ".join(str(value).split()):
            plan.append(change("set", "sysctl %s" % name, "differs", before=actual, after=str(value)))
    return plan + file_plan(facts, files)


def file_plan(facts, files, mode="0644"):
    """Files whose content, mode or owner differs from what is wanted."""
    plan = []
    for path, digest in sorted(files.items()):
        actual = facts["files"].get(path)
        if actual is None:
            plan.append(change("write", path, "missing", after=digest[:12]))
        elif actual["sha256"] != digest:
            plan.append(change("write", path, "its content differs", before=actual["sha256"][:12], after=digest[:12]))
        elif (actual["mode"], actual["uid"], actual["gid"]) != (mode, 0, 0):
            before = "%s %s:%s" % (actual["mode"], actual["uid"], actual["gid"])
            plan.append(change("own", path, "its mode or owner differs", before=before, after="%s 0:0" % mode))
    return plan


def networks_plan(facts, networks):
    """Networks of role swarm_networks that have to be made, replaced, removed, or that differ: those options."""
    actual = {item["name"]: item for item in facts["swarm"].get("networks") or []}
    todo = []
    for item in networks:
        try:
            if _network.make_plan(item, actual.get(item["name"])):
                todo.append(item)
        except PlanError:
            todo.append(item)  # the module says what is wrong, as a failed task
    return todo
