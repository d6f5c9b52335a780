# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: bringing a swarm back from a backup. Pure functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Mapping, Sequence, TypedDict

from .._core.plan import PlanError, change
from .._core.versions import compare
from .force_new_plan import last_steps
from .manifest import identity

if TYPE_CHECKING:
    from .._core.facts import NodeFacts, SwarmFacts
    from .._core.plan import Plan
    from .manifest import Manifest

RESTORE_PENDING = "/etc/dockyard/restore.pending"
# Phases of a restore: the state is being put in place; it is there, and the swarm has other managers to forget.
PLACING = "placing"
STARTED = "started"


class RestorePlan(TypedDict):
    host: str | None  # where the backup is restored
    problems: list[str]
    there: bool  # whether it was restored there already


def restore_plan(
    manifest: Manifest, hosts: Mapping[str, NodeFacts | None], managers: Sequence[str], wanted: str = ""
) -> RestorePlan:
    """Where a backup is restored, and why it must not be.

    :param hosts: host -> its facts, None where it was not read; in the order of the inventory.
    :param managers: those of them that are to be managers.
    :param wanted: the host to restore on, or empty.
    """
    problems = []
    addr = manifest["advertise_addr"]
    read = {host: facts for host, facts in hosts.items() if facts and host in managers}
    having = [
        host for host in managers if host in read and addr in [item["address"] for item in read[host]["addresses"]]
    ]
    host = wanted or (having[0] if having else None)
    if wanted and wanted not in managers:
        problems.append("option swarm_backup_host: %s is no manager of the inventory" % wanted)
    elif host not in having:
        problems.append(no_address(manifest, wanted or (managers[0] if managers else "a manager")))
    there = host in read and is_restored(read[host]["swarm"], manifest)
    begun = host in read and _begun(read[host], manifest)
    for name, facts in hosts.items():
        if facts is None:
            if name in managers and not there:
                problems.append(
                    "%s: could not be read, so the old swarm may still run there: start it, or take it "
                    "out of the inventory; and run again without --limit" % name
                )
        elif not (name == host and (there or begun)) and not (there and facts["swarm"]["manager"]):
            problems += ["%s: %s" % (name, text) for text in _still_member(facts["swarm"], name in managers)]
    version = read[host]["engine"]["version"] if host in read else None
    if version:
        problems += ["%s: %s" % (host, text) for text in older_engine(version, manifest)]
    return {"host": host, "problems": problems, "there": there}


def _begun(facts: NodeFacts, manifest: Manifest) -> bool:
    """Whether a restore of this backup was cut short here: nothing else leaves its node without a quorum on its host."""
    swarm = facts["swarm"]
    return RESTORE_PENDING in facts["files"] and (
        swarm["state"] in ("locked", "stopped", "inactive", "pending", "error")
        or swarm["node_id"] == manifest["node_id"]
    )


def _still_member(swarm: SwarmFacts, manager: bool) -> list[str]:
    if swarm["state"] == "inactive" or (swarm["state"] == "active" and not swarm["manager"] and not manager):
        return []  # workers wait for their managers, and find the one that is restored
    what = "still in a swarm (%s%s)" % (swarm["state"], ", a manager" if swarm["manager"] else "")
    if swarm["manager"] and swarm["quorum"]:
        return [
            "%s, which has a quorum: there is nothing to restore. A backup only replaces a swarm that is lost" % what
        ]
    if swarm["manager"]:
        return [
            "%s without a quorum: what it knows is newer than the backup, so recover from it with playbooks/recover.yml; or, "
            "if it is to be given up, take it out with 'docker swarm leave --force'" % what
        ]
    return ["%s: take it out with 'docker swarm leave --force', or out of the inventory" % what]


def is_restored(swarm: SwarmFacts, manifest: Manifest) -> bool:
    """Whether a node is the one of the backup, in its swarm, and the swarm works."""
    same = (swarm["node_id"], swarm["cluster_id"]) == (manifest["node_id"], manifest["cluster_id"])
    return bool(same and swarm["state"] == "active" and swarm["quorum"])


def no_address(manifest: Manifest, host: str) -> str:
    """What to do where no manager has the address of the one in the backup."""
    return (
        "no manager of the inventory has the address %s, which %s had when it was backed up. The managers' state holds that "
        "address and no other can take its place: the swarm would lose its quorum as soon as a second manager joins. Give %s "
        "this address, for example with 'ip address add %s/PREFIX dev INTERFACE' and in the host's network configuration, and "
        "run again" % (manifest["advertise_addr"], manifest["hostname"], host, manifest["advertise_addr"])
    )


def older_engine(version: str, manifest: Manifest) -> list[str]:
    """Why an Engine cannot read the backup of another one: texts."""
    if compare(_plain(version), _plain(manifest["engine"])) >= 0:
        return []
    return [
        "its Engine is %s, and the backup is from %s: an older one may not understand it. Install %s or later "
        "(swarm_engine_version)" % (version, manifest["engine"], manifest["engine"])
    ]


def _plain(version: str) -> str:
    return version.split("+")[0].split("-")[0]


class HostState(TypedDict):
    """The host that a backup is restored on."""

    swarm: SwarmFacts | None  # None where the Engine does not answer
    version: str | None  # of the Engine; None where it does not answer
    root: str | None  # the Engine's folder
    addresses: list[str]
    journal: dict[str, str] | None  # what the last run left of a restore
    key_encrypted: bool  # whether the manager's key is encrypted on the disk


def node_plan(state: HostState, manifest: Manifest) -> Plan:
    """What restoring a backup takes on its host: changes, whose ``do`` is the step."""
    swarm, journal = state["swarm"], state["journal"]
    if manifest["advertise_addr"] not in state["addresses"]:
        raise PlanError(no_address(manifest, "this host"))
    if state["version"]:
        for text in older_engine(state["version"], manifest):
            raise PlanError("this host: %s" % text)
    same = journal is not None and all(journal[key] == value for key, value in identity(manifest).items())
    started = journal is not None and same and journal["phase"] == STARTED
    # It encrypts its key only once it is the only manager.
    locked = started and swarm and swarm["state"] == "locked"
    if locked or (swarm and is_restored(swarm, manifest)):
        return last_steps("the restore", state["key_encrypted"]) if same else []
    if journal is None and swarm and swarm["state"] != "inactive":
        raise PlanError(
            "this node is in a swarm (%s): take it out with 'docker swarm leave --force' first" % swarm["state"]
        )
    what = "swarm %s" % manifest["cluster_id"][:12]
    cut_short = "an earlier run was cut short"
    new = change(
        "recover",
        "%s: its managers" % what,
        cut_short if started else "those of the backup are gone",
        after="only %s" % manifest["hostname"],
    )
    if started:
        return [new]
    return [
        change(
            "put", "%s: its state" % what, cut_short if journal else "not here", after="as of %s" % manifest["created"]
        ),
        new,
    ]
