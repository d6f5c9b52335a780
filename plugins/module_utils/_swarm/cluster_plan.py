# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: the plan of the whole cluster, made from the states of all hosts at once. Pure functions.

No decision is made for one host alone: a second cluster, a lost quorum or a node of another swarm is only seen across all hosts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Collection, Mapping, TypedDict

from .._core.plan import change
from . import healing, membership, out_of_service
from .cluster_state import View
from .members import changes_to_come, member_changes
from .settings import HOUR, SECOND, settings_plan

if TYPE_CHECKING:
    from .._core.facts import ApiObject, SwarmFacts
    from .._core.plan import Plan
    from .cluster_state import Host
    from .healing import Rejoin


# The Spec of a swarm that was just made, as far as settings are about it.
FRESH: ApiObject = {
    "CAConfig": {"NodeCertExpiry": 2160 * HOUR},
    "Dispatcher": {"HeartbeatPeriod": 5 * SECOND},
    "EncryptionConfig": {"AutoLockManagers": False},
    "Orchestration": {"TaskHistoryRetentionLimit": 5},
    "Raft": {"SnapshotInterval": 10000, "KeepOldSnapshots": 0, "LogEntriesForSlowFollowers": 500},
}

INSIDE = (
    "the host is not in a swarm, but %(host)s is, with managers at %(through)s, and none of them could be asked: a "
    "second swarm is not made. Start a manager (and run again without --limit), restore the swarm from a backup with "
    "playbooks/restore.yml, or take %(host)s out with 'docker swarm leave --force'"
)
UNREAD = (
    "a swarm is only made when the state of every host is known, and these were not read: %s. Start them, run again "
    "without --limit, or take them out of the inventory"
)
ELSEWHERE = "the swarm is initialised on %s, which is excluded by --limit: run again without --limit"


class UnlockKeys(TypedDict):
    found: bool  # whether the controller has unlock keys
    dir: str  # the controller's folder with its secrets
    known: list[str]  # digests of its keys


class SwarmChanges(TypedDict):
    """What has to be done for the swarm."""

    manager: str | None  # through which host the cluster is asked
    cluster_id: str | None
    init: str | None  # who initialises the swarm
    join: dict[str, str]  # host -> role
    unlock: list[str]  # hosts
    rejoin: dict[str, Rejoin]  # hosts that leave before they join
    settings: Plan  # changes of the swarm's settings
    keep_key: bool  # whether the swarm's unlock key is to be kept on the controller
    record: list[str]  # hosts that lack the record of their membership
    members: Plan  # changes of the cluster's objects, made on the manager
    steps: Plan  # all of it, to show


class SwarmPlan(SwarmChanges):
    problems: dict[str, list[str]]  # texts by host: nothing may be done where there is one


def swarm_plan(
    hosts: Mapping[str, Host],
    forms: bool = True,
    settings: Any = None,
    keys: UnlockKeys | None = None,
    ended: Collection[str] = (),
) -> SwarmPlan:
    """What has to be done so that the hosts are one swarm with the wanted roles, labels and availability.

    :param hosts: in the order of the inventory.
    :param forms: whether this run makes the swarm. One that does not, has no reason to stop because it must not.
    :param settings: the wanted settings of the swarm, as :func:`settings.settings_plan` takes them.
    :param ended: runs that are known to have ended, as :mod:`out_of_service` has them.
    """
    keys = keys or {"found": False, "dir": "swarm_cluster_secrets_dir", "known": []}
    states = {host: item["facts"]["swarm"] for host, item in hosts.items() if item["facts"]}
    manager = _acting_manager(states, hosts)
    view = View(hosts, states, manager)
    clusters = _clusters(states)
    if len(clusters) > 1:
        for cluster, members in clusters.items():
            for host in members:
                view.problem(host, _two_clusters(host, cluster, clusters))
    state = states[manager] if manager else None
    key = state.get("unlock_key") if state else None
    keep_key = bool(key) and key not in keys["known"]
    heal = healing.heal_plan(view, keys["found"] or bool(key), keys["dir"])
    plan: SwarmPlan = {
        "problems": view.problems,
        "manager": manager,
        "cluster_id": state["cluster_id"] if state else None,
        "init": None,
        "join": {},
        "unlock": heal["unlock"],
        "rejoin": heal["rejoin"],
        "settings": [],
        "keep_key": keep_key,
        "record": [],
        "members": [],
        "steps": [],
    }
    later: Plan = []
    if not heal["unlock"]:
        outside = [host for host in hosts if host in states and states[host]["state"] == "inactive"]
        if outside and not manager:
            plan["init"] = plan["manager"] = _initialiser(view, forms)
        if plan["manager"]:
            plan["join"] = {
                host: hosts[host]["role"] for host in outside if host != plan["init"] and hosts[host]["here"]
            }
            for host in plan["join"] if manager else ():
                problem = membership.join_problem(states[host], plan["cluster_id"])
                if problem:
                    view.problem(host, problem)
            plan["settings"] = settings_plan(settings or {}, state["spec"] if state else FRESH)
        if manager:
            plan["record"] = _unrecorded(view, plan)
            waiting = bool(heal["waiting"]) or view.gains()
            plan["members"], later = member_changes(view, heal["rejoin"], waiting, _held(view, manager, ended))
    plan["steps"] = (
        _key_step(keep_key, keys) + _steps(view, plan, heal["waiting"]) + plan["settings"] + plan["members"] + later
    )
    return plan


def _clusters(states: Mapping[str, SwarmFacts]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for host, state in states.items():
        if state["cluster_id"]:
            found.setdefault(state["cluster_id"], []).append(host)
    return found


def _two_clusters(host: str, cluster: str, clusters: Mapping[str, list[str]]) -> str:
    others = "; ".join(
        "%s in %s" % (", ".join(members), name[:12]) for name, members in clusters.items() if name != cluster
    )
    return (
        "%s is in swarm %s, but there is another one: %s. Decide which one stays, and take the hosts of the other out "
        "with 'docker swarm leave --force'" % (host, cluster[:12], others)
    )


def able_managers(states: Mapping[str, SwarmFacts]) -> list[str]:
    """The hosts that can be asked for the swarm."""
    return [
        host for host, state in states.items() if state["state"] == "active" and state["manager"] and state["quorum"]
    ]


def _acting_manager(states: Mapping[str, SwarmFacts], hosts: Mapping[str, Host]) -> str | None:
    """The first manager with a quorum, if possible one that stays a manager where it is.

    The leader has no advantage, since any manager passes requests on to it.
    """
    able = healing.prefer_unmoved(hosts, states, able_managers(states))
    return next((host for host in able if hosts[host]["role"] == "manager"), able[0] if able else None)


def _initialiser(view: View, forms: bool) -> str | None:
    """The host that may make a new cluster: only where it is certain that there is none yet."""
    managers = [host for host, item in view.hosts.items() if item["role"] == "manager"]
    if not managers:
        return None
    inside = {host: state for host, state in view.states.items() if state["state"] != "inactive"}
    refusal = None
    if inside:
        host, state = next(iter(inside.items()))
        through = ", ".join(item["addr"] for item in state["managers"]) or "an unknown address"
        refusal = INSIDE % {"host": host, "through": through}
    elif view.unread:
        refusal = UNREAD % ", ".join(view.unread)
    elif not view.hosts[managers[0]]["here"]:
        refusal = ELSEWHERE % managers[0]
    if not refusal:
        asked = {host: membership.new_swarm_problem(state) for host, state in view.states.items()}
        for host, problem in asked.items():
            if problem and forms:
                view.problem(host, problem)
        return None if any(asked.values()) else managers[0]
    if forms:
        for name in view.states:
            if name not in inside:
                view.problem(name, refusal)
    return None


def _held(view: View, manager: str, ended: Collection[str]) -> list[str]:
    """The nodes that another run may be at work on."""
    facts, state = view.hosts[manager]["facts"], view.states[manager]
    now = facts["machine"].get("time", 0.0) if facts else 0.0
    return out_of_service.held(state["spec"], state["nodes"], now, ended)


def _unrecorded(view: View, plan: SwarmPlan) -> list[str]:
    """Members of this swarm that lack the record of it, such as those of before there was one, or restored ones."""
    return [
        host
        for host, state in view.states.items()
        if view.hosts[host]["here"]
        and host not in plan["rejoin"]
        and view.entry(host)
        and not membership.is_recorded(state, plan["cluster_id"])
    ]


def _steps(view: View, plan: SwarmPlan, waiting: list[str]) -> Plan:
    steps = [change("unlock", "node %s" % host, "its manager is locked") for host in plan["unlock"]]
    for host, item in plan["rejoin"].items():
        steps.append(change("rejoin", "node %s" % host, item["why"], after=view.hosts[host]["role"]))
    if plan["init"]:
        where = "manager %s at %s" % (plan["init"], view.hosts[plan["init"]]["address"])
        steps.append(change("initialise", "swarm", "no host is in one", after=where))
    for host, role in plan["join"].items():
        steps.append(change("join", "node %s" % host, "not in the swarm", after=role))
    joining = ([plan["init"]] if plan["init"] else []) + list(plan["join"])
    steps += changes_to_come(view, joining)
    steps += [change("rejoin", "node %s" % host, "in its turn", after=view.hosts[host]["role"]) for host in waiting]
    for host in plan["record"]:
        steps += membership.record_step(host, view.states[host])
    return steps


def _key_step(keep: bool, keys: UnlockKeys) -> Plan:
    why = "the swarm locks its managers, and the controller lacks the key"
    return [change("keep", "unlock key in %s/swarm/unlock" % keys["dir"], why)] if keep else []
