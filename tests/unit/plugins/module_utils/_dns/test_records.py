# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.dockyard.swarm.plugins.module_utils._dns.records import KEYS, TYPES, check_records, txt

A = {"name": "web", "type": "A", "value": "192.0.2.21"}


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
    (problem,) = check_records([record])
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
    assert check_records(records, "swarm.internal", known=()) == []


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
    assert says in check_records(records, "swarm.internal", known=())[0]


def test_the_target_of_a_cname_may_be_known_elsewhere():
    records = [{"name": "a", "type": "CNAME", "value": "node1"}]
    assert check_records(records, "swarm.internal") == []
    assert check_records(records, "swarm.internal", known=["node1"]) == []


def test_problems_name_the_variable_that_holds_the_list():
    assert check_records("web", option="swarm_dns_records")[0].startswith("swarm_dns_records: is not a list")


VALUES = st.one_of(st.text(max_size=12), st.sampled_from(TYPES), st.integers(), st.none())


@given(st.lists(st.fixed_dictionaries({}, optional=dict.fromkeys(KEYS, VALUES)), max_size=4))
def test_checking_never_fails_by_itself(records):
    assert all(isinstance(item, str) for item in check_records(records, "d.example", known=()))


@given(st.text(st.characters(min_codepoint=32, max_codepoint=0x2FF), min_size=1, max_size=300))
def test_a_text_is_read_back_as_it_was(value):
    """By the rules of dnsmasq's own reader: quotes end a piece, a backslash takes what follows as it is."""
    pieces, now, quoted = [], "", False
    text = iter(txt(value))
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
