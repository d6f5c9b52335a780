# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: nodes that must rejoin or be unlocked, and those that cannot be repaired. Pure functions.

A node rejoins only where it is certain that it belongs to this swarm: a node of another swarm is refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Mapping, Sequence, TypedDict

from .._core.ip import host_of

if TYPE_CHECKING:
    from .._core.facts import ManagerAddress, Node, SwarmFacts
    from .cluster_state import Host, View


LOCKED = (
    "the swarm is locked on this manager, and no unlock key is here: put the key as a line into "
    "%s/swarm/unlock/any.keys on the controller, or unlock it with 'docker swarm unlock'; then run again"
)
LOCKED_ELSEWHERE = (
    "the swarm is locked on this manager, which is excluded by --limit: run again without --limit, so that it is "
    "unlocked"
)
ALONE = (
    "the node is in swarm state %s (%s), and no manager of this run can be asked about it: start a manager and "
    "run again without --limit, or take the node out with 'docker swarm leave --force', so that it rejoins"
)
PENDING_MANAGER = (
    "the manager does not come up (state pending, %s), though the swarm has it: check that the other managers reach "
    "its port 2377 and it theirs, or take it out with 'docker swarm leave --force', so that it rejoins"
)
OTHER_SWARM = (
    "%s is already in another swarm (node %s, managers %s) than %s: take it out with 'docker swarm leave --force', "
    "or out of the inventory"
)
LOST = (
    "the managers have lost their quorum: of the %d managers %d can be reached, and %d are needed. Bring the missing "
    "managers back. If they are gone for good, recover the swarm from the manager that was up last: "
    "'ansible-playbook playbooks/recover.yml -e swarm_recover=%s'"
)
UNKNOWN = (
    "the node is in swarm state %s (%s), and reports neither its node ID nor its managers: take it out with "
    "'docker swarm leave --force', so that it rejoins"
)
NOBODY = (
    "%s must rejoin (%s), and this run reaches no other manager through which it could: start one, and run again "
    "without --limit"
)
NO_QUORUM = "%s must rejoin (%s), and must not leave now: %s. Start other managers first"
# A manager gets another address only by rejoining (docker/for-linux#523), for which another manager is needed.
FIXED = (
    "%(host)s is the only manager, and the swarm knows it at %(old)s, which is no address of it any more; no swarm "
    "can change the address of its only manager. Either give the host %(old)s back for good, or: 1. give it %(old)s "
    "back for now, besides the new one; 2. set swarm_node_advertise_addr of %(host)s to the new address, put another "
    "host into the managers' group, and run site.yml: %(host)s then rejoins at its new address; 3. take %(old)s "
    "away, and restart the Engine of %(host)s: connections from that address would hang. If %(old)s is the "
    "address of a device in front of the host, set swarm_node_advertise_addr of %(host)s to it"
)


class Rejoin(TypedDict):
    why: str
    node: str | None  # the ID of its entry


class HealPlan(TypedDict):
    unlock: list[str]  # hosts that are locked
    rejoin: dict[str, Rejoin]
    waiting: list[str]  # hosts that must rejoin, after another manager is there or back


def heal_plan(view: View, has_key: bool, secrets_dir: str) -> HealPlan:
    """How nodes are repaired that cannot recover themselves."""
    unlock = _unlock(view, has_key, secrets_dir)
    if unlock:
        # The others may report something else once these are back.
        return {"unlock": unlock, "rejoin": {}, "waiting": []}
    if not view.manager:
        _without_manager(view)
        return {"unlock": [], "rejoin": {}, "waiting": []}
    voters = len(view.quorum.voters)
    rejoin: dict[str, Rejoin] = {}
    waiting: list[str] = []
    leaving = False
    for host, why, entry in _candidates(view):
        if not entry or not entry["reachability"]:
            rejoin[host] = {"why": why, "node": entry["id"] if entry else None}
        elif leaving or view.gains():
            waiting.append(host)  # one manager after the other
        elif voters == 1:
            view.problem(host, FIXED % {"host": host, "old": _known_at(view.states[host], entry)})
        elif host == view.manager:
            view.problem(host, NOBODY % (host, why))
        elif not view.quorum.allows(entry["id"]):
            view.problem(host, NO_QUORUM % (host, why, view.quorum.numbers(entry["id"])))
        else:
            rejoin[host] = {"why": why, "node": entry["id"]}
            view.quorum.lose(entry["id"])
            leaving = True
    return {"unlock": [], "rejoin": rejoin, "waiting": waiting}


def _candidates(view: View) -> list[tuple[str, str, Node | None]]:
    """Nodes that must rejoin: ``(host, why, entry)``; managers that are down come first, the one that is asked comes last."""
    found = []
    for host, state in view.states.items():
        # A manager without a quorum beside others that have one was made a worker a moment ago.
        if state["state"] not in ("active", "pending", "error") or state["quorum"] is False:
            continue
        entry = view.entry(host)
        if entry is None:
            why = _removed(host, view)
        elif state["state"] == "active":
            why = _moved(host, view.hosts[host], state, entry, view.manager)
        else:
            why = _fallen(host, state, entry, view)
        if why and view.hosts[host]["here"]:
            found.append((host, why, entry))
    alive = view.quorum.alive
    return sorted(found, key=lambda item: (item[0] == view.manager, item[2] is not None and item[2]["id"] in alive))


def prefer_unmoved(hosts: Mapping[str, Host], states: Mapping[str, SwarmFacts], able: Sequence[str]) -> list[str]:
    """The managers that can be asked, those first that are still where the swarm knows them."""

    def gone(host: str) -> bool:
        state = states[host]
        entry = next((node for node in state["nodes"] if node["id"] == state["node_id"]), None)
        return entry is not None and bool(_moved(host, hosts[host], state, entry, host))

    return sorted(able, key=gone)


def _unlock(view: View, has_key: bool, secrets_dir: str) -> list[str]:
    locked = [host for host, state in view.states.items() if state["state"] == "locked"]
    for host in locked:
        if not view.hosts[host]["here"]:
            if not view.manager:
                view.problem(host, LOCKED_ELSEWHERE)
        elif not has_key:
            view.problem(host, LOCKED % secrets_dir)
    return [host for host in locked if view.hosts[host]["here"]]


def _without_manager(view: View) -> None:
    lonely = sum(1 for state in view.states.values() if state["manager"])
    for host, state in view.states.items():
        if state["state"] in ("error", "pending"):
            view.problem(host, ALONE % (state["state"], state["error"] or "no reason given"))
        elif state["manager"] and state["quorum"] is False:
            total = len(state["managers"])
            view.problem(host, LOST % (total, lonely, total // 2 + 1, host))


def _manager_addresses(known: Mapping[str, Node], managers: list[ManagerAddress]) -> set[str]:
    found = {node["manager_addr"] for node in known.values() if node["manager_addr"]}
    return found | {item["addr"] for item in managers}


def _removed(host: str, view: View) -> str | None:
    """Why a node that the swarm has no entry of must rejoin, if it belonged to this swarm."""
    state = view.states[host]
    through = [item["addr"] for item in state["managers"]]
    known = view.states[view.manager]["managers"] if view.manager else []
    if _manager_addresses(view.known, known).intersection(through):
        return "the swarm has no entry of it any more"
    if not view.hosts[host]["here"]:
        return None
    if state["state"] == "active" or through:
        managers = ", ".join(through) or "unknown managers"
        view.problem(host, OTHER_SWARM % (host, (state["node_id"] or "?")[:12], managers, view.manager))
    else:
        view.problem(host, UNKNOWN % (state["state"], state["error"] or "no reason given"))
    return None


def _fallen(host: str, state: SwarmFacts, entry: Node, view: View) -> str | None:
    """Why a node that does not become active must rejoin. The read has waited for it by now."""
    reason = state["error"] or "no reason given"
    if state["state"] == "pending" and entry["reachability"]:
        if view.hosts[host]["here"]:
            view.problem(host, PENDING_MANAGER % reason)
        return None
    return "its state is %s: %s" % (state["state"], reason)


def _moved(host: str, wanted: Host, state: SwarmFacts, entry: Node, manager: str | None) -> str | None:
    """Why a node must rejoin with another address, or None."""
    old, explicit = _known_at(state, entry), wanted["advertise_addr"]
    if not old or ":" in old:
        return None  # unknown, or IPv6, of which the facts have no addresses
    if explicit:
        return (
            "the swarm knows it at %s, and swarm_node_advertise_addr is %s" % (old, explicit)
            if explicit != old
            else None
        )
    if old in wanted["own"] or not wanted["own"]:
        return None
    if host != manager and entry["reachability"] == "reachable":
        return None  # a device in front of it has that address
    return "the swarm knows it at %s, which is no address of it any more" % old


def _known_at(state: SwarmFacts, entry: Node) -> str | None:
    """The address by which the swarm knows a node: raft's for a manager, which no restart changes."""
    if entry["manager_addr"]:
        return host_of(entry["manager_addr"])
    return state["node_addr"] if state["node_addr"] != "0.0.0.0" else None
