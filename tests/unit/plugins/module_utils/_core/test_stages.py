# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.dockyard.swarm.plugins.filter.stages import FilterModule

FILTERS = FilterModule().filters()
ROLES = [
    "dockyard.swarm." + name
    for name in ("swarm_cluster", "swarm_node", "swarm_registry", "swarm_cluster", "swarm_logging")
]
READ = {"swarm_cluster_node": {"swarm": {"state": "active"}}}
SKIPPED = {"skipped": True}


def said(*lines):
    return {"msg": list(lines)}


NODE1 = dict(
    READ,
    __swarm_node_said=said("join node node2"),
    __swarm_registry_said=said("update service"),
    __swarm_logging_waits=SKIPPED,
)
NODE2 = dict(
    READ,
    __swarm_logging_said=said("write sender.conf"),
    __swarm_logging_waits={"msg": "node1 failed"},
    __swarm_node_waits=SKIPPED,
)
HOSTVARS = {
    "node1": NODE1,
    "node2": NODE2,
    "node3": NODE2,
    "node4": READ,
    "node5": {"swarm_cluster_node": {"unreachable": True}},
    "node6": {"swarm_cluster_node": {"failed": True}},
}


@pytest.mark.parametrize(
    ("hosts", "text"),
    [
        (["node1"], "node1 failed in stage registry earlier"),
        (["node4"], "node4 failed earlier"),
        (["node5", "node6"], "node5 could not be reached, node6 could not be read earlier"),
    ],
)
def test_a_host_failed_in_the_last_stage_that_it_said_something_in(hosts, text):
    assert FILTERS["failed_earlier"](HOSTVARS, hosts, ROLES).startswith(text)


def test_without_a_failure_nothing_is_said():
    assert FILTERS["failed_earlier"](HOSTVARS, [], ROLES) == ""
    assert FILTERS["not_done"]({"node4": READ}, ["node4"], ["node4"], ROLES) == []


def test_what_was_not_done_is_listed_once_by_host_and_stage():
    assert FILTERS["not_done"](HOSTVARS, list(HOSTVARS), ["node2", "node3"], ROLES) == [
        "node1 failed in stage registry; not reached there: logging",
        "node4 failed; not reached there: node, registry, logging",
        "node5 could not be reached; not reached there: node, registry, logging",
        "node6 could not be read; not reached there: node, registry, logging",
        "node2, node3: stage logging waits, with: write sender.conf",
    ]


def test_a_host_that_failed_in_the_last_stage_has_reached_all():
    hostvars = {"node1": dict(READ, __swarm_logging_said=said("x")), "node2": READ}
    assert FILTERS["not_done"](hostvars, list(hostvars), ["node2"], ROLES) == ["node1 failed in stage logging"]


def test_packages_of_later_roles_are_said_by_the_role_that_installs_them():
    own = {"__swarm_node_said": said("install package a: missing"), "__swarm_registry_said": None}
    unsaid = FILTERS["unsaid_packages"]
    assert unsaid(["a", "b"], own, ROLES) == ["install package b: missing"]
    assert unsaid([], own, ROLES) == []
