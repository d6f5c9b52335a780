# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from tests.unit.host_example import FIREWALL, plan


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"managers": ()}, ["no manager", "swarm_managers"]),
        ({"managers": ("node1",), "workers": ("node1",)}, ["node1", "both manager and worker"]),
        ({"options": {"networks": [{"name": "a", "subnet": "nonsense"}]}}, ["network a", "option subnet"]),
        ({"options": {"dns_records": [{"name": "x", "type": "NOPE", "value": "y"}]}}, ["swarm_dns_records", "NOPE"]),
        (
            {"options": {"dns_servers": ["node1"]}, "node1": {"dns": {"resolvers": [], "port_53": ["0.0.0.0"]}}},
            ["node1", "swarm_dns_servers", "port 53"],
        ),
    ],
)
def test_what_is_wrong_with_the_cluster_is_named(arguments, words):
    text = " | ".join(plan(**arguments)["problems"])
    for word in words:
        assert word in text


ZONES = [
    {"path": "/etc/firewalld/zones/drop.xml", "line": 4, "name": "interface eth0", "value": "drop"},
    {"path": "/etc/firewalld/zones/work.xml", "line": 3, "name": "source 192.0.2.0/28", "value": "work"},
    {"path": "/etc/firewalld/zones/work.xml", "line": 5, "name": "interface docker0", "value": "work"},
    {"path": "/etc/firewalld/zones/work.xml", "line": 6, "name": "source 00:11:22:33:44:55", "value": "work"},
]


def test_a_zone_in_which_no_ports_are_opened_is_named():
    firewall = dict(FIREWALL, unit="firewalld.service", zones=ZONES)
    problems = plan(node1={"firewall": firewall, "expects": {"firewall": True}})["problems"]
    assert [text.split(" puts ")[0] for text in problems] == [
        "node1: /etc/firewalld/zones/drop.xml, line 4", "node1: /etc/firewalld/zones/work.xml, line 3",
    ]  # fmt: skip
    assert plan(node1={"firewall": firewall, "expects": {"firewall": False}})["problems"] == []
