# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.dockyard.swarm.plugins.module_utils._services import ownership

OURS = {"dockyard.swarm.managed": "true"}
WANTED = [{"name": "registry_registry", "published": ["5000"]}]


def service(name, *ports, labels=None, protocol="tcp"):
    published = [{"PublishedPort": port, "Protocol": protocol} for port in ports]
    return {"Spec": {"Name": name, "Labels": labels or {}}, "Endpoint": {"Ports": published}}


def swarm(*foreign, own=None):
    return {"foreign": ownership.foreign_objects(foreign, [], []), "services": own or {}}


def spec(*ports):
    return {"EndpointSpec": {"Ports": [{"PublishedPort": port, "Protocol": "tcp"} for port in ports]}}


def check(state, **listening):
    return ownership.check_services(WANTED, state, {host: {"listening": found} for host, found in listening.items()})


def test_what_others_made_is_told_from_what_the_collection_made():
    found = ownership.foreign_objects(
        [service("web", 80, 443), service("registry_registry", 5000, labels=OURS), service("dns", 53, protocol="udp")],
        [{"Spec": {"Name": "b"}}, {"Spec": {"Name": "a", "Labels": None}}, {"Spec": {"Name": "c", "Labels": OURS}}],
        [],
    )
    assert found == {"services": {"web": [80, 443], "dns": []}, "secrets": ["a", "b"], "configs": []}


def test_free_or_its_own_already():
    assert check({}) == []
    assert check({}, node1={}, node2={}) == []
    assert check(swarm(own={"registry_registry": spec(5000)}), node1={"5000": ["0.0.0.0"]}) == []


def test_a_service_of_that_name_by_others():
    ((host, text),) = check(swarm(service("registry_registry", 5000)), node1={})
    assert host is None
    assert "docker service update --label-add dockyard.swarm.managed=true registry_registry" in text


def test_the_port_by_another_service():
    for state in (swarm(service("old", 5000)), swarm(own={"old": spec(5000)})):
        ((host, text),) = check(state, node1={"5000": ["::"]})
        assert host is None
        assert "port 5000, which service registry_registry is to publish, is published by service old" in text


def test_the_port_by_a_program_on_one_host():
    moved = swarm(own={"registry_registry": spec(5001)})
    for state in ({}, moved):
        ((host, text),) = check(state, node1={}, node2={"5000": ["0.0.0.0", "::"]})
        assert host == "node2"
        assert "is used by another program on 0.0.0.0, ::" in text
