# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from tests.unit.host_example import plan

RESOLVER = {"exists": True, "dangling": None, "immutable": False, "writer": None}
CENTOS = {"id": "centos", "version": "9", "name": "CentOS Stream 9", "family": "RedHat"}


def line(name, value=None):
    return {"path": "/etc/dnsmasq.d/other", "line": 3, "name": name, "value": value}


def dns(**changed):
    return dict({"resolvers": ["192.0.2.1"], "port_53": [], "resolv_conf": RESOLVER, "dnsmasq": [], "dnsmasq_error": None},
                **changed)  # fmt: skip


def problems(expects=(), servers=("node1",), **facts):
    wanted = dict(facts, expects={"resolver": True, **dict(expects)})
    return plan(workers=(), node1=wanted, options={"dns_servers": list(servers)})["problems"]


@pytest.mark.parametrize(
    ("item", "expects", "words"),
    [
        (line("bind-interfaces"), {}, "does not start"),
        (line("bind-dynamic"), {}, None),
        (line("cache-size", "5"), {}, "swarm_dns_cache_size"),
        (line("port", "5353"), {}, "not answer on port 53"),
        (line("port", "53"), {}, None),
        (line("auth-server", "x"), {}, "refuse queries"),
        (line("no-resolv"), {}, "swarm_dns_upstreams"),
        (line("no-resolv"), {"upstreams": ["192.0.2.1"]}, None),
        (line("resolv-file", "/x"), {}, "swarm_dns_upstreams"),
    ],
)
def test_lines_of_others_are_named(item, expects, words):
    found = problems(expects, dns=dns(dnsmasq=[item]))
    if words is None:
        assert found == []
    else:
        assert found[0].startswith("node1: /etc/dnsmasq.d/other, line 3: %s" % item["name"])
        assert words in found[0]
    assert problems(expects, servers=(), dns=dns(dnsmasq=[item])) == []


def test_the_centos_family_binds_otherwise():
    assert problems(os=CENTOS, dns=dns(dnsmasq=[line("bind-interfaces")])) == []
    assert len(problems(os=CENTOS, dns=dns(dnsmasq=[line("bind-dynamic")]))) == 1


def test_what_dnsmasq_itself_says_of_other_files():
    error = "bad option at line 1 of /etc/dnsmasq.d/other"
    assert error in problems(dns=dns(dnsmasq_error=error))[0]
    assert problems(dns=dns(dnsmasq_error="illegal repeated keyword at line 8 of /etc/dnsmasq.d/dockyard.conf")) == []


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "127.0.0.1", "192.0.2.11"])
def test_another_service_on_port_53_is_named_with_its_process(address):
    owner = {"protocol": "tcp", "port": 53, "address": address, "inode": "7", "process": "unbound", "pid": 12}
    (found,) = problems(dns=dns(port_53=[address]), listeners=[owner])
    assert "swarm_dns_servers: unbound (process 12) listens on port 53 of %s" % address in found


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({}, None),
        ({"exists": False}, "does not exist"),
        ({"exists": False, "dangling": "/run/x"}, "a link to /run/x"),
        ({"immutable": True}, "chattr -ia /etc/resolv.conf"),
    ],
)
def test_a_resolver_that_cannot_be_written(changed, words):
    found = problems(dns=dns(resolv_conf=dict(RESOLVER, **changed)))
    assert (len(found) == 1 and words in found[0]) if words else found == []
    assert problems({"resolver": False}, dns=dns(resolv_conf=dict(RESOLVER, **changed))) == []


def test_one_that_is_right_already_may_be_immutable():
    assert problems(dns=dns(resolvers=["192.0.2.11"], resolv_conf=dict(RESOLVER, immutable=True))) == []


def test_who_writes_the_resolver_again_is_a_warning():
    units = {"NetworkManager.service": {"active": "active"}}
    facts = {
        "expects": {"resolver": True},
        "units": units,
        "dns": dns(resolv_conf=dict(RESOLVER, writer="NetworkManager")),
    }
    found = plan(workers=(), node1=facts, options={"dns_servers": ["node1"]})
    assert found["warnings"][0].startswith("node1: NetworkManager writes /etc/resolv.conf again")
