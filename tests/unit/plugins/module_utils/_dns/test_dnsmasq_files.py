# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.dockyard.swarm.plugins.module_utils._dns import dnsmasq_files
from ansible_collections.dockyard.swarm.plugins.module_utils._dns.dnsmasq import settings_of


def settings(**given_settings):
    return settings_of(dict({"domain": "swarm.internal"}, **given_settings))


def test_the_files_say_what_was_asked_for():
    wanted = settings(
        upstreams=["198.51.100.1#5353"],
        forwarders={"corp.example": ["203.0.113.53"]},
        listen_addresses=["192.0.2.11"],
        records=[
            {"name": "web", "type": "A", "value": "192.0.2.21"},
            {"name": "www", "type": "CNAME", "value": "web", "ttl": 60},
            {"name": "_sip._tcp", "type": "SRV", "value": "web", "port": 5060, "priority": 10, "weight": 5},
            {"name": "@", "type": "MX", "value": "web"},
            {"name": "@", "type": "TXT", "value": 'say "hi", \\o/'},
            {"name": "192.0.2.99", "type": "PTR", "value": "printer"},
            {"name": "fd00::1", "type": "PTR", "value": "printer"},
        ],
        extra=["log-queries"],
    )
    assert dnsmasq_files.render_hosts(wanted).splitlines()[1:] == ["192.0.2.21 web.swarm.internal"]
    assert dnsmasq_files.render_conf(wanted).splitlines()[1:] == [
        "bind-dynamic",
        "domain-needed",
        "bogus-priv",
        "no-hosts",
        "addn-hosts=/etc/dockyard/dnsmasq.hosts",
        "listen-address=192.0.2.11",
        "listen-address=127.0.0.1",
        "cache-size=1000",
        "local=/swarm.internal/",
        "no-resolv",
        "server=198.51.100.1#5353",
        "server=/corp.example/203.0.113.53",
        "cname=www.swarm.internal,web.swarm.internal,60",
        "srv-host=_sip._tcp.swarm.internal,web.swarm.internal,5060,10,5",
        "mx-host=swarm.internal,web.swarm.internal,0",
        'txt-record=swarm.internal,"say \\"hi\\", \\\\o/"',
        "ptr-record=99.2.0.192.in-addr.arpa,printer.swarm.internal",
        "ptr-record=1." + "0." * 27 + "0.d.f.ip6.arpa,printer.swarm.internal".replace("0.d.f", "0.0.d.f"),
        "log-queries",
    ]


def test_upstream_servers_from_a_file():
    lines = dnsmasq_files.render_conf(settings(upstreams_file="/x")).splitlines()
    assert "resolv-file=/x" in lines
    assert "no-resolv" not in lines


def test_what_dnsmasq_refuses_is_shown():
    said = "dnsmasq: bad option at line 2 of /etc/x.candidate\n"
    assert dnsmasq_files.explain(said, "/etc/x.candidate", "a\nno-such=1\n") == "dnsmasq: bad option: no-such=1"
    assert dnsmasq_files.explain(said, "/etc/x.candidate", "a\n") == said.strip()
