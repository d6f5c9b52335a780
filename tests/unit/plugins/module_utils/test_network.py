# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.dockyard.swarm.plugins.module_utils import _network
from ansible_collections.dockyard.swarm.plugins.module_utils._plan import PlanError

WANTED = {"name": "apps", "subnet": "10.20.0.0/24", "encrypted": True, "labels": {"team": "a"}}
ACTUAL = {
    "id": "n1", "name": "apps", "driver": "overlay", "attachable": False, "internal": False, "ingress": False,
    "encrypted": True, "mtu": None, "labels": {"team": "a"},
    "subnets": [{"subnet": "10.20.0.0/24", "gateway": "10.20.0.1", "ip_range": None}],
}  # fmt: skip


def route(destination, interface="eth0"):
    return {"destination": destination, "interface": interface, "gateway": None}


def test_missing_network_is_created_and_the_same_one_left_alone():
    assert [item["do"] for item in _network.make_plan(WANTED, None)] == ["create"]
    assert _network.make_plan(WANTED, ACTUAL) == []


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("subnet", "10.21.0.0/24"), ("gateway", "10.20.0.9"), ("ip_range", "10.20.0.128/25"), ("encrypted", False),
        ("attachable", True), ("internal", True), ("mtu", 1400), ("labels", {}),
    ],
)  # fmt: skip
def test_difference_is_reported_by_option_and_replaced_only_when_asked(option, value):
    wanted = dict(WANTED, **{option: value})
    with pytest.raises(PlanError, match=option):
        _network.make_plan(wanted, ACTUAL)
    plan = _network.make_plan(dict(wanted, replace=True), ACTUAL)
    assert {item["do"] for item in plan} == {"replace"}


def test_unwanted_network_goes():
    absent = {"name": "apps", "state": "absent"}
    assert [item["do"] for item in _network.make_plan(absent, ACTUAL)] == ["remove"]
    assert _network.make_plan(absent, None) == []


@pytest.mark.parametrize(
    ("networks", "words"),
    [
        ([WANTED, {"name": "b", "subnet": "10.20.0.128/25"}], ["network b", "overlaps", "network apps"]),
        ([{"name": "b", "subnet": "10.30.0.0/16"}], ["node1", "route to 10.30.4.0/24 by eth1"]),
        ([{"name": "b", "subnet": "172.17.0.0/24"}], ["daemon's address pool"]),
        ([{"name": "b", "subnet": "10.99.0.0/24"}], ["network other"]),
        ([{"name": "b", "subnet": "10.40.0.1/24"}], ["option subnet '10.40.0.1/24'"]),
        ([{"name": "b", "subnet": "10.40.0.0/24", "gateway": "10.41.0.1"}], ["option gateway"]),
        ([{"name": "b", "subnet": "10.40.0.0/24", "ip_range": "10.41.0.0/25"}], ["option ip_range"]),
        ([{"name": "b", "gateway": "10.41.0.1"}], ["option gateway needs option subnet"]),
        ([{"name": "b", "subnet": "10.40.0.0/24", "mtu": 100}], ["option mtu 100"]),
        ([{"name": "b", "colour": "red"}], ["unknown option colour"]),
    ],
)
def test_wrong_network_is_named_with_option_and_reason(networks, words):
    found = _network.check_networks(
        networks,
        {"node1": [route("0.0.0.0/0"), route("10.30.4.0/24", "eth1")]},
        [dict(ACTUAL, name="other", subnets=[{"subnet": "10.99.0.0/16"}])],
        ["172.17.0.0/16"],
    )
    text = " ".join("%s %s" % item for item in found)
    for word in words:
        assert word in text


def test_the_default_route_and_the_network_itself_are_no_overlap():
    assert _network.check_networks([WANTED], {"node1": [route("0.0.0.0/0")]}, [ACTUAL]) == []
