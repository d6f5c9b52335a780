#!/usr/bin/env python3
"""Plan a thousand hosts: the time and the memory of the whole-cluster plan and of every host's own plans.

tools/run python benchmarks/plan.py          # 1,000 hosts
tools/run python benchmarks/plan.py 3000

The states are made up, in the shape that module node_facts gives; the functions are those that a run calls.
"""

from __future__ import annotations

import copy
import json
import resource
import sys
import time
from typing import Any

from ansible_collections.dockyard.swarm.plugins.module_utils._engine import engine_plan, install
from ansible_collections.dockyard.swarm.plugins.module_utils._host import host_plan
from ansible_collections.dockyard.swarm.plugins.module_utils._networks import overlay
from ansible_collections.dockyard.swarm.plugins.module_utils._preflight import preflight

MANAGERS = 5
UNIT = {
    "active": "active", "sub": "running", "enabled": "enabled", "masked": False, "needs_daemon_reload": False,
    "path": "/usr/lib/systemd/system/docker.service", "drop_ins": [], "argv": ["/usr/sbin/dockerd", "-H", "fd://"],
}  # fmt: skip
INSTALL = install.wanted(["docker.io"], version="26")
OPTIONS = {"log-driver": "journald", "live-restore": False, "max-concurrent-downloads": 10}
SYSCTLS = {"net.ipv4.ip_forward": 1, "fs.inotify.max_user_instances": 8192}
NETWORKS = [{"name": f"net{number}", "subnet": f"10.20.{number}.0/24"} for number in range(20)]


def names(count: int) -> list[str]:
    """The hosts of the inventory."""
    return [f"node{number}" for number in range(1, count + 1)]


def address(number: int) -> str:
    """A host's address."""
    return f"172.30.{number // 250}.{number % 250}"


def node(number: int, name: str) -> dict[str, Any]:
    """A node as a manager lists it."""
    manager = number < MANAGERS
    return {
        "id": f"id-{name}", "hostname": name, "role": "manager" if manager else "worker", "availability": "active",
        "labels": {"zone": "a"}, "state": "ready", "addr": address(number), "engine": "26.1.5", "leader": number == 0,
        "reachability": "reachable" if manager else None,
        "manager_addr": f"{address(number)}:2377" if manager else None,
    }  # fmt: skip


def facts(number: int, name: str, nodes: list[dict[str, Any]], member: bool) -> dict[str, Any]:
    """What node_facts reads on one host."""
    manager = member and number < MANAGERS
    swarm: dict[str, Any] = {
        "state": "active" if member else "inactive", "error": None, "node_id": f"id-{name}" if member else None,
        "node_addr": address(number) if member else None, "manager": manager,
        "cluster_id": "c1" if manager else None, "quorum": True if manager else None,
        "managers": [{"node_id": f"id-node{m + 1}", "addr": f"{address(m)}:2377"} for m in range(MANAGERS)]
        if member else [],
    }  # fmt: skip
    if manager:
        swarm.update(
            nodes=copy.deepcopy(nodes),
            networks=[],
            services={},
            tasks={},
            secrets=[],
            configs=[],
            settings={},
            spec={},
            unlock_key=None,
        )
    return {
        "os": {"id": "debian", "version": "13", "codename": "trixie", "name": "Debian 13", "family": "Debian"},
        "machine": {"hostname": name, "machine_id": name, "memory_mib": 2048, "time": 0.0},
        "addresses": [
            {"interface": "lo", "address": "127.0.0.1", "prefix": 8, "kind": "loopback"},
            {"interface": "eth0", "address": address(number), "prefix": 16, "kind": "physical"},
            {"interface": "docker0", "address": "172.17.0.1", "prefix": 16, "kind": "bridge"},
        ],
        "routes": [
            {"destination": "0.0.0.0/0", "interface": "eth0", "gateway": "172.30.255.254"},
            {"destination": "172.30.0.0/16", "interface": "eth0", "gateway": None},
        ],
        "packages": {"docker.io": "26.1.5", "chrony": "4.6"} if member else {},
        "holds": ["docker.io"] if member else [],
        "candidates": {},
        "repository": None,
        "files": {},
        "units": {"docker.service": UNIT, "chrony.service": UNIT} if member else {},
        "sysctls": {key: str(value) for key, value in SYSCTLS.items()},
        "kernel_modules": {"overlay": True, "vxlan": True},
        "dns": {"resolvers": [], "port_53": []},
        "time_sync": "chrony.service",
        "firewall": {"unit": None, "rules": [], "table": None, "flushes": False},
        "daemon": {"exists": member, "options": OPTIONS if member else {}, "error": None, "interrupted": False},
        "engine": {"running": member, "version": "26.1.5" if member else None, "images": {}},
        "swarm": swarm,
    }  # fmt: skip


def states(count: int, member: bool) -> dict[str, dict[str, Any]]:
    """All hosts, as the whole-cluster plan takes them."""
    nodes = [node(number, name) for number, name in enumerate(names(count))]
    return {
        name: {
            "facts": facts(number, name, nodes, member), "ansible_host": address(number), "daemon_options": OPTIONS,
            "labels": {"zone": "a"}, "availability": "active", "advertise_addr": "", "here": True,
            "data_path_addr": "", "firewall_ports": [], "firewall_backend": None, "firewall_published": None, "engine": {},
            "daemon_remove": [], "plain_tcp": False, "timezone": None,
        }
        for number, name in enumerate(names(count))
    }  # fmt: skip


def plan(hosts: dict[str, dict[str, Any]]) -> tuple[dict[str, Any], int]:
    """The cluster plan, and how many changes the plans of the single hosts have."""
    listed = list(hosts)
    options = {
        "networks": NETWORKS, "macvlans": [], "dns_records": [], "dns_servers": listed[:MANAGERS], "domain": "swarm.test",
        "settings": {}, "allow_unsupported_os": False, "forms_swarm": True, "repairs": False, "swarm_settings": {},
        "unlock_keys": {"found": False, "dir": "/secrets", "known": []}, "groups": {"all": listed, "swarm": listed},
        "manager_group": "swarm_managers", "worker_group": "swarm_workers", "places": [], "other_places": [],
        "services": [], "play_hosts": listed, "outside": {}, "take_over": False, "ended": [],
        "folder": {"dir": "/secrets", "problem": None, "former": False, "secrets": []},
        "registry_users": {}, "registry_config": {},
    }  # fmt: skip
    cluster = preflight.cluster_plan(listed[:MANAGERS], listed[MANAGERS:], hosts, options)
    changes = 0
    for item in hosts.values():
        seen = item["facts"]
        changes += len(host_plan.host_plan(seen, ["chrony"], SYSCTLS, ["overlay"], [], ["chrony.service"]))
        changes += len(engine_plan.engine_plan(seen, INSTALL, OPTIONS)["all"])
    manager = hosts[cluster["manager"]]["facts"]
    return cluster, changes + len(overlay.networks_plan(manager, NETWORKS))


def measure(count: int, member: bool) -> dict[str, Any]:
    """Plan once and tell what it cost."""
    hosts = states(count, member)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    cluster, changes = plan(hosts)
    seconds = time.perf_counter() - start
    return {
        "hosts": count, "state": "converged" if member else "bare", "seconds": round(seconds, 3),
        "steps": len(cluster["swarm"]["steps"]), "changes": changes, "problems": len(cluster["problems"]),
        "states_mib": round(before / 1024), "peak_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }  # fmt: skip


if __name__ == "__main__":
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    print(json.dumps([measure(number, member=True), measure(number, member=False)], indent=2))
