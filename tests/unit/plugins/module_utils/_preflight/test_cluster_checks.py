# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from tests.unit.host_example import plan


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
