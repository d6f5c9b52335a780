# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: making one manager the only one of its swarm when the others are lost. Pure functions."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Collection, Mapping, TypedDict

from .._core.plan import PlanError, change
from .force_new_plan import decrypt, init_request, last_steps

if TYPE_CHECKING:
    from .._core.facts import ApiObject, NodeFacts, SwarmFacts
    from .._core.plan import Plan

# What a recovery that is under way leaves for the next run: {autolock, alone}.
RECOVERY_PENDING = "/etc/dockyard/recover.pending"


class RecoverPlan(TypedDict):
    problems: list[str]
    there: bool  # whether the manager has a quorum already


def recover_plan(hosts: Mapping[str, NodeFacts | None], wanted: str) -> RecoverPlan:
    """Why a swarm must not be recovered from one of its managers.

    :param hosts: host -> its facts, None where it was not read.
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
    found = recover_problems(facts["swarm"], RECOVERY_PENDING in facts["files"])
    return {"problems": problems + ["%s: %s" % (wanted, text) for text in found], "there": False}


def recover_problems(swarm: SwarmFacts, begun: bool = False) -> list[str]:
    """Why a node cannot be made the only manager of its swarm: texts.

    :param begun: whether a recovery was cut short here, which may leave its manager stopped.
    """
    # One that was booted since is pending, not active; only managers are ever locked.
    if not swarm["manager"] and swarm["state"] != "locked" and (not begun or swarm["state"] == "inactive"):
        state = "a worker" if swarm["state"] == "active" else swarm["state"]
        return ["it is no manager of a swarm (it is %s): name a manager that is still up" % state]
    return []


def raft_addr(swarm: SwarmFacts, state: ApiObject) -> str:
    """The address that a manager without a quorum has in raft.

    :param state: its ``docker-state.json`` as data.
    """
    listed = {item["node_id"]: item["addr"] for item in swarm["managers"]}
    addr = listed.get(swarm["node_id"] or "") or state.get("AdvertiseAddr") or swarm["node_addr"] or ""
    if not addr:
        raise PlanError("the address of this node is not known: see 'docker info'")
    try:
        ipaddress.ip_address(addr)
    except ValueError:
        return addr
    return "%s:2377" % (addr if ":" not in addr else "[%s]" % addr)


def recover_steps(swarm: SwarmFacts, key_encrypted: bool = False, journal: Mapping[str, bool] | None = None) -> Plan:
    """How a manager forms a new single-manager cluster: changes, whose ``do`` is the step.

    :param key_encrypted: whether its key is encrypted on the disk, as it is where managers are locked when they start.
    :param journal: what the last run left, or None.
    """
    for text in recover_problems(swarm, journal is not None):
        raise PlanError("this node: %s" % text)
    if swarm["quorum"] or (journal and journal["alone"] and swarm["state"] == "locked"):
        return last_steps("the recovery", key_encrypted) if journal else []
    steps = [
        change(
            "recover", "swarm: its managers", "they have lost their quorum",
            before=[item["addr"] for item in swarm["managers"]] or None, after=swarm["node_addr"] and [swarm["node_addr"]],
        )
    ]  # fmt: skip
    if key_encrypted:
        # For that the Engine restarts the manager, without what unlocked it, and would drop its state.
        steps.insert(0, decrypt("the swarm locks managers when they start, and this one has to start without a quorum"))
    return steps


def recover_request(swarm: SwarmFacts, state: ApiObject, addresses: Collection[str], autolock: bool) -> ApiObject:
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
