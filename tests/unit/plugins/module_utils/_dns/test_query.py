# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.dockyard.swarm.plugins.module_utils._dns import query
from ansible_collections.dockyard.swarm.plugins.module_utils._dns.dnsmasq import settings_of
from ansible_collections.dockyard.swarm.plugins.module_utils._dns.dnsmasq_files import render_hosts

A = {"name": "web", "type": "A", "value": "192.0.2.21"}


def settings(**given_settings):
    return settings_of(dict({"domain": "swarm.internal"}, **given_settings))


def reply(addresses, flags=0x8180, number=7):
    question = query.encode_query(number, "web.swarm.internal", "A")[12:]
    answers = b"".join(
        b"\xc0\x0c" + struct.pack("!2HIH", 1, 1, 0, 4) + bytes(map(int, item.split("."))) for item in addresses
    )
    return struct.pack("!6H", number, flags, 1, len(addresses), 0, 0) + question + answers


def test_an_answer_is_understood():
    answer = query.decode_answer(reply(["192.0.2.1", "192.0.2.2"]))
    assert answer == {"number": 7, "code": 0, "truncated": False, "addresses": {"192.0.2.1", "192.0.2.2"}}


@given(st.binary(max_size=200))
def test_any_bytes_are_survived(data):
    query.decode_answer(data)
    query.decode_answer(reply(["192.0.2.1"])[:12] + data)


def test_what_changed_is_asked_for():
    wanted = settings(records=[A])
    assert query.probes(wanted, "192.0.2.9 web.swarm.internal\n") == [
        ("web.swarm.internal", "A", {"192.0.2.21"}, {"192.0.2.9"})
    ]
    assert query.probes(wanted, render_hosts(wanted)) == [("web.swarm.internal", "A", {"192.0.2.21"}, set())]
    assert query.probes(settings(), None) == [("swarm.internal", "A", set(), set())]


def test_an_answer_that_is_not_the_new_one():
    answer = query.decode_answer(reply(["192.0.2.9"]))
    assert not query.satisfied(answer, {"192.0.2.21"}, set())
    assert not query.satisfied(answer, set(), {"192.0.2.9"})
    assert query.satisfied(answer, {"192.0.2.9"}, set())
    assert query.satisfied(dict(answer, truncated=True), {"192.0.2.9", "192.0.2.10"}, set())
    assert not query.satisfied(None, set(), set())
