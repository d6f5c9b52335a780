# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: the plan of the whole cluster, made from the states of all hosts at once. Pure functions.

Nothing here asks one host what it should do: a second cluster, a lost quorum or a stranger can only be seen from above.
"""

from __future__ import annotations

from ansible_collections.dockyard.swarm.plugins.module_utils._drain import LABEL
from ansible_collections.dockyard.swarm.plugins.module_utils._plan import PlanError, change


def cluster_plan(hosts, forms=True):
    """What has to be done so that the hosts are one swarm with the wanted roles, labels and availability.

    :param hosts: host -> ``{role, availability, labels, address, facts}`` in inventory order; ``role`` is ``manager``
        or ``worker``; ``labels`` and ``availability`` may be None (not managed); ``facts`` is node_facts' result, or
        None for a host that was not read.
    :param forms: whether this run makes the swarm. One that does not, has no reason to stop because it must not.
    :returns: ``{problems, init, join, members, manager, cluster_id, steps}``:
        ``problems`` texts by host, nothing may be done where there is one; ``init`` the host that makes the cluster,
        or None; ``join`` host -> role; ``members`` changes of cluster objects, made on ``manager``, the host through
        which the cluster is asked; ``steps`` all of it as a plan to show.
    """
    problems: dict = {}
    states = {host: item["facts"]["swarm"] for host, item in hosts.items() if item["facts"]}
    _check_states(states, problems)
    clusters = _clusters(states)
    if len(clusters) > 1:
        for cluster, members in clusters.items():
            for host in members:
                problems.setdefault(host, []).append(_two_clusters(host, cluster, clusters))
    manager = _acting_manager(states, hosts)
    cluster = states[manager]["cluster_id"] if manager else None
    known = {node["id"]: node for node in states[manager]["nodes"]} if manager else {}
    if manager:
        _check_strangers(states, known, manager, problems)
    outside = [host for host in hosts if host in states and states[host]["state"] == "inactive"]
    init = None
    if outside and not manager:
        init = _initialiser(hosts, states, problems if forms else {})
    join = {host: hosts[host]["role"] for host in outside if host != init}
    members = _member_changes(hosts, states, known, problems, manager) if manager else []
    steps = _steps(hosts, init, join) + members
    return {
        "problems": problems,
        "manager": manager or init,
        "cluster_id": cluster,
        "init": init,
        "join": join,
        "members": members,
        "steps": steps,
    }


def _check_states(states, problems):
    # One manager without a quorum beside others that have it is starting up, or was made a worker a moment ago.
    quorate = any(state["quorum"] for state in states.values())
    for host, state in states.items():
        if state["state"] == "locked":
            problems.setdefault(host, []).append(
                "the swarm is locked on this manager: unlock it with 'docker swarm unlock', then run again"
            )
        elif state["state"] in ("error", "pending"):
            problems.setdefault(host, []).append(
                "the node is in swarm state %s (%s): wait for it to recover, or take it out with "
                "'docker swarm leave --force' so that it joins anew"
                % (state["state"], state["error"] or "no reason given")
            )
        elif state["manager"] and state["quorum"] is False and not quorate:
            problems.setdefault(host, []).append(
                "the managers have lost their quorum (%s): bring the missing managers back, or recover from this one with "
                "'docker swarm init --force-new-cluster'" % (state["error"] or "no leader")
            )


def _clusters(states):
    found: dict = {}
    for host, state in states.items():
        if state["cluster_id"]:
            found.setdefault(state["cluster_id"], []).append(host)
    return found


def _two_clusters(host, cluster, clusters):
    others = "; ".join(
        "%s in %s" % (", ".join(members), name[:12]) for name, members in clusters.items() if name != cluster
    )
    return (
        "%s is in swarm %s, but there is another one: %s. Decide which one stays, and take the hosts of the other out "
        "with 'docker swarm leave --force'" % (host, cluster[:12], others)
    )


def able_managers(states):
    """The hosts that can be asked for the swarm."""
    return [
        host for host, state in states.items() if state["state"] == "active" and state["manager"] and state["quorum"]
    ]


def _acting_manager(states, hosts):
    """The first manager with a quorum, if possible one that stays a manager.

    The leader has no advantage, since any manager passes requests on to it.
    """
    able = able_managers(states)
    return next((host for host in able if hosts[host]["role"] == "manager"), able[0] if able else None)


def _check_strangers(states, known, manager, problems):
    for host, state in states.items():
        if state["state"] == "active" and state["node_id"] not in known:
            through = ", ".join(item["addr"] for item in state["managers"]) or "unknown managers"
            problems.setdefault(host, []).append(
                "%s is already in another swarm (node %s, managers %s) than %s: take it out with "
                "'docker swarm leave --force', or out of the inventory"
                % (host, (state["node_id"] or "?")[:12], through, manager)
            )


def _initialiser(hosts, states, problems):
    """The host that may make a new cluster: only where it is certain that there is none yet."""
    managers = [host for host, item in hosts.items() if item["role"] == "manager"]
    if not managers:
        return None
    inside = {host: state for host, state in states.items() if state["state"] != "inactive"}
    if inside:
        host, state = next(iter(inside.items()))
        through = ", ".join(item["addr"] for item in state["managers"]) or "an unknown address"
        for name in states:
            if name not in inside:
                problems.setdefault(name, []).append(
                    "%s is not in a swarm, but %s is, with managers at %s, and none of them could be asked: a second "
                    "swarm is not made. Bring a manager back (and run without --limit), or take %s out with "
                    "'docker swarm leave --force'" % (name, host, through, host)
                )
        return None
    unread = [host for host in hosts if host not in states]
    if unread:
        for name in states:
            problems.setdefault(name, []).append(
                "a swarm is only made when the state of every host is known, and these were not read: %s. Bring them "
                "up, run without --limit, or take them out of the inventory" % ", ".join(unread)
            )
        return None
    return managers[0]


def _member_changes(hosts, states, known, problems, manager):
    """Roles, availability and labels of nodes that are in the cluster, and dead entries of re-imaged hosts.

    ``manager`` is asked for all of it; its own demotion waits until another manager can be asked: for the next plan.
    """
    changes = []
    by_id = {state["node_id"]: host for host, state in states.items() if state["node_id"]}
    # A host that cannot tell which node it is, since its Engine does not run or is locked, may still be the one by its name.
    told = [host for host, state in states.items() if state["state"] == "inactive" or state["node_id"]]
    names = {hosts[host]["facts"]["machine"]["hostname"] for host in told}
    voters = {node_id for node_id, node in known.items() if node["role"] == "manager"}
    alive = {node_id for node_id in voters if known[node_id]["reachability"] == "reachable"}
    # Promotions first: the more managers there are, the safer is what follows.
    order = sorted(known, key=lambda node_id: _wants_demotion(node_id, by_id, hosts, known))
    for node_id in order:
        node = known[node_id]
        host = by_id.get(node_id)
        if host is None:
            if node["hostname"] in names and node["state"] == "down" and _may_go(node_id, voters, alive):
                changes.append(_forget(node))
                voters.discard(node_id)
            continue
        wanted = hosts[host]
        if wanted["role"] == "manager" and node["role"] == "worker":
            voters.add(node_id)
            alive.add(node_id)
        if wanted["role"] == "worker" and node["role"] == "manager":
            if host == manager and changes:
                continue
            if not _may_go(node_id, voters, alive):
                problems.setdefault(host, []).append(_no_quorum(host, voters, alive))
                continue
            voters.discard(node_id)
            alive.discard(node_id)
        changes += _node_changes(host, node, _with_rest_of_drain(node, wanted))
    return changes


def _with_rest_of_drain(node, wanted):
    """A run that was to restart this node's Engine ended before it gave the availability back."""
    before = node["labels"].get(LABEL)
    if before is None:
        return wanted
    return dict(
        wanted,
        availability=wanted["availability"] or before,
        labels=dict(wanted["labels"] or {}, **{LABEL: None}),
    )


def _wants_demotion(node_id, by_id, hosts, known):
    host = by_id.get(node_id)
    return host is not None and known[node_id]["role"] == "manager" and hosts[host]["role"] == "worker"


def _may_go(node_id, voters, alive):
    """Whether the managers that remain without ``node_id`` still have a quorum."""
    if node_id not in voters:
        return True
    total = len(voters) - 1
    return total > 0 and len(alive - {node_id}) >= total // 2 + 1


def _no_quorum(host, voters, alive):
    total = len(voters) - 1
    return (
        "%s cannot be made a worker: of the %d managers that would remain %d would be reachable, and %d are needed. Bring "
        "managers back or promote others first" % (host, total, max(len(alive) - 1, 0), total // 2 + 1)
    )


def _forget(node):
    return change(
        "forget", "node %s" % node["hostname"], "it is down, and its host is here under a new identity",
        before=node["id"][:12], node=node["id"], set={},
    )  # fmt: skip


def _node_changes(host, node, wanted):
    changes = []
    if node["role"] != wanted["role"]:
        verb = "promote" if wanted["role"] == "manager" else "demote"
        changes.append(_set(verb, host, node, "role", wanted["role"]))
    if wanted["availability"] and node["availability"] != wanted["availability"]:
        changes.append(_set("set", host, node, "availability", wanted["availability"]))
    for label, value in sorted((wanted["labels"] or {}).items()):
        actual, value = node["labels"].get(label), None if value is None else str(value)
        if actual != value:
            why = "not wanted" if value is None else "differs" if label in node["labels"] else "missing"
            changes.append(
                change(
                    "label" if value is not None else "unlabel", "node %s: label %s" % (host, label), why,
                    before=actual, after=value, node=node["id"], set={"labels": {label: value}},
                )
            )  # fmt: skip
    return changes


def _set(verb, host, node, field, value):
    return change(
        verb, "node %s: %s" % (host, field), "differs",
        before=node[field], after=value, node=node["id"], set={field: value},
    )  # fmt: skip


def _steps(hosts, init, join):
    steps = []
    if init:
        steps.append(
            change(
                "initialise", "swarm", "no host is in one", after="manager %s at %s" % (init, hosts[init]["address"])
            )
        )
    for host, role in join.items():
        steps.append(change("join", "node %s" % host, "not in the swarm", after=role))
    return steps


def fixed_settings_drift(wanted, actual):
    """Settings that are fixed when a swarm is made and differ now: texts; they are told, since nothing can change them."""
    drift = []
    for name, value in sorted(wanted.items()):
        if value and actual.get(name) not in (value, None, [], 0):
            drift.append(
                "swarm setting %s is %s, wanted %s: it is fixed when a swarm is made, and cannot be changed later"
                % (name, actual.get(name), value)
            )
    return drift


def join_plan(state, wanted):
    """What one node has to do to be in the swarm: at most one change. For the module, which sees this node alone.

    :param state: the ``swarm`` part of node_facts.
    :param wanted: ``{state, role, advertise_addr, cluster_id, initialise}``.
    """
    local = state["state"]
    if wanted["state"] == "absent":
        if local == "inactive":
            return []
        return [change("leave", "swarm", "not wanted in it", before=state["node_id"])]
    if local == "active":
        return []
    if local != "inactive":
        return [change("rejoin", "swarm", "its state is %s (%s)" % (local, state["error"]), after=wanted["role"])]
    if wanted["initialise"]:
        return [change("initialise", "swarm", "not in one", after=wanted["advertise_addr"])]
    return [change("join", "swarm", "not in one", after=wanted["role"])]


def leave_trouble(state):
    """Why this node must not leave its swarm: a text, or None where nothing speaks against it."""
    if not state["manager"] or not state.get("nodes"):
        return None
    voters = {node["id"] for node in state["nodes"] if node["role"] == "manager"}
    alive = {node["id"] for node in state["nodes"] if node["reachability"] == "reachable"}
    if len(state["nodes"]) == 1 or _may_go(state["node_id"], voters, alive):
        return None
    total = len(voters) - 1
    if not total:
        return "this is the only manager: leaving ends the swarm of %d nodes. Promote another one, or set force" % (
            len(state["nodes"])
        )
    return (
        "leaving loses the quorum: of the %d managers that remain %d are reachable, and %d are needed. Bring managers "
        "back, promote others, or set force" % (total, len(alive - {state["node_id"]}), total // 2 + 1)
    )


def nodes_plan(known, wanted, forget=()):
    """The changes for nodes of a cluster, for the module that runs on a manager.

    :param known: the cluster's nodes, as node_facts gives them.
    :param wanted: list of ``{id, role, availability, labels}``; what is None is left as it is.
    :param forget: IDs of dead nodes to be removed.
    """
    by_id = {node["id"]: node for node in known}
    changes = []
    for item in wanted:
        node = by_id.get(item["id"])
        if node is None:
            raise PlanError("option nodes: the swarm has no node %s" % item["id"])
        full = {
            "role": item.get("role") or node["role"],
            "availability": item.get("availability"),
            "labels": item.get("labels"),
        }
        changes += _node_changes(node["hostname"], node, full)
    for node_id in forget:
        if node_id in by_id:
            changes.append(_forget(by_id[node_id]))
    # Promote before demoting, so that there are never fewer managers than before or after.
    return sorted(changes, key=lambda item: item["do"] == "demote")


def by_node(members):
    """Member changes as the options of swarm_nodes: ``{nodes, forget}``."""
    nodes: dict = {}
    forget = []
    for item in members:
        if item["do"] == "forget":
            forget.append(item["node"])
            continue
        entry = nodes.setdefault(item["node"], {"id": item["node"]})
        for field, value in item["set"].items():
            entry[field] = dict(entry.get(field, {}), **value) if isinstance(value, dict) else value
    return {"nodes": list(nodes.values()), "forget": forget}


def demotion_trouble(known, demoted, promoted=()):
    """Why the managers with these IDs must not be demoted, once the others are promoted: a text, or None."""
    voters = {node["id"] for node in known if node["role"] == "manager"}.union(promoted)
    alive = {node["id"] for node in known if node["reachability"] == "reachable"}.union(promoted)
    for node_id in demoted:
        if not _may_go(node_id, voters, alive):
            name = next(node["hostname"] for node in known if node["id"] == node_id)
            return _no_quorum(name, voters, alive)
        voters.discard(node_id)
        alive.discard(node_id)
    return None
