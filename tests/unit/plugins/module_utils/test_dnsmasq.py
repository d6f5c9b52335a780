# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import hashlib
import re
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.dockyard.swarm.plugins.module_utils import _dnsmasq
from ansible_collections.dockyard.swarm.plugins.module_utils._plan import PlanError

RUNNING = {"active": "active", "enabled": "enabled", "masked": False}
A = {"name": "web", "type": "A", "value": "192.0.2.21"}


def settings(**given_settings):
    return _dnsmasq.settings_of(dict({"domain": "swarm.internal"}, **given_settings))


def as_file(text, mode="0644"):
    return {"sha256": hashlib.sha256(text.encode()).hexdigest(), "mode": mode, "uid": 0, "gid": 0, "text": text}


def state(wanted, **other):
    """The state of a host that serves ``wanted``."""
    found = {
        "conf": as_file(_dnsmasq.render_conf(wanted)),
        "hosts": as_file(_dnsmasq.render_hosts(wanted)),
        "unit": RUNNING,
        "service": "dnsmasq.service",
        "pending": None,
    }
    return dict(found, **other)


def done(plan):
    return [item["do"] for item in plan]


# Records


@pytest.mark.parametrize(
    ("record", "says"),
    [
        ({"name": "x", "type": "SPF", "value": "y"}, "records[0] (x): type: 'SPF' is unknown; use one of A, AAAA"),
        ({"name": "x", "type": "A", "value": "1.2.3"}, "records[0] (x): value: '1.2.3' is a malformed address"),
        ({"name": "x", "type": "A", "value": "fd00::1"}, "use type AAAA"),
        ({"name": "x", "type": "AAAA", "value": "192.0.2.1"}, "use type A"),
        ({"name": "a b", "type": "A", "value": "192.0.2.1"}, "name: 'a b' is malformed"),
        ({"name": "*.apps", "type": "A", "value": "192.0.2.1"}, "is a wildcard"),
        ({"name": "straße", "type": "A", "value": "192.0.2.1"}, "punycode"),
        ({"name": "x" * 64, "type": "A", "value": "192.0.2.1"}, "is malformed"),
        ({"name": "192.0.2.1", "type": "A", "value": "192.0.2.1"}, "use type PTR"),
        ({"type": "A", "value": "192.0.2.1"}, "records[0] (without a name): name: is empty"),
        ({"name": "x", "type": "CNAME", "value": "192.0.2.1"}, "or use type A"),
        ({"name": "x", "type": "PTR", "value": "y"}, "is no address"),
        ({"name": "_sip._tcp", "type": "SRV", "value": "web"}, "port: is missing"),
        ({"name": "sip", "type": "SRV", "value": "web", "port": 5060}, "write it as _service._tcp"),
        ({"name": "_sip._tcp", "type": "SRV", "value": "web", "port": 0}, "port: 0 is not a number from 1 to 65535"),
        ({"name": "x", "type": "MX", "value": "web", "priority": 70000}, "priority: 70000"),
        ({"name": "x", "type": "MX", "value": "web", "priority": True}, "priority: True"),
        ({"name": "x", "type": "A", "value": "192.0.2.1", "ttl": 5}, "ttl: a A record has none, only CNAME"),
        ({"name": "x", "type": "TXT", "value": "a\nb"}, "line break"),
        ({"name": "x", "type": "TXT", "value": "x" * 900}, "longer than dnsmasq reads"),
        ({"name": "x", "type": "A", "value": "192.0.2.1", "adress": 1}, "adress: is unknown"),
        ("web", "records[0]: 'web' is not a dictionary"),
    ],
)
def test_a_bad_record_is_named_with_the_remedy(record, says):
    (problem,) = _dnsmasq.check_records([record])
    assert says in problem


def test_good_records_have_no_problems():
    records = [
        A,
        dict(A, value="192.0.2.22"),
        {"name": "WEB", "type": "AAAA", "value": "FD00::1"},
        {"name": "www", "type": "CNAME", "value": "web", "ttl": 60},
        {"name": "_sip._tcp", "type": "SRV", "value": "web", "port": "5060", "priority": 1, "weight": 2},
        {"name": "@", "type": "MX", "value": "web", "priority": 10},
        {"name": "@", "type": "TXT", "value": 'quote " and \\'},
        {"name": "192.0.2.99", "type": "PTR", "value": "printer"},
        {"name": "98.2.0.192.in-addr.arpa", "type": "PTR", "value": "printer"},
    ]
    assert _dnsmasq.check_records(records, "swarm.internal", known=()) == []


@pytest.mark.parametrize(
    ("records", "says"),
    [
        ([A, A], "records[1] (web): is the same as records[0] (web)"),
        ([A, dict(A, name="web.swarm.internal.")], "is the same as"),
        ([A, {"name": "web", "type": "CNAME", "value": "x"}], "records[1] (web): a CNAME record stands alone"),
        (
            [{"name": "a", "type": "CNAME", "value": "b"}, {"name": "b", "type": "CNAME", "value": "a"}],
            "leads in a circle",
        ),
        ([{"name": "a", "type": "CNAME", "value": "www.example.org"}], "is none of the records"),
    ],
)
def test_records_that_do_not_go_together(records, says):
    assert says in _dnsmasq.check_records(records, "swarm.internal", known=())[0]


def test_the_target_of_a_cname_may_be_known_elsewhere():
    records = [{"name": "a", "type": "CNAME", "value": "node1"}]
    assert _dnsmasq.check_records(records, "swarm.internal") == []
    assert _dnsmasq.check_records(records, "swarm.internal", known=["node1"]) == []


def test_problems_name_the_variable_that_holds_the_list():
    assert _dnsmasq.check_records("web", option="swarm_dns_records")[0].startswith("swarm_dns_records: is not a list")


VALUES = st.one_of(st.text(max_size=12), st.sampled_from(_dnsmasq.TYPES), st.integers(), st.none())


@given(st.lists(st.fixed_dictionaries({}, optional=dict.fromkeys(_dnsmasq.KEYS, VALUES)), max_size=4))
def test_checking_never_fails_by_itself(records):
    assert all(isinstance(item, str) for item in _dnsmasq.check_records(records, "d.example", known=()))


@pytest.mark.parametrize("text", ["192.0.2.1", "192.0.2.1#5353", "fd00::1", "fd00::1#53"])
def test_good_servers(text):
    assert _dnsmasq.check_server(text) is None


@pytest.mark.parametrize("text", ["", "192.0.2", "dns.example", "192.0.2.1#", "192.0.2.1#0", "192.0.2.1#70000", 7])
def test_bad_servers(text):
    assert "give an IP address" in _dnsmasq.check_server(text)


def test_a_listen_address_has_no_port():
    assert "malformed port" in _dnsmasq.check_server("192.0.2.1#53", port=False)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"upstreams": ["dns.example"]}, "upstreams: 'dns.example' is a malformed address"),
        ({"listen_addresses": ["192.0.2"]}, "listen_addresses: '192.0.2' is a malformed address"),
        ({"listen_addresses": ["192.0.2.1"], "upstreams": ["192.0.2.1"]}, "192.0.2.1 is this server, and"),
        ({"forwarders": {"corp.example": []}}, "forwarders: corp.example has no server"),
        ({"forwarders": {"swarm.internal": ["192.0.2.1"]}}, "is the own domain"),
        ({"forwarders": {"corp.example": "x"}}, "forwarders: corp.example: 'x' is a malformed address"),
        ({"domain": "a b"}, "domain: 'a b' is malformed"),
        ({"domain": "", "records": [{"name": "@", "type": "TXT", "value": "x"}]}, "domain: is empty"),
        ({"cache_size": -1}, "cache_size: -1 is negative"),
        ({"extra": ["a\nb"]}, "is no single line"),
    ],
)
def test_bad_settings_are_refused_by_the_plan(options, says):
    wanted = settings(**options)
    with pytest.raises(PlanError, match=re.escape(says)):
        _dnsmasq.make_plan(wanted, state(settings()))


# Files


def test_the_files_say_what_was_asked_for():
    wanted = settings(
        upstreams=["198.51.100.1#5353"],
        forwarders={"corp.example": ["203.0.113.53"]},
        listen_addresses=["192.0.2.11"],
        records=[
            A,
            {"name": "www", "type": "CNAME", "value": "web", "ttl": 60},
            {"name": "_sip._tcp", "type": "SRV", "value": "web", "port": 5060, "priority": 10, "weight": 5},
            {"name": "@", "type": "MX", "value": "web"},
            {"name": "@", "type": "TXT", "value": 'say "hi", \\o/'},
            {"name": "192.0.2.99", "type": "PTR", "value": "printer"},
            {"name": "fd00::1", "type": "PTR", "value": "printer"},
        ],
        extra=["log-queries"],
    )
    assert _dnsmasq.render_hosts(wanted).splitlines()[1:] == ["192.0.2.21 web.swarm.internal"]
    assert _dnsmasq.render_conf(wanted).splitlines()[1:] == [
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
    lines = _dnsmasq.render_conf(settings(upstreams_file="/x")).splitlines()
    assert "resolv-file=/x" in lines
    assert "no-resolv" not in lines


@given(st.text(st.characters(min_codepoint=32, max_codepoint=0x2FF), min_size=1, max_size=300))
def test_a_text_is_read_back_as_it_was(value):
    """By the rules of dnsmasq's own reader: quotes end a piece, a backslash takes what follows as it is."""
    pieces, now, quoted = [], "", False
    text = iter(_dnsmasq._txt(value))
    for char in text:
        if char == "\\" and quoted:
            now += next(text)
        elif char == '"':
            quoted = not quoted
        elif char == "," and not quoted:
            pieces.append(now)
            now = ""
        else:
            now += char
    pieces.append(now)
    assert "".join(pieces) == value
    assert all(len(piece.encode()) <= 255 for piece in pieces)


@pytest.mark.parametrize(
    ("name", "full"),
    [
        ("web", "web.swarm.internal"),
        ("WEB.", "web"),
        ("web.example.org", "web.example.org"),
        ("_sip._tcp", "_sip._tcp.swarm.internal"),
        ("_sip._tcp.example.org", "_sip._tcp.example.org"),
        ("@", "swarm.internal"),
    ],
)
def test_names_in_full(name, full):
    assert _dnsmasq.expand(name, "swarm.internal") == full


# The plan


def test_nothing_to_do():
    wanted = settings(records=[A])
    assert _dnsmasq.make_plan(wanted, state(wanted)) == []


def test_a_bare_host():
    plan = _dnsmasq.make_plan(settings(records=[A]), state(settings(), conf=None, hosts=None, unit=None))
    assert done(plan)[-2:] == ["enable", "start"]
    assert {"add"} == set(done(plan)[:-2])


def test_addresses_are_a_reload_and_shown_by_record():
    plan = _dnsmasq.make_plan(settings(records=[A, dict(A, value="192.0.2.22")]), state(settings(records=[A])))
    assert done(plan) == ["change", "reload"]
    assert plan[0]["to"] == "/etc/dockyard/dnsmasq.hosts: A web.swarm.internal"
    assert (plan[0]["before"], plan[0]["after"]) == ("192.0.2.21", "192.0.2.21, 192.0.2.22")


def test_everything_else_is_a_restart():
    alias = {"name": "www", "type": "CNAME", "value": "web"}
    plan = _dnsmasq.make_plan(settings(records=[A, alias]), state(settings(records=[A]), pending="reload"))
    assert done(plan) == ["add", "restart"]
    assert plan[0]["to"] == "/etc/dnsmasq.d/dockyard.conf: CNAME www.swarm.internal"


def test_a_file_of_which_only_the_hash_is_known():
    old = {key: value for key, value in as_file("other").items() if key != "text"}
    assert done(_dnsmasq.make_plan(settings(), state(settings(), hosts=old))) == ["write", "reload"]


def test_a_line_that_only_moved_is_written_all_the_same():
    text = _dnsmasq.render_hosts(settings()) + "\n"
    assert done(_dnsmasq.make_plan(settings(), state(settings(), hosts=as_file(text)))) == ["write", "reload"]


@pytest.mark.parametrize("pending", ["restart", "reload"])
def test_an_interrupted_run_is_made_up_for(pending):
    assert done(_dnsmasq.make_plan(settings(), state(settings(), pending=pending))) == [pending]


def test_a_stopped_and_disabled_unit():
    unit = {"active": "failed", "enabled": "disabled", "masked": False}
    assert done(_dnsmasq.make_plan(settings(), state(settings(), unit=unit))) == ["enable", "start"]


def test_a_masked_unit_is_refused():
    with pytest.raises(PlanError, match="unmask it"):
        _dnsmasq.make_plan(settings(), state(settings(), unit=dict(RUNNING, masked=True)))


def test_a_file_that_dnsmasq_cannot_read():
    hosts = as_file(_dnsmasq.render_hosts(settings()), mode="0600")
    assert done(_dnsmasq.make_plan(settings(), state(settings(), hosts=hosts))) == ["set", "reload"]


def test_port_53_of_another_service():
    (problem,) = _dnsmasq.check_port(["127.0.0.53", "192.0.2.11"], ["192.0.2.11"], None)
    assert "another service listens on port 53 of 192.0.2.11" in problem
    assert _dnsmasq.check_port(["192.0.2.11"], ["192.0.2.11"], RUNNING) == []
    assert _dnsmasq.check_port(["127.0.0.53"], ["192.0.2.11"], None) == []


def test_what_dnsmasq_refuses_is_shown():
    said = "dnsmasq: bad option at line 2 of /etc/x.candidate\n"
    assert _dnsmasq.explain(said, "/etc/x.candidate", "a\nno-such=1\n") == "dnsmasq: bad option: no-such=1"
    assert _dnsmasq.explain(said, "/etc/x.candidate", "a\n") == said.strip()


# Asking


def reply(addresses, flags=0x8180, number=7):
    question = _dnsmasq.encode_query(number, "web.swarm.internal", "A")[12:]
    answers = b"".join(
        b"\xc0\x0c" + struct.pack("!2HIH", 1, 1, 0, 4) + bytes(map(int, item.split("."))) for item in addresses
    )
    return struct.pack("!6H", number, flags, 1, len(addresses), 0, 0) + question + answers


def test_an_answer_is_understood():
    answer = _dnsmasq.decode_answer(reply(["192.0.2.1", "192.0.2.2"]))
    assert answer == {"number": 7, "code": 0, "truncated": False, "addresses": {"192.0.2.1", "192.0.2.2"}}


@given(st.binary(max_size=200))
def test_any_bytes_are_survived(data):
    _dnsmasq.decode_answer(data)
    _dnsmasq.decode_answer(reply(["192.0.2.1"])[:12] + data)


def test_what_changed_is_asked_for():
    wanted = settings(records=[A])
    assert _dnsmasq.probes(wanted, "192.0.2.9 web.swarm.internal\n") == [
        ("web.swarm.internal", "A", {"192.0.2.21"}, {"192.0.2.9"})
    ]
    assert _dnsmasq.probes(wanted, _dnsmasq.render_hosts(wanted)) == [
        ("web.swarm.internal", "A", {"192.0.2.21"}, set())
    ]
    assert _dnsmasq.probes(settings(), None) == [("swarm.internal", "A", set(), set())]


def test_an_answer_that_is_not_the_new_one():
    answer = _dnsmasq.decode_answer(reply(["192.0.2.9"]))
    assert not _dnsmasq.satisfied(answer, {"192.0.2.21"}, set())
    assert not _dnsmasq.satisfied(answer, set(), {"192.0.2.9"})
    assert _dnsmasq.satisfied(answer, {"192.0.2.9"}, set())
    assert _dnsmasq.satisfied(dict(answer, truncated=True), {"192.0.2.9", "192.0.2.10"}, set())
    assert not _dnsmasq.satisfied(None, set(), set())
