# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: the plan that brings container logs to the collector. Pure: no I/O.

A daemon reads its files only when it starts. So each daemon has a stamp, a file that is written after its restart and
tells with which files that was (the ``after`` of the change, and a line end). A run that was cut short between the
two leaves no right stamp behind, and the next one restarts the daemon.
"""

from __future__ import annotations

import hashlib
import re

from ansible_collections.dockyard.swarm.plugins.module_utils._host_plan import (
    folder_plan,
    looks,
    looks_like,
    missing_packages,
)
from ansible_collections.dockyard.swarm.plugins.module_utils._plan import PlanError, change

UNWANTED = "this host does not need it any more"
SIZE = re.compile(r"[1-9][0-9]*[KMGT]\Z")


def digest(text):
    """SHA-256 of a text as it lies on the disk."""
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def files_sum(files, unit):
    """One sum over all files that a unit reads, as its stamp tells it."""
    parts = ["%s %s" % (item["path"], digest(item["content"])) for item in files if _is_for(item, unit)]
    return "files " + digest("\n".join(sorted(parts)))


def check_sizes(sizes):
    """Sizes are written as journald and rsyslog both read them."""
    for option, value in sorted(sizes.items()):
        if not SIZE.match(str(value)):
            raise PlanError("%s is %r: write a number and K, M, G or T, for example 1G." % (option, value))


def make_plan(node, packages, files, units, folders=()):
    """The changes that a host needs.

    :param node: what ``node_facts`` read.
    :param packages: names that must be installed.
    :param files: ``[{path, content, mode, unit, present}]``; all belong to root.
    :param units: ``[{name, stamp, own, present}]``: the daemons that read the files; one that is not ``own`` belongs
        to the host and is only restarted where it runs.
    :param folders: ``[{path, mode, gid}]``: folders that the daemons write to.
    """
    plan = missing_packages(node, packages) + folder_plan(node, folders)
    have = node.get("files") or {}
    touched = set()
    for item in files:
        found = _plan_file(item, have.get(item["path"]))
        plan += found
        if found:
            touched.add(item["unit"])
    for unit in units:
        plan += _plan_unit(unit, files, have, node.get("units") or {}, unit["name"] in touched)
    return plan


def _is_for(item, unit):
    return item["unit"] == unit and item.get("present", True)


def _plan_file(item, have):
    path = item["path"]
    if not item.get("present", True):
        if have is None:
            return []
        return [_removal(path)]
    if have is None:
        return [change("write", path, "it is not there", before="absent", after=looks_like(item["mode"]))]
    if have.get("link"):
        return [change("write", path, "it is a symbolic link", before="link to %s" % have["link"], after="file")]
    if have.get("sha256") != digest(item["content"]):
        return [change("write", path, "its content differs", before="old content", after="new content")]
    before, after = looks(have), looks_like(item["mode"])
    if before != after:
        return [change("write", path, "its mode or owner differs", before=before, after=after)]
    return []


def _removal(path):
    return change("remove", path, UNWANTED, before="present", after="absent")


def _plan_unit(unit, files, have, units, touched):
    name = unit["name"]
    facts = units.get(name) or {}
    if not unit.get("present", True):
        gone = [_removal(unit["stamp"])] if unit["stamp"] in have else []
        return ([change("stop", name, UNWANTED, "present", "absent")] if facts else []) + gone
    running = facts.get("active") in ("active", "reloading")
    wanted = files_sum(files, name)
    stamp = (have.get(unit["stamp"]) or {}).get("sha256")
    why = None
    if touched:
        why = "its files change"
    elif stamp != digest(wanted + "\n"):
        why = "it has not been started with its files yet"
    restart = change("restart", name, why, after=wanted, stamp=unit["stamp"])
    if not unit["own"]:
        # systemd-journald always runs; of the host's other daemons the facts tell.
        return [restart] if why and (running or name == "systemd-journald.service") else []
    plan = []
    if why:
        plan.append(restart)
    elif not running:
        plan.append(change("start", name, "it does not run", facts.get("active", "absent"), "active"))
    if facts.get("enabled") != "enabled":
        why = "it does not start at boot"
        plan.append(change("enable", name, why, facts.get("enabled", "absent"), "enabled"))
    return plan
