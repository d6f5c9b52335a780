# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hosts as node_facts reads them, and the cluster plan over them, for tests of what is checked before a run."""

from __future__ import annotations

from ansible_collections.dockyard.swarm.plugins.filter.cluster_plan import cluster_plan
from tests.unit.swarm_example import BARE

FIREWALL = {"unit": None, "rules": [], "table": None, "flushes": False, "zones": []}


def facts(number, **changed):
    found = {
        "os": {"id": "debian", "version": "13", "name": "Debian 13", "family": "Debian"},
        "machine": {"hostname": "node%d" % number},
        "addresses": [{"interface": "eth0", "address": "192.0.2.1%d" % number, "prefix": 24, "kind": "physical"}],
        "routes": [{"destination": "0.0.0.0/0", "interface": "eth0", "gateway": "192.0.2.1"}],
        "units": {},
        "firewall": FIREWALL,
        "daemon": {"exists": False, "options": {}, "error": None, "interrupted": False},
        "engine": {"version": None},
        "dns": {"resolvers": [], "port_53": []},
        "swarm": BARE,
    }
    return dict(found, **changed)


def plan(managers=("node1",), workers=("node2",), options=None, variables=None, **changed):
    hostvars = {
        name: dict(
            {"swarm_cluster_node": dict(facts(i), **changed.get(name, {})), "ansible_host": "192.0.2.1%d" % i},
            **(variables or {}),
        )
        for i, name in enumerate([*managers, *workers], 1)
    }
    return cluster_plan(hostvars, list(managers), list(workers), options=options or {})
