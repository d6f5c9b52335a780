# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.dockyard.swarm.plugins.module_utils._dns import names


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
    assert names.expand(name, "swarm.internal") == full


@pytest.mark.parametrize("text", ["192.0.2.1", "192.0.2.1#5353", "fd00::1", "fd00::1#53"])
def test_good_servers(text):
    assert names.check_server(text) is None


@pytest.mark.parametrize("text", ["", "192.0.2", "dns.example", "192.0.2.1#", "192.0.2.1#0", "192.0.2.1#70000", 7])
def test_bad_servers(text):
    assert "give an IP address" in names.check_server(text)


def test_a_listen_address_has_no_port():
    assert "malformed port" in names.check_server("192.0.2.1#53", port=False)
