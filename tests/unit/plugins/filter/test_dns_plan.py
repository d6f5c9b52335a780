# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import hashlib

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.dockyard.swarm.plugins.filter import dns_plan as plugin
from ansible_collections.dockyard.swarm.plugins.module_utils._dns.dnsmasq import settings_of
from ansible_collections.dockyard.swarm.plugins.module_utils._dns.dnsmasq_files import render_conf, render_hosts
from ansible_collections.dockyard.swarm.plugins.module_utils._dns.role_plan import stub_text

SETTINGS = {
    "domain": "swarm.internal",
    "listen_addresses": ["192.0.2.11"],
    "upstreams_file": "/etc/dockyard/upstreams.conf",
}
RUNNING = {"active": "active", "enabled": "enabled", "masked": False}
STUB = "../run/systemd/resolve/stub-resolv.conf"


def as_file(text, mode="0644", link=None):
    return {"sha256": hashlib.sha256(text.encode()).hexdigest(), "mode": mode, "uid": 0, "gid": 0, "link": link}


def bare(resolvers=("198.51.100.1",), link=None):
    return {
        "packages": {},
        "files": {"/etc/resolv.conf": as_file("", link=link)},
        "units": {},
        "dns": {"resolvers": list(resolvers), "port_53": []},
    }


def converged():
    settings = settings_of(SETTINGS)
    return {
        "packages": {"dnsmasq": "2.90"},
        "files": {
            "/etc/resolv.conf": as_file(""),
            "/etc/dnsmasq.d/dockyard.conf": as_file(render_conf(settings)),
            "/etc/dockyard/dnsmasq.hosts": as_file(render_hosts(settings)),
            "/etc/dockyard/upstreams.conf": as_file("nameserver 198.51.100.1\n"),
        },
        "units": {"dnsmasq.service": RUNNING},
        "dns": {"resolvers": ["192.0.2.11"], "port_53": ["127.0.0.1", "192.0.2.11"]},
    }


def plan(node, settings=None, resolvers=("192.0.2.11",)):
    packages = [] if settings == {} else ["dnsmasq"]
    found = plugin.dns_plan(node, SETTINGS if settings is None else settings, resolvers, packages)
    assert found["server"] + found["resolver"] == found["all"]
    return found["all"]


def short(items):
    return [(item["stage"], item["do"], item["to"]) for item in items]


def test_nothing_to_do():
    assert plan(converged()) == []


def test_a_bare_server():
    found = short(plan(bare()))
    assert found[:2] == [
        ("server", "install", "package dnsmasq"),
        ("server", "write", "/etc/dockyard/upstreams.conf"),
    ]
    assert found[-3:] == [
        ("server", "enable", "dnsmasq.service"),
        ("server", "start", "dnsmasq.service"),
        ("resolver", "write", "/etc/resolv.conf"),
    ]


def test_a_host_that_only_asks():
    assert short(plan(bare(), {})) == [("resolver", "write", "/etc/resolv.conf")]
    assert plan(bare(["192.0.2.11"]), {}) == []
    assert plan(bare(), {}, []) == []


def test_only_three_servers_are_written_and_looked_for():
    servers = ["192.0.2.%d" % number for number in range(11, 16)]
    assert plan(bare(servers[:3]), {}, servers) == []


def test_an_interrupted_change_is_seen():
    node = converged()
    node["files"]["/etc/dockyard/dnsmasq.hosts.previous"] = as_file("{}", "0600")
    assert short(plan(node)) == [("server", "restart", "dnsmasq.service")]


def test_drift_is_seen():
    node = converged()
    node["files"]["/etc/dnsmasq.d/dockyard.conf"] = as_file("other")
    node["units"] = {"dnsmasq.service": dict(RUNNING, enabled="disabled")}
    node["dns"]["resolvers"] = ["198.51.100.1"]
    assert [item[1] for item in short(plan(node))] == ["write", "enable", "restart", "write"]


def test_port_53_of_another_service():
    node = bare()
    node["dns"]["port_53"] = ["0.0.0.0"]
    with pytest.raises(AnsibleFilterError, match="swarm_dns_servers: another service listens on port 53"):
        plan(node)


def resolved(link):
    node = bare(["127.0.0.53"], link)
    node["units"]["systemd-resolved.service"] = RUNNING
    node["dns"]["port_53"] = ["127.0.0.53"]
    return node


def test_systemd_resolved_gives_port_53_up_on_a_server():
    found = short(plan(resolved(STUB)))
    assert ("server", "link", "/etc/resolv.conf") in found
    assert ("server", "write", "/etc/systemd/resolved.conf.d/zz-dockyard-stub.conf") in found
    assert found[-1] == ("resolver", "write", "/etc/systemd/resolved.conf.d/zz-dockyard.conf")


def test_systemd_resolved_keeps_its_stub_elsewhere():
    (item,) = plan(resolved(STUB), {})
    assert item["to"] == "/etc/systemd/resolved.conf.d/zz-dockyard.conf"
    assert item["text"].splitlines()[1:] == ["[Resolve]", "DNS=", "DNS=192.0.2.11", "Domains=~."]
    node = resolved(STUB)
    node["files"][item["to"]] = as_file(item["text"])
    assert plan(node, {}) == []
    node["files"]["/etc/dockyard/resolved.pending"] = as_file("")
    assert len(plan(node, {})) == 1


def test_a_stub_that_still_listens_is_seen():
    node = resolved("/run/systemd/resolve/resolv.conf")
    node["files"]["/etc/systemd/resolved.conf.d/zz-dockyard-stub.conf"] = as_file(stub_text())
    assert any(item["to"].endswith("zz-dockyard-stub.conf") for item in plan(node))
    node["dns"]["port_53"] = []
    assert not any(item["to"].endswith("zz-dockyard-stub.conf") for item in plan(node))


def test_a_resolver_file_keeps_everything_but_the_servers():
    text = "search a.example\nnameserver 198.51.100.1\noptions ndots:2\n nameserver 198.51.100.2\n"
    new = plugin.resolv_conf(text, ["192.0.2.11"])
    assert new.splitlines()[1:] == ["search a.example", "options ndots:2", "nameserver 192.0.2.11"]
    assert plugin.resolv_conf(new, ["192.0.2.11"]) == new


def test_upstream_servers_are_those_of_others():
    text = "nameserver 127.0.0.53\nnameserver 192.0.2.11\nnameserver 198.51.100.1\n"
    assert plugin.upstream_servers(text, ["192.0.2.11"]).splitlines()[1:] == ["nameserver 198.51.100.1"]
    with pytest.raises(AnsibleFilterError, match="swarm_dns_upstreams: the host has no name server of its own"):
        plugin.upstream_servers("nameserver 127.0.0.53\n", [])


def test_records_of_hosts_come_first_and_give_way_to_the_users():
    own = [{"name": "node2", "type": "A", "value": "192.0.2.99"}, {"name": "a", "type": "CNAME", "value": "node1"}]
    hosts = {"Node1": "192.0.2.11", "node2": "192.0.2.12", "node3.swarm.internal": "192.0.2.13"}
    hosts["192.0.2.14"] = "192.0.2.14"
    names = {"registry.swarm.internal": ["192.0.2.11", "192.0.2.11"]}
    found = plugin.dns_records(own, hosts, names, "swarm.internal.")
    made = [
        {"name": "node1.swarm.internal", "type": "A", "value": "192.0.2.11"},
        {"name": "node3.swarm.internal", "type": "A", "value": "192.0.2.13"},
        {"name": "registry.swarm.internal", "type": "A", "value": "192.0.2.11"},
    ]
    assert found == made + own


def test_bad_records_are_told_by_their_place_in_the_users_list():
    with pytest.raises(AnsibleFilterError, match=r"swarm_dns_records\[0\] \(x\): type: 'FOO' is unknown"):
        plugin.dns_records([{"name": "x", "type": "FOO", "value": "y"}], {"node1": "192.0.2.11"}, {}, "swarm.internal")
    alias = [{"name": "x", "type": "CNAME", "value": "elsewhere.example"}]
    with pytest.raises(AnsibleFilterError, match="is none of the records"):
        plugin.dns_records(alias, {}, {}, "swarm.internal")
    assert plugin.dns_records(alias, {}, {}, "swarm.internal", strict=False) == alias


HOSTVARS = {"node1": {"ansible_host": "192.0.2.11"}, "node4.example": {"ansible_host": "node4.lan"}, "192.0.2.15": {}}


def test_where_only_a_name_is_known_there_is_no_address():
    found = plugin.dns_hosts(HOSTVARS, ["node4.example", "node1", "192.0.2.15", "elsewhere"], {"node1": "198.51.100.1"})
    assert found == {"node4.example": "", "node1": "198.51.100.1", "192.0.2.15": "192.0.2.15", "elsewhere": ""}
    assert list(found) == ["node4.example", "node1", "192.0.2.15", "elsewhere"]


def test_a_host_that_is_down_breaks_no_record():
    led = [{"name": "logs", "hosts": ["node4.example"]}, {"name": "registry", "hosts": ["node1", "node4.example"]}]
    names = plugin.dns_names(led, {}, HOSTVARS)
    assert names == {"logs": [], "registry": ["192.0.2.11"]}
    hosts = plugin.dns_hosts(HOSTVARS, HOSTVARS, {})
    aliases = [
        {"name": "a", "type": "CNAME", "value": "logs"},
        {"name": "b", "type": "CNAME", "value": "node4.example.swarm.internal"},
    ]
    found = plugin.dns_records(aliases, hosts, names, "swarm.internal")
    assert [item["name"] for item in found] == ["node1.swarm.internal", "registry.swarm.internal", "a", "b"]
