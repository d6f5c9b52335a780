# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.dockyard.swarm.plugins.filter.cluster_plan import cluster_plan
from tests.unit.host_example import facts, plan
from tests.unit.swarm_example import BARE


def test_addresses_by_the_names_that_hosts_have_themselves():
    found = plan(node1={"machine": {"hostname": "alpha.lab.example"}})
    assert found["hostnames"] == {"alpha.lab.example": "192.0.2.11", "node2": "192.0.2.12"}


@pytest.mark.parametrize(
    ("data_path", "found"), [("", "192.0.2.11"), ("198.51.100.1", "198.51.100.1"), ("eth0", "192.0.2.11")]
)
def test_where_the_traffic_of_overlay_networks_comes_from(data_path, found):
    variables = {"swarm_node_data_path_addr": data_path}
    assert plan(workers=(), variables=variables)["data_paths"] == {"node1": found}


def test_host_outside_of_the_limit_keeps_the_address_that_the_swarm_knows():
    node = {"id": "n9", "hostname": "node2", "addr": "192.0.2.99", "role": "worker", "availability": "active",
            "labels": {}, "state": "ready", "reachability": None, "manager_addr": None}  # fmt: skip
    me = dict(
        node,
        id="n1",
        hostname="node1",
        addr="192.0.2.11",
        role="manager",
        reachability="reachable",
        manager_addr="192.0.2.11:2377",
    )
    swarm = dict(BARE, state="active", node_id="n1", node_addr="192.0.2.11", manager=True, cluster_id="c", quorum=True,
                 nodes=[me, node], networks=[], settings={}, spec={}, unlock_key=None)  # fmt: skip
    hostvars = {"node1": {"swarm_cluster_node": facts(1, swarm=swarm)}, "node2": {"ansible_host": "198.51.100.7"}}
    found = cluster_plan(hostvars, ["node1"], ["node2"])
    assert found["addresses"]["node2"] == "192.0.2.99"
    assert found["hostnames"] == {"node1": "192.0.2.11", "node2": "192.0.2.99"}
