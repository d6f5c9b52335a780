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


def node(number, hostname, addr, manager_addr=None):
    return {"id": f"n{number}", "hostname": hostname, "addr": addr, "role": "worker", "availability": "active", "labels": {},
            "state": "down", "reachability": None, "leader": False, "manager_addr": manager_addr}  # fmt: skip


def with_swarm(*nodes, **others):
    """The plan where node1 was read, and lists these nodes; the other hosts were not read."""
    me = dict(
        node(1, "node1", "192.0.2.11", "192.0.2.11:2377"), role="manager", state="ready", reachability="reachable"
    )
    swarm = dict(BARE, state="active", node_id="n1", node_addr="192.0.2.11", manager=True, cluster_id="c", quorum=True,
                 nodes=[me, *nodes], networks=[], settings={}, spec={}, unlock_key=None)  # fmt: skip
    hostvars = {"node1": {"swarm_cluster_node": facts(1, swarm=swarm)}}
    hostvars.update({name: {"ansible_host": host} if host else {} for name, host in others.items()})
    return cluster_plan(hostvars, ["node1"], list(others))


def test_host_outside_of_the_limit_keeps_the_address_that_the_swarm_knows():
    found = with_swarm(node(9, "node2", "192.0.2.99"), node2="198.51.100.7")
    assert found["addresses"]["node2"] == "192.0.2.99"
    assert found["hostnames"] == {"node1": "192.0.2.11", "node2": "192.0.2.99"}
    assert found["warnings"] == []


@pytest.mark.parametrize(
    ("listed", "ansible_host"),
    [
        (node(2, "node2.example", "192.0.2.12"), "node2.lan"),
        (node(2, "node2", "192.0.2.12"), None),
        (node(2, "alpha", "192.0.2.12"), "192.0.2.12"),
        (node(2, "node2", "0.0.0.0", "192.0.2.12:2377"), "node2.lan"),
    ],
)
def test_the_swarm_knows_the_address_of_a_host_that_is_down_under_its_full_or_short_name(listed, ansible_host):
    found = with_swarm(listed, **{"node2.example": ansible_host})
    assert found["addresses"] == {"node1": "192.0.2.11", "node2.example": "192.0.2.12"}
    assert (found["problems"], found["warnings"]) == ([], [])


def test_a_host_that_was_never_up_has_no_name_for_an_address():
    found = with_swarm(**{"node4.example": None, "node5": "node5.lan", "node6": "192.0.2.16", "node1.other": None})
    assert found["addresses"] == {"node1": "192.0.2.11", "node6": "192.0.2.16"}
    (warning,) = found["warnings"]
    assert warning.startswith("node4.example, node5, node1.other: could not be read and is not in the swarm")


def test_two_hosts_with_one_short_name_are_not_taken_for_the_same_node():
    found = with_swarm(node(2, "node2", "192.0.2.12"), **{"node2.east.example": None, "node2.west.example": None})
    assert found["addresses"] == {"node1": "192.0.2.11"}
