"""Swarms as data, for tests of plans: what node_facts would give."""

from __future__ import annotations

BARE = {
    "state": "inactive", "error": None, "node_id": None, "node_addr": None, "manager": False, "cluster_id": None,
    "managers": [], "quorum": None,
}  # fmt: skip
SPEC = {
    "Name": "default",
    "CAConfig": {"NodeCertExpiry": 2160 * 3600 * 10**9},
    "Dispatcher": {"HeartbeatPeriod": 5 * 10**9},
    "EncryptionConfig": {"AutoLockManagers": False},
    "Orchestration": {"TaskHistoryRetentionLimit": 5},
    "Raft": {"SnapshotInterval": 10000, "KeepOldSnapshots": 0, "LogEntriesForSlowFollowers": 500},
}


def address(name):
    """The address of a host of the example; m1 and w1 have different ones."""
    return "192.0.2.%d" % (sum(map(ord, name)) % 250 + 1)


def node(name, role="worker", state="ready", labels=None, availability="active", **changed):
    """One entry of the swarm's list."""
    manager = role == "manager"
    reachable = "reachable" if manager and state == "ready" else "unreachable" if manager else None
    entry = {
        "id": "id-" + name, "hostname": name, "role": role, "availability": availability, "labels": labels or {},
        "state": state, "addr": address(name), "engine": "26.1", "leader": False, "reachability": reachable,
        "manager_addr": address(name) + ":2377" if manager else None,
    }  # fmt: skip
    return dict(entry, **changed)


def inside(name, manager=False, cluster="c1", nodes=(), quorum=True, **changed):
    """The swarm as a member sees it."""
    facts = dict(BARE, state="active", node_id="id-" + name, node_addr=address(name))
    facts["managers"] = [{"node_id": "id-m1", "addr": address("m1") + ":2377"}]
    if manager:
        facts.update(manager=True, cluster_id=cluster, quorum=quorum, nodes=list(nodes), spec=SPEC, unlock_key=None)
    return dict(facts, **changed)


def host(swarm, role="worker", hostname=None, **changed):
    """One host as the cluster's plan takes it; its only address is the one that the swarm knows it by."""
    facts = {"swarm": swarm, "machine": {"hostname": hostname}} if swarm else None
    known = swarm["node_addr"] if swarm else None
    found = {
        "role": role, "availability": None, "labels": None, "address": "192.0.2.9", "facts": facts,
        "advertise_addr": "", "own": [known] if known else ["192.0.2.9"], "here": True,
    }  # fmt: skip
    return dict(found, **changed)


def bare(role="worker", hostname=None):
    """A host that is in no swarm."""
    return host(BARE, role, hostname)


def three_managers(dead=0):
    """Entries of three managers, of which the last ones are down."""
    return [node("m%d" % i, "manager", "down" if i > 3 - dead else "ready") for i in (1, 2, 3)]
