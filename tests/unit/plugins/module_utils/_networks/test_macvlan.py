# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.dockyard.swarm.plugins.module_utils._core.plan import PlanError
from ansible_collections.dockyard.swarm.plugins.module_utils._networks import macvlan

PLANT = {
    "name": "plant",
    "subnets": [{"subnet": "192.0.2.0/24", "gateway": "192.0.2.1", "ip_range": "192.0.2.128/26", "part": 28}],
}


def facts(address, has=None):
    """A host with an address in the plant's network, and with the range that its config has."""
    subnets = [{"subnet": "192.0.2.0/24", "gateway": "192.0.2.1", "ip_range": has}]
    configs = {"plant-config": {"parent": "eth1", "subnets": subnets}} if has else {}
    return {
        "addresses": [{"interface": "eth1", "address": address, "kind": "physical"}],
        "engine": {"configs": configs},
        "swarm": {"state": "active", "networks": []},
    }


def hosts(**has):
    return {name: facts("192.0.2.%d" % (10 + i), has[name]) for i, name in enumerate(sorted(has))}


def ranges(found):
    return {host: item["subnets"][0]["ip_range"] for host, item in found.items()}


def test_each_node_has_a_part_of_its_own_and_keeps_it():
    found, problems = macvlan.parts(PLANT, ["a", "b", "c"], hosts(a=None, b="192.0.2.128/28", c=None))
    assert problems == []
    assert ranges(found) == {"a": "192.0.2.144/28", "b": "192.0.2.128/28", "c": "192.0.2.160/28"}
    assert {item["parent"] for item in found.values()} == {"eth1"}


def test_what_a_host_is_given_counts_more_and_nobody_else_gets_it():
    network = dict(PLANT, nodes={"c": {"ip_ranges": ["192.0.2.128/28"], "parent": "eth2"}})
    found, problems = macvlan.parts(network, ["a", "c"], hosts(a=None, c=None))
    assert (problems, ranges(found)) == ([], {"a": "192.0.2.144/28", "c": "192.0.2.128/28"})
    assert found["c"]["parent"] == "eth2"


def test_part_of_a_range_that_is_wanted_no_more_is_given_up():
    found, _problems = macvlan.parts(PLANT, ["a"], hosts(a="192.0.2.64/28"))
    assert ranges(found) == {"a": "192.0.2.128/28"}


def test_nobody_gets_a_part_that_a_host_may_have_which_was_not_read():
    known = hosts(a=None, b="192.0.2.128/28")
    ((host, text),) = macvlan.parts(PLANT, ["a", "b", "c"], known)[1]
    assert host == "a"
    assert "c were not read" in text
    assert "--limit" in text
    # Those that have theirs need nobody.
    del known["a"]
    assert macvlan.parts(PLANT, ["b", "c"], known)[1] == []


def test_parts_come_to_an_end():
    known = hosts(a=None, b=None, c=None, d=None, e=None)
    ((host, text),) = macvlan.parts(PLANT, list(known), known)[1]
    assert host == "e"
    assert "its 4 are taken" in text


def test_without_an_interface_in_the_subnet_one_has_to_be_named():
    known = {"a": facts("198.51.100.1")}
    ((_host, text),) = macvlan.parts(PLANT, ["a"], known)[1]
    assert "option parent" in text
    assert macvlan.parts(dict(PLANT, parent="eth1.50"), ["a"], known)[1] == []


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"subnets": []}, "option subnets is missing"),
        ({"colour": "red"}, "unknown option colour"),
        ({"subnets": [{"subnet": "192.0.2.0/24"}]}, "options subnet and ip_range are both needed"),
        ({"subnets": [{"subnet": "192.0.2.0/24", "ip_range": "198.51.100.0/28"}]}, "is no part of"),
        ({"subnets": [{"subnet": "192.0.2.0/24", "ip_range": "192.0.2.128/26", "part": 24}]}, "option part 24"),
        ({"subnets": [{"subnet": "192.0.2.0/24", "ip_range": "192.0.2.0/26"}]}, "the host's own address 192.0.2.10"),
    ],
)
def test_wrong_macvlan_is_named_with_option_and_reason(changed, words):
    problems = macvlan.check_macvlans([dict(PLANT, **changed)], hosts(a=None))
    assert words in " ".join(text for _host, text in problems)
    assert macvlan.check_macvlans([PLANT], hosts(a=None)) == []


def plan(known, manager=True, **changed):
    network = changed.pop("network", dict(PLANT, **changed))
    shares = {"plant": macvlan.parts(network, ["a"], {"a": known})[0]} if network.get("state") != "absent" else {}
    return [(item["do"], item["scope"]) for item in macvlan.macvlans_plan(known, "a", manager, [network], shares)]


def test_plan_of_a_host():
    bare = facts("192.0.2.10")
    assert plan(bare) == [("create", "node"), ("create", "swarm")]
    assert plan(bare, manager=False) == [("create", "node")]
    there = facts("192.0.2.10", "192.0.2.128/28")
    there["swarm"]["networks"] = [
        {"id": "m", "name": "plant", "driver": "macvlan", "config_from": "plant-config", "attachable": False, "internal": False,
         "labels": {}}
    ]  # fmt: skip
    assert plan(there) == []
    assert plan(there, attachable=True) == [("refuse", "swarm")]
    assert plan(there, parent="eth7") == [("replace", "node")]
    assert plan(there, network={"name": "plant", "state": "absent"}) == [("remove", "node"), ("remove", "swarm")]
    # What a run would do to a host that is no member yet.
    assert plan(dict(bare, swarm={"state": "inactive"})) == [("create", "node"), ("create", "swarm")]


def test_network_of_another_kind_under_its_name_is_refused():
    other = {"driver": "overlay", "config_from": None}
    with pytest.raises(PlanError, match="choose another name"):
        macvlan.cluster_plan(
            {"name": "plant", "state": "present", "labels": {}, "attachable": False, "internal": False}, other
        )
