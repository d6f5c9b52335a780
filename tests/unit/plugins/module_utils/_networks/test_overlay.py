# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.dockyard.swarm.plugins.module_utils._core.plan import PlanError
from ansible_collections.dockyard.swarm.plugins.module_utils._networks import address_conflicts, overlay

WANTED = {"name": "apps", "subnet": "10.20.0.0/24", "encrypted": True, "labels": {"team": "a"}}
ACTUAL = {
    "id": "n1", "name": "apps", "driver": "overlay", "attachable": False, "internal": False, "ingress": False,
    "encrypted": True, "mtu": None, "labels": {"team": "a", "other": "b"}, "ipam_driver": "default", "ipam_options": {},
    "driver_options": {},
    "subnets": [{"subnet": "10.20.0.0/24", "gateway": "10.20.0.1", "ip_range": None}],
}  # fmt: skip


def route(destination, interface="eth0"):
    return {"destination": destination, "interface": interface, "gateway": None}


def test_missing_network_is_created_and_the_same_one_left_alone():
    assert [item["do"] for item in overlay.make_plan(WANTED, None)] == ["create"]
    assert overlay.make_plan(WANTED, ACTUAL) == []


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("subnet", "10.21.0.0/24"), ("gateway", "10.20.0.9"), ("ip_range", "10.20.0.128/25"), ("encrypted", False),
        ("attachable", True), ("internal", True), ("mtu", 1400), ("labels", {"team": "b"}),
        ("ipam_driver", "other"), ("driver_options", {"x": 1}), ("subnets", [{"subnet": "10.20.0.0/25"}]),
    ],
)  # fmt: skip
def test_difference_is_reported_by_option_and_replaced_only_when_asked(option, value):
    wanted = dict(WANTED, **{option: value})
    if option == "subnets":
        del wanted["subnet"]
        option = "subnet"
    with pytest.raises(PlanError, match=option):
        overlay.make_plan(wanted, ACTUAL)
    plan = overlay.make_plan(dict(wanted, replace=True), ACTUAL)
    assert {item["do"] for item in plan} == {"replace"}


def test_unwanted_network_goes():
    absent = {"name": "apps", "state": "absent"}
    assert [item["do"] for item in overlay.make_plan(absent, ACTUAL)] == ["remove"]
    assert overlay.make_plan(absent, None) == []
    assert overlay.make_plan(absent, dict(ACTUAL, services=[overlay.VISIBLE])) != []
    with pytest.raises(PlanError, match="in use by web: take the services off it first"):
        overlay.make_plan(absent, dict(ACTUAL, services=["web", overlay.VISIBLE]))


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
    found = address_conflicts.check_networks(
        networks,
        {"node1": [route("0.0.0.0/0"), route("10.30.4.0/24", "eth1")]},
        [dict(ACTUAL, name="other", subnets=[{"subnet": "10.99.0.0/16"}])],
        ["172.17.0.0/16"],
    )
    text = " ".join("%s %s" % item for item in found)
    for word in words:
        assert word in text


def test_the_default_route_and_the_network_itself_are_no_overlap():
    assert address_conflicts.check_networks([WANTED], {"node1": [route("0.0.0.0/0")]}, [ACTUAL]) == []


def test_several_subnets_are_compared_in_any_order():
    parts = [{"subnet": "10.20.0.0/24"}, {"subnet": "10.21.0.0/24", "ip_range": "10.21.0.128/25"}]
    wanted = {"name": "apps", "encrypted": True, "subnets": parts}
    there = [{"subnet": "10.21.0.0/24", "gateway": "10.21.0.128", "ip_range": "10.21.0.128/25"}, ACTUAL["subnets"][0]]
    assert overlay.make_plan(wanted, dict(ACTUAL, subnets=there)) == []
    with pytest.raises(PlanError, match="subnets"):
        overlay.make_plan(wanted, ACTUAL)
    with pytest.raises(PlanError, match="option subnet belongs into option subnets"):
        overlay.wanted_network(dict(wanted, subnet="10.22.0.0/24"))


def test_network_is_made_for_the_path_unless_it_has_an_mtu_of_its_own():
    def mtu(path_mtu, **changed):
        return overlay.make_plan(dict(WANTED, **changed), None, path_mtu)[0]["after"].get("mtu")

    assert (mtu(1400), mtu(9000), mtu(1500), mtu(None)) == (1400, 9000, None, None)
    assert mtu(1400, mtu=1300) == 1300


def test_narrower_path_is_a_warning_and_a_difference_only_where_it_may_be_replaced():
    assert overlay.make_plan(WANTED, ACTUAL, 1400) == []
    (change,) = overlay.make_plan(dict(WANTED, replace=True), dict(ACTUAL, services=["web"]), 1400)
    assert (change["before"], change["after"]) == (1500, 1400)
    assert "web lose their connections" in change["why"]
    assert overlay.make_plan(dict(WANTED, replace=True), dict(ACTUAL, mtu=1400), 9000) == []
    (text,) = overlay.too_wide([ACTUAL], {"a": 1500, "b": 1400, "c": None})
    assert "network apps is made for an MTU of 1500, and these hosts have less: b 1400" in text


def test_replacement_keeps_what_is_not_wanted_otherwise():
    there = dict(ACTUAL, mtu=1300, driver_options={"x": "1"})
    wanted = overlay.wanted_network({"name": "apps", "attachable": True, "labels": {"team": "b"}})
    kept = overlay.with_kept_settings(wanted, there)
    assert (kept["subnets"], kept["mtu"], kept["driver_options"]) == (ACTUAL["subnets"], 1300, {"x": "1"})
    assert kept["labels"] == {"team": "b", "other": "b"}
    assert overlay.with_kept_settings(wanted, there, 1400)["mtu"] == 1400


MESH = dict(ACTUAL, name="ingress", ingress=True, encrypted=False, services=[])


def planned(networks, path_mtu=None, detached=(), there=(MESH,)):
    facts = {"swarm": {"networks": list(there), "detached": dict(detached)}}
    return [(item["do"], item["network"]["name"]) for item in overlay.networks_plan(facts, networks, path_mtu)]


def test_routing_mesh_is_made_for_the_path_while_nobody_uses_it():
    assert planned([], 1500) == []
    assert planned([], 1400) == [("replace", "ingress")]
    assert planned([], 1400, there=[dict(MESH, services=["web"])]) == []
    assert planned([{"name": "ingress", "ingress": True, "mtu": 1500}], 1400) == [("refuse", "ingress")]


def test_interrupted_replacement_goes_on():
    options = {"name": "apps", "subnets": [{"subnet": "10.20.0.0/24"}]}
    waiting = {"apps": {"options": options, "services": ["web"]}}
    # Also where the inventory does not name the network any more.
    assert planned([], detached=waiting) == [("create", "apps"), ("attach", "apps")]
    assert planned([WANTED], detached=waiting) == [("create", "apps"), ("attach", "apps")]
    assert planned([WANTED], detached=waiting, there=[ACTUAL]) == [("attach", "apps")]


def test_ipv6_subnet_is_refused_since_the_engine_rejects_its_tasks():
    (text,) = overlay.check_addresses(overlay.wanted_network({"name": "six", "subnet": "fd00:1::/64"}))
    assert "rejects tasks" in text


@pytest.mark.parametrize(
    ("pools", "words"),
    [
        (["10.20.0.0/16", "10.20.4.0/24"], "10.20.0.0/16 and 10.20.4.0/24 overlap"),
        (["10.20.0.1/16"], "'10.20.0.1/16' is not a network"),
        (["10.30.0.0/16"], "node1 by eth1, node2 by eth0 have routes to 10.30.4.0/24: set a pool"),
        ([], "taken from 10.0.0.0/16, where it is not set, and node2 by eth0 has a route to 10.0.7.0/24"),
    ],
)
def test_pool_that_cannot_be_is_told(pools, words):
    routes = {
        "node1": [route("0.0.0.0/0"), route("10.30.4.0/24", "eth1")],
        "node2": [route("10.30.4.0/24"), route("10.0.7.0/24")],
    }
    assert words in " ".join(address_conflicts.check_pools(pools, routes))
    assert address_conflicts.check_pools(["10.99.0.0/16"], routes) == []
