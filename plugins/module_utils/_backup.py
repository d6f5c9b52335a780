# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: backups of a swarm's managers: what they say of themselves, and the plans. Pure functions."""

from __future__ import annotations

import ipaddress

from ansible_collections.dockyard.swarm.plugins.module_utils import _settings
from ansible_collections.dockyard.swarm.plugins.module_utils._addresses import host_of
from ansible_collections.dockyard.swarm.plugins.module_utils._plan import PlanError, change
from ansible_collections.dockyard.swarm.plugins.module_utils._quorum import Quorum
from ansible_collections.dockyard.swarm.plugins.module_utils._versions import compare

# What an archive is made of; a newer collection that changes it counts on.
FORMAT = 1
ENDING = ".backup"
PLAYBOOK = "playbooks/restore.yml"


class BackupError(Exception):
    """A backup is not what it should be. The text says what is wrong with it."""


def manifest(swarm, node, addrs, engine, state, created):
    """What a backup says of itself, all but its files.

    :param swarm: this manager's ``swarm`` part of node_facts.
    :param node: this node, as node_facts lists it.
    :param addrs: the raft address of each manager, by node ID.
    :param state: the text of ``docker-state.json`` as data: how the node joined.
    """
    names = {item["id"]: item["hostname"] for item in swarm["nodes"]}
    return {
        "format": FORMAT,
        "cluster_id": swarm["cluster_id"],
        "node_id": swarm["node_id"],
        "hostname": node["hostname"],
        # Raft keeps the address that a manager joined with, whatever the node says later.
        "advertise_addr": host_of(addrs[swarm["node_id"]]),
        "raft_addr": addrs[swarm["node_id"]],
        "listen_addr": state.get("ListenAddr") or "0.0.0.0:2377",
        "data_path_addr": state.get("DataPathAddr") or "",
        "engine": engine,
        "autolock": _settings.autolock(swarm["spec"]),
        "spec": swarm["spec"],
        "created": created,
        "managers": [
            {"hostname": names.get(node_id), "node_id": node_id, "addr": addr}
            for node_id, addr in sorted(addrs.items())
        ],
    }


def freeze_trouble(nodes, node_id):
    """Why a manager had better not stand still for a moment: a text, or None.

    One or two managers have no other way.
    """
    quorum = Quorum(nodes)
    voters = len(quorum.voters)
    if voters <= 2 or quorum.survives(node_id):
        return None
    return "while it stands still for the copy, %d of %d managers can be reached, and %d are needed" % (
        len(quorum.alive - {node_id}),
        voters,
        voters // 2 + 1,
    )


def backup_trouble(swarm, force=False):
    """Why this node cannot be backed up now: a text that says what to do, or None."""
    if swarm["state"] != "active" or not swarm["manager"]:
        state = "a worker" if swarm["state"] == "active" else swarm["state"]
        return "this node is no manager of a swarm (it is %s): back up on a manager" % state
    if not swarm["quorum"]:
        return (
            "the managers have no quorum (%s), so nobody knows what the swarm's state is: bring managers back first"
            % (swarm["error"] or "no leader")
        )
    trouble = freeze_trouble(swarm["nodes"], swarm["node_id"])
    if trouble and not force:
        return "%s: bring managers back, or set swarm_backup_host to take this one all the same" % trouble
    return None


def backup_host(states, managers):
    """The manager that is backed up: one that the swarm does without for a moment, if possible not its leader.

    :param states: host -> ``swarm`` part of node_facts, of hosts that were read.
    :param managers: hosts that can be asked for the swarm.
    """
    able = [host for host in managers if host in states]
    if not able:
        return None
    nodes = {node["id"]: node for node in states[able[0]]["nodes"]}

    def order(host):
        node_id = states[host]["node_id"]
        leads = nodes.get(node_id, {}).get("leader", False)
        return (freeze_trouble(nodes.values(), node_id) is not None, leads)

    return min(able, key=order)


def file_name(cluster_id, created):
    """``CLUSTER-TIME.backup``; the names of one swarm sort by their time.

    :param created: UTC, ``2026-03-01T12:30:00Z``.
    """
    return "%s-%s%s" % (cluster_id[:12], created.replace("-", "").replace(":", ""), ENDING)


def of_cluster(names, cluster_id):
    """The backups of one swarm, newest first; its ID is that of none where it is None, of any where it is empty."""
    start = cluster_id[:12] + "-" if cluster_id else ""
    return sorted((name for name in names if name.startswith(start) and name.endswith(ENDING)), key=_time, reverse=True)


def _time(name):
    return name[: -len(ENDING)].rsplit("-", 1)[-1]


def outdated(names, new, cluster_id, keep):
    """The backups that go, once the new one is there: all of its swarm but the newest ``keep``, of which it is one."""
    others = [name for name in of_cluster(names, cluster_id) if name != new]
    return others[max(keep, 1) - 1 :]


def restore_plan(manifest, hosts, managers, wanted=""):
    """Where a backup is restored, and what speaks against it: ``{host, problems, there}``.

    :param hosts: host -> what node_facts tells of it, None where it was not read; in the order of the inventory.
    :param managers: those of them that are to be managers.
    :param wanted: the host to restore on, or empty.
    """
    problems = []
    addr = manifest["advertise_addr"]
    read = {host: hosts[host] for host in managers if hosts[host]}
    having = [host for host, facts in read.items() if addr in [item["address"] for item in facts["addresses"]]]
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
                    "%s: could not be read, so nobody knows whether the old swarm still runs there: bring it up, or take it "
                    "out of the inventory; and run without --limit" % name
                )
        elif not (name == host and (there or begun)) and not (there and facts["swarm"]["manager"]):
            problems += ["%s: %s" % (name, text) for text in _still_member(facts["swarm"], name in managers)]
    if host in read and read[host]["engine"]["version"]:
        problems += ["%s: %s" % (host, text) for text in older_engine(read[host]["engine"]["version"], manifest)]
    return {"host": host, "problems": problems, "there": there}


def _begun(facts, manifest):
    """Whether a restore of this backup was cut short here: nothing else leaves its node without a quorum on its host."""
    swarm = facts["swarm"]
    return JOURNAL in facts["files"] and (
        swarm["state"] in ("locked", "stopped", "inactive", "pending", "error")
        or swarm["node_id"] == manifest["node_id"]
    )


JOURNAL = "/etc/dockyard/restore.pending"


def _still_member(swarm, manager):
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


def is_restored(swarm, manifest):
    """Whether a node is the one of the backup, in its swarm, and the swarm works."""
    same = (swarm["node_id"], swarm["cluster_id"]) == (manifest["node_id"], manifest["cluster_id"])
    return bool(same and swarm["state"] == "active" and swarm["quorum"])


def no_address(manifest, host):
    """What to do where no manager has the address of the one in the backup."""
    return (
        "no manager of the inventory has the address %s, which %s had when it was backed up. The managers' state holds that "
        "address and no other can take its place: the swarm would lose its quorum as soon as a second manager joins. Give %s "
        "this address, for example with 'ip address add %s/PREFIX dev INTERFACE' and in the host's network configuration, and "
        "run again" % (manifest["advertise_addr"], manifest["hostname"], host, manifest["advertise_addr"])
    )


def older_engine(version, manifest):
    """Why an Engine cannot read the backup of another one: texts."""
    if compare(_plain(version), _plain(manifest["engine"])) >= 0:
        return []
    return [
        "its Engine is %s, and the backup is from %s: an older one may not understand it. Install %s or later "
        "(swarm_engine_version)" % (version, manifest["engine"], manifest["engine"])
    ]


def _plain(version):
    return version.split("+")[0].split("-")[0]


def node_plan(state, manifest):
    """What restoring a backup takes on its host: changes, whose ``do`` is the step.

    :param state: ``{swarm, version, addresses, journal, sealed}`` of this host; ``swarm`` and ``version`` are None where the
        Engine does not answer, ``journal`` is what the last run left of a restore, or None, ``sealed`` whether the manager's key
        is encrypted on the disk.
    """
    swarm, journal = state["swarm"], state["journal"]
    if manifest["advertise_addr"] not in state["addresses"]:
        raise PlanError(no_address(manifest, "this host"))
    if state["version"]:
        for text in older_engine(state["version"], manifest):
            raise PlanError("this host: %s" % text)
    same = journal is not None and [journal[key] for key in IDENTITY] == [manifest[key] for key in IDENTITY]
    # It encrypts its key only once it has gone on alone.
    locked = same and journal["phase"] == STARTED and swarm and swarm["state"] == "locked"
    if locked or (swarm and is_restored(swarm, manifest)):
        return _end("the restore", state["sealed"]) if same else []
    if journal is None and swarm and swarm["state"] != "inactive":
        raise PlanError(
            "this node is in a swarm (%s): take it out with 'docker swarm leave --force' first" % swarm["state"]
        )
    what = "swarm %s" % manifest["cluster_id"][:12]
    new = change(
        "recover", "%s: its managers" % what, "those of the backup are gone", after="%s alone" % manifest["hostname"]
    )
    if same and journal["phase"] == STARTED:
        return [dict(new, why="an earlier run was cut short")]
    why = "not here" if journal is None else "an earlier run was cut short"
    return [change("put", "%s: its state" % what, why, after="as of %s" % manifest["created"]), new]


def _end(what, sealed):
    """The steps after a manager went on alone."""
    steps = [change("end", what, "the Engine sets up networks when it starts with a quorum")]
    return ([decrypt("after a last restart of the Engine it is to go on, not to be locked")] if sealed else []) + steps


def decrypt(why):
    """Have a manager's key on the disk as without autolock; it encrypts it again as soon as it leads its swarm."""
    return change("decrypt", "swarm: the manager's key", why, before="encrypted", after="until it leads")


IDENTITY = ("cluster_id", "node_id", "created")
# Phases of a restore: the state is being put in place; it is there, and the swarm has other managers to forget.
PLACING = "placing"
STARTED = "started"


def init_request(manifest, addresses):
    """The body of the request that makes a manager the only one of its swarm, with all that the swarm has."""
    body = {
        "ForceNewCluster": True,
        "ListenAddr": manifest["listen_addr"],
        "AdvertiseAddr": manifest["raft_addr"],
        # The settings as they were when the backup was made.
        "Spec": dict(manifest["spec"], Name="default"),
    }
    if manifest["autolock"]:
        body["AutoLockManagers"] = True
    if manifest["data_path_addr"] in addresses:
        body["DataPathAddr"] = manifest["data_path_addr"]
    return body


def recover_plan(hosts, wanted):
    """What speaks against recovering a swarm from one of its managers: ``{problems, there}``.

    :param hosts: host -> what node_facts tells of it, None where it was not read.
    """
    facts = hosts.get(wanted)
    if wanted not in hosts:
        return {"problems": ["swarm_recover: %r is no host of the inventory" % wanted], "there": False}
    if facts is None:
        return {
            "problems": ["%s: could not be read: bring it up, or recover from another manager" % wanted],
            "there": False,
        }
    if facts["swarm"]["manager"] and facts["swarm"]["quorum"]:
        return {"problems": [], "there": True}
    problems = [
        "%s is a manager and has a quorum: the swarm is not lost, and a second one must not be made of %s. If %s is to be part "
        "of the swarm again, take it out with 'docker swarm leave --force' and run playbooks/site.yml"
        % (host, wanted, wanted)
        for host, item in hosts.items()
        if item and item["swarm"]["manager"] and item["swarm"]["quorum"]
    ]
    if facts["swarm"]["state"] == "locked":
        problems += [
            "%s is locked, as %s is: there may be a quorum once they are unlocked, which playbooks/site.yml does. If %s is lost, "
            "take it out with 'docker swarm leave --force'" % (host, wanted, host)
            for host, item in hosts.items()
            if host != wanted and item and item["swarm"]["state"] == "locked"
        ]
    trouble = recover_trouble(facts["swarm"], RECOVERY in facts["files"])
    return {"problems": problems + ["%s: %s" % (wanted, text) for text in trouble], "there": False}


def recover_trouble(swarm, begun=False):
    """Why a node cannot be made the only manager of its swarm: texts.

    :param begun: whether a recovery was cut short here, which may leave its manager stopped.
    """
    # One that was booted since is pending, not active; only managers are ever locked.
    if not swarm["manager"] and swarm["state"] != "locked" and (not begun or swarm["state"] == "inactive"):
        state = "a worker" if swarm["state"] == "active" else swarm["state"]
        return ["it is no manager of a swarm (it is %s): name a manager that is still up" % state]
    return []


def raft_addr(swarm, state):
    """The address that a manager without a quorum has in raft.

    :param state: its ``docker-state.json`` as data.
    """
    listed = {item["node_id"]: item["addr"] for item in swarm["managers"]}
    addr = listed.get(swarm["node_id"]) or state.get("AdvertiseAddr") or swarm["node_addr"] or ""
    if not addr:
        raise PlanError("this node does not tell its address: see 'docker info'")
    try:
        ipaddress.ip_address(addr)
    except ValueError:
        return addr
    return "%s:2377" % (addr if ":" not in addr else "[%s]" % addr)


# What a recovery that is under way leaves for the next run: {autolock, alone}.
RECOVERY = "/etc/dockyard/recover.pending"


def recover_steps(swarm, sealed=False, journal=None):
    """What it takes to let a manager go on alone: changes, whose ``do`` is the step.

    :param sealed: whether its key is encrypted on the disk, as it is where managers are locked when they start.
    :param journal: what the last run left, or None.
    """
    for text in recover_trouble(swarm, journal is not None):
        raise PlanError("this node: %s" % text)
    if swarm["quorum"] or (journal and journal["alone"] and swarm["state"] == "locked"):
        return _end("the recovery", sealed) if journal else []
    steps = [
        change(
            "recover", "swarm: its managers", "they have lost their quorum",
            before=[item["addr"] for item in swarm["managers"]] or None, after=swarm["node_addr"] and [swarm["node_addr"]],
        )
    ]  # fmt: skip
    if sealed:
        # The Engine starts the manager anew for that, without what unlocked it, and would drop its state.
        steps.insert(0, decrypt("the swarm locks managers when they start, and this one has to start without a quorum"))
    return steps


def recover_request(swarm, state, addresses, autolock):
    """The body of the request that does so. All settings stay but this one, which is off where it is not named."""
    return init_request(
        {
            "listen_addr": state.get("ListenAddr") or "0.0.0.0:2377",
            "raft_addr": raft_addr(swarm, state),
            "data_path_addr": state.get("DataPathAddr") or "",
            "autolock": autolock,
            "spec": {"EncryptionConfig": {"AutoLockManagers": autolock}},
        },
        addresses,
    )
