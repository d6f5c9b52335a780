# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What has data stays on the host that has it, whatever the order of the inventory."""

from __future__ import annotations

import pytest

from ansible_collections.dockyard.swarm.plugins.module_utils._swarm import placement
from tests.unit.swarm_example import BARE, address, inside, node

REGISTRY = {
    "name": "registry", "option": "swarm_registry_node", "host": "", "data": "registry_data", "volume": True,
    "service": "registry_registry",
}  # fmt: skip
CONF, SENDER = "/etc/dockyard/logging/collector.conf", "/etc/dockyard/logging/sender.conf"
LOGS = {
    "name": "logs", "option": "swarm_logging_collector", "host": "", "data": "/var/log/swarm", "file": CONF,
    "beside": SENDER, "unit": "dockyard-log-collector.service",
}  # fmt: skip
GROUPS = ["m1", "m2", "w1"]


def facts(name, swarm=None, volumes=(), files=()):
    return {
        "machine": {"hostname": name}, "swarm": swarm or inside(name), "volumes": list(volumes), "files": dict.fromkeys(files),
    }  # fmt: skip


def cluster(labels=None, services=None, groups=None, play=None, **changed):
    """A view of three members; ``labels`` by host."""
    labels, groups = labels or {}, groups or GROUPS
    nodes = [node(name, "manager" if name[0] == "m" else "worker", labels=labels.get(name)) for name in GROUPS]
    hosts = {name: changed[name] if name in changed else facts(name) for name in groups}
    swarm = {"nodes": nodes, "services": services or {}}
    return placement.view(hosts, swarm, {name: address(name) for name in groups}, list(groups), play or list(groups))


def bare(play=None, **changed):
    """Hosts that are in no swarm."""
    hosts = {name: changed[name] if name in changed else facts(name, BARE) for name in GROUPS}
    return placement.view(hosts, {}, {name: address(name) for name in GROUPS}, GROUPS, play or GROUPS)


def one(item, seen):
    found, problems = placement.places([item], seen)
    return found[item["name"]], problems


def pinned(name):
    return {"registry_registry": {"TaskTemplate": {"Placement": {"Constraints": ["node.hostname==%s" % name]}}}}


MARKED = {"registry": {"dockyard.swarm.registry": "registry_data"}, "logs": {"dockyard.swarm.logs": "/var/log/swarm"}}


@pytest.mark.parametrize("item", [REGISTRY, LOGS])
@pytest.mark.parametrize("groups", [["m1", "m2", "w1"], ["m2", "m1", "w1"], ["w1", "m2", "m1"]])
def test_the_label_decides_and_not_the_order(item, groups):
    place, problems = one(item, cluster({"m2": MARKED[item["name"]]}, groups=groups))
    assert (place["host"], place["node"], problems) == ("m2", "id-m2", [])


@pytest.mark.parametrize("item", [REGISTRY, LOGS])
def test_where_nothing_is_yet_it_is_the_first_manager_or_the_host_that_is_asked_for(item):
    for seen in (bare(), cluster()):
        assert one(item, seen)[0]["host"] == "m1"
        place, problems = one(dict(item, host="w1"), seen)
        assert (place["host"], problems) == ("w1", [])


def test_a_former_version_pinned_the_service_to_a_host_name():
    for groups in (GROUPS, GROUPS[::-1]):
        place, problems = one(REGISTRY, cluster(services=pinned("m2"), groups=groups))
        assert (place["host"], place["node"], problems) == ("m2", "id-m2", [])
    # The label was moved by hand, with the data: it counts more.
    assert one(REGISTRY, cluster({"w1": MARKED["registry"]}, services=pinned("m2")))[0]["host"] == "w1"


def test_without_label_and_service_the_volume_shows_it():
    seen = cluster(w1=facts("w1", volumes=["registry_data"]))
    assert one(REGISTRY, seen)[0]["host"] == "w1"
    # A swarm that was made again: no node has a label any more.
    assert one(REGISTRY, bare(w1=facts("w1", BARE, volumes=["registry_data"])))[0] == {
        "host": "w1", "node": None, "label": "dockyard.swarm.registry", "value": "registry_data",
    }  # fmt: skip


def test_two_volumes_are_a_question():
    both = {name: facts(name, volumes=["registry_data"]) for name in ("m2", "w1")}
    (problem,) = one(REGISTRY, cluster(**both))[1]
    assert problem == "volume of registry is on m2, w1: set swarm_registry_node to the host whose data counts"
    place, problems = one(dict(REGISTRY, host="w1"), cluster(**both))
    assert (place["host"], problems) == ("w1", [])


def test_the_collector_is_found_by_its_files():
    assert one(LOGS, cluster(w1=facts("w1", files=[CONF, SENDER])))[0]["host"] == "w1"
    assert one(LOGS, bare(m2=facts("m2", BARE, files=[CONF])))[0]["host"] == "m2"


@pytest.mark.parametrize(
    ("item", "seen", "words"),
    [
        (REGISTRY, cluster({"m2": MARKED["registry"]}),
         ["swarm_registry_node is w1, but volume registry_data is on m2", "leave the option empty, or set it to m2",
          "docker service scale registry_registry=0; copy volume registry_data from m2 to w1; docker node update --label-rm",
          "dockyard.swarm.registry m2; docker node update --label-add dockyard.swarm.registry=registry_data w1"]),
        (REGISTRY, cluster(services=pinned("m2")), ["is on m2", "--label-add dockyard.swarm.registry=registry_data w1"]),
        (REGISTRY, cluster(m2=facts("m2", volumes=["registry_data"])), ["volume registry_data is on m2"]),
        (LOGS, cluster({"m2": MARKED["logs"]}),
         ["folder /var/log/swarm is on m2", "systemctl stop dockyard-log-collector.service on m2"]),
        (LOGS, cluster(m2=facts("m2", files=[CONF])),
         ["folder /var/log/swarm is on m2", "remove /etc/dockyard/logging/collector.conf on m2"]),
    ],
)  # fmt: skip
def test_another_host_than_the_one_with_the_data_is_refused_with_the_steps(item, seen, words):
    (problem,) = one(dict(item, host="w1"), seen)[1]
    for word in words:
        assert word in problem
    assert one(dict(item, host="m2"), seen)[1] == []


def test_a_host_that_nobody_knows_is_refused_before_anything_else():
    for item in (REGISTRY, LOGS):
        (problem,) = one(dict(item, host="m9"), cluster({"m2": MARKED[item["name"]]}))[1]
        assert problem.startswith("%s is m9, which is no host of the swarm's groups" % item["option"])
        assert "m1, m2, w1" in problem
    # A host of the play that is no node can collect logs, and cannot run a service.
    seen = cluster()
    seen["hosts"]["logger"] = facts("logger", BARE)
    seen["play"].append("logger")
    assert one(dict(LOGS, host="logger"), seen) == (
        {"host": "logger", "node": None, "label": "dockyard.swarm.logs", "value": "/var/log/swarm"}, [],
    )  # fmt: skip
    assert one(dict(REGISTRY, host="logger"), seen)[1] != []
    # One that --limit excludes is still a host of the groups.
    assert one(dict(LOGS, host="w1"), cluster(play=["m1"]))[1] == []


def test_two_labels_are_a_question_unless_they_are_of_one_host():
    labels = dict.fromkeys(("m1", "m2"), MARKED["registry"])
    (problem,) = one(REGISTRY, cluster(labels))[1]
    assert "the nodes m1, m2 all have label dockyard.swarm.registry" in problem
    seen = cluster({"m2": MARKED["registry"]})
    seen["nodes"].insert(0, node("m2", "manager", "down", MARKED["registry"], id="id-old"))
    place, problems = one(REGISTRY, seen)
    assert (place["node"], problems) == ("id-m2", [])


def test_a_node_that_the_inventory_lacks():
    labels = {"w1": {**MARKED["registry"], **MARKED["logs"]}}
    seen = cluster(labels, groups=["m1", "m2"])
    # The service finds its node by the label; senders need the address of a host.
    assert one(REGISTRY, seen) == (
        {"host": None, "node": "id-w1", "label": "dockyard.swarm.registry", "value": "registry_data"}, [],
    )  # fmt: skip
    (problem,) = one(LOGS, seen)[1]
    assert "node w1 has label dockyard.swarm.logs" in problem
    assert "docker node update --label-rm dockyard.swarm.logs w1" in problem


@pytest.mark.parametrize("state", [None, "stopped"])
def test_a_host_that_cannot_say_which_node_it_is_has_its_name_and_address(state):
    silent = facts("m2", dict(BARE, state=state)) if state else None
    place, problems = one(LOGS, cluster({"m2": MARKED["logs"]}, m2=silent))
    assert (place["host"], problems) == ("m2", [])


def test_a_volume_of_another_name_is_not_taken_in_silence():
    (problem,) = one(dict(REGISTRY, data="other"), cluster({"m1": MARKED["registry"]}))[1]
    assert "volume registry_data on node m1 has the data of registry" in problem
    assert "--label-add dockyard.swarm.registry=other m1" in problem
    # Lines in another folder: what is there stays and is found by the one before.
    assert one(dict(LOGS, data="/srv/logs"), cluster({"m1": MARKED["logs"]}))[1] == []


def test_a_limited_run_does_not_set_up_a_second_collector():
    sends = {name: facts(name, files=[SENDER]) for name in ("m1", "m2")}
    (problem,) = one(LOGS, cluster(play=["m1", "m2"], w1=None, **sends))[1]
    assert "run once without --limit, or set swarm_logging_collector" in problem
    assert one(dict(LOGS, host="m1"), cluster(play=["m1", "m2"], w1=None, **sends))[1] == []
    # Down, and not excluded: it delays nobody.
    assert one(LOGS, cluster(w1=None, **sends))[1] == []
    assert one(LOGS, cluster(play=["m1", "m2"], w1=None))[1] == []


def test_the_node_is_marked_once():
    place = one(REGISTRY, cluster())[0]
    (change,) = placement.place_plan(place, [node("m1")])
    assert (change["do"], change["to"]) == ("label", "node m1: label dockyard.swarm.registry")
    assert placement.place_nodes([change]) == [{"id": "id-m1", "labels": {"dockyard.swarm.registry": "registry_data"}}]
    assert placement.place_plan(place, [node("m1", labels=MARKED["registry"])]) == []
    # What is no node yet is named, and the module refuses it.
    assert placement.place_nodes(placement.place_plan(dict(place, node=None), []))[0]["id"] == "m1"


def test_what_a_node_holds():
    assert placement.held(node("m1", labels={"zone": "a", **MARKED["logs"]})) == ["dockyard.swarm.logs"]
