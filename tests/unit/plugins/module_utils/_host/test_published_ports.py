# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import ipaddress

from ansible_collections.dockyard.swarm.plugins.module_utils._host import published_ports

# As iptables 1.8.11 lists it on a node of Engine 26.1.5.
LISTING = """\
-N DOCKER-INGRESS
-A DOCKER-INGRESS -p udp -m udp --dport 5353 -j DNAT --to-destination 172.18.0.2:5353
-A DOCKER-INGRESS -p tcp -m tcp --dport 8443 -j DNAT --to-destination 172.18.0.2:8443
-A DOCKER-INGRESS -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.18.0.2:8080
-A DOCKER-INGRESS -j RETURN
"""
MESH = (
    "ipv4     2 tcp      6 86399 ESTABLISHED src=10.77.1.1 dst=10.77.1.12 sport=55556 dport=8080 src=172.18.0.2 dst=10.77.1.1 "
    "sport=8080 dport=55556 [ASSURED] mark=0 use=2"
)
OUTBOUND = (
    "ipv4     2 tcp      6 86399 ESTABLISHED src=172.18.0.5 dst=192.0.2.9 sport=50000 dport=443 src=192.0.2.9 dst=10.77.1.12 "
    "sport=443 dport=50000 [ASSURED] mark=0 use=2"
)


def test_published_ports_are_those_of_the_mesh():
    assert published_ports.published(LISTING) == [8080, 8443]
    assert published_ports.published(None) == []


def test_each_port_is_refused_on_its_way_to_the_mesh_and_to_the_daemon():
    rules = published_ports.refusals([8080], 60)
    assert [rule[0] for rule in rules] == ["FORWARD", "INPUT"]
    for rule in rules:
        assert rule[rule.index("--dport") + 1] == "8080"
        assert rule[rule.index("--ctstate") + 1] == "NEW"
        assert "--datestop" in rule


def test_only_connections_that_come_in_are_waited_for():
    bridge = [ipaddress.ip_network("172.18.0.0/16")]
    assert published_ports._answered_by(MESH, bridge)
    assert not published_ports._answered_by(OUTBOUND, bridge)
