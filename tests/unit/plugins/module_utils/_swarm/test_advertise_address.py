# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.dockyard.swarm.plugins.module_utils._swarm.advertise_address import advertise_addresses


def facts(*addresses, default_route="eth0", node_addr=None):
    return {
        "addresses": [
            {"interface": name, "address": text.split("/")[0], "prefix": int(text.split("/")[1]), "kind": kind}
            for name, text, kind in addresses
        ],
        "routes": [{"destination": "0.0.0.0/0", "interface": default_route, "gateway": "192.0.2.1"}],
        "swarm": {"state": "active" if node_addr else "inactive", "node_addr": node_addr},
    }


LO = ("lo", "127.0.0.1/8", "loopback")
DOCKER0 = ("docker0", "172.17.0.1/16", "bridge")


def eth(number, text):
    return ("eth%d" % number, text, "physical")


def test_docker0_is_never_taken_though_all_hosts_share_its_network():
    nodes = {name: facts(LO, DOCKER0, eth(0, "192.0.2.%d/24" % i)) for i, name in enumerate("ab", 1)}
    assert advertise_addresses(nodes) == ({"a": "192.0.2.1", "b": "192.0.2.2"}, {})


def test_the_network_that_all_hosts_share_wins_over_the_default_route():
    nodes = {
        "a": facts(eth(0, "198.51.100.1/30"), eth(1, "10.0.0.1/24")),
        "b": facts(eth(0, "198.51.100.5/30"), eth(1, "10.0.0.2/24")),
    }
    assert advertise_addresses(nodes)[0] == {"a": "10.0.0.1", "b": "10.0.0.2"}


def test_among_shared_networks_the_default_route_decides():
    nodes = {
        "a": facts(eth(0, "192.0.2.1/24"), eth(1, "10.0.0.1/24"), default_route="eth1"),
        "b": facts(eth(0, "192.0.2.2/24"), eth(1, "10.0.0.2/24"), default_route="eth1"),
    }
    assert advertise_addresses(nodes)[0] == {"a": "10.0.0.1", "b": "10.0.0.2"}


def test_what_cannot_be_decided_is_asked_for_by_option():
    nodes = {"a": facts(eth(0, "192.0.2.1/24"), eth(1, "10.0.0.1/24"), default_route="none")}
    addresses, problems = advertise_addresses(nodes)
    assert addresses == {}
    assert "swarm_node_advertise_addr" in problems["a"]
    assert "192.0.2.1 (eth0)" in problems["a"]


def test_an_explicit_address_and_that_of_a_member_stand():
    nodes = {"a": facts(eth(0, "192.0.2.1/24")), "b": facts(eth(0, "192.0.2.2/24"), node_addr="192.0.2.9")}
    assert advertise_addresses(nodes, {"a": "203.0.113.1"})[0] == {"a": "203.0.113.1", "b": "192.0.2.9"}


def test_no_address_at_all_is_a_problem():
    assert "no address" in advertise_addresses({"a": facts(LO, DOCKER0)})[1]["a"]
