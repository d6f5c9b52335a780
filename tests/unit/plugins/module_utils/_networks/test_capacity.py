# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.dockyard.swarm.plugins.module_utils._networks import capacity


def network(*subnets, **changed):
    parts = [{"subnet": subnet, "gateway": gateway, "ip_range": range_} for subnet, gateway, range_ in subnets]
    return dict({"id": "n1", "name": "apps", "driver": "overlay", "ingress": False, "subnets": parts}, **changed)


@pytest.mark.parametrize(
    ("subnets", "size"),
    [
        ([("10.20.0.0/24", "10.20.0.1", None)], 253),
        ([("10.20.0.0/24", "10.20.0.1", "10.20.0.128/25")], 127),
        ([("10.20.0.0/24", "10.20.0.129", "10.20.0.128/28")], 15),
        ([("10.20.0.0/28", "10.20.0.1", None), ("10.20.1.0/28", "10.20.1.1", None)], 26),
    ],
)
def test_addresses_that_a_network_gives_away(subnets, size):
    assert capacity.size(network(*subnets)) == size


def task(node, state="running", net="n1"):
    attachments = [{"Network": {"ID": net}, "Addresses": ["10.20.0.9/24"]}]
    return {"Status": {"State": state}, "NodeID": node, "NetworksAttachments": attachments}


def test_tasks_services_and_nodes_take_addresses():
    nets = [network(), network(id="n2", ingress=True)]
    services = [
        {"Endpoint": {"VirtualIPs": [{"NetworkID": "n1", "Addr": "10.20.0.2/24"}, {"NetworkID": "n9", "Addr": "x"}]}},
        {},
    ]
    tasks = [task("a"), task("a"), task("b"), task("c", "shutdown"), task("", "pending")]
    found = capacity.taken(nets, services, tasks, 5)
    assert found["n1"] == {"tasks": 4, "services": 1, "nodes": 2}
    assert found["n2"] == {"tasks": 0, "services": 0, "nodes": 5}


def test_forecast_leaves_each_node_an_address_for_its_load_balancer():
    net = network(("10.20.0.0/28", "10.20.0.1", None), taken={"tasks": 5, "services": 1, "nodes": 2})
    assert capacity.forecast(net, 3) == {"size": 13, "taken": 8, "fits": 4}
    assert capacity.forecast(dict(net, taken=None), 3) is None


def test_network_that_is_almost_full_is_told_from_80_percent_on():
    net = network(("10.20.0.0/28", "10.20.0.1", None), taken={"tasks": 7, "services": 1, "nodes": 2})
    assert capacity.almost_full([net], {"apps": capacity.forecast(net, 2)}) == []
    net["taken"]["tasks"] = 8
    (text,) = capacity.almost_full([net], {"apps": capacity.forecast(net, 2)})
    assert "network apps: 11 of 13 addresses are taken, by 8 tasks, 1 services and 2 nodes; 2 more tasks fit" in text
