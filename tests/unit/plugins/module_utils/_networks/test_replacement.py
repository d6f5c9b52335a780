# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import copy

import pytest

from ansible_collections.dockyard.swarm.plugins.module_utils._networks import replacement as swap

APPS = {"id": "n1", "name": "apps", "ingress": False}
MESH = {"id": "n2", "name": "ingress", "ingress": True}
PORTS = [
    {"TargetPort": 80, "PublishedPort": 8080, "PublishMode": "ingress"},
    {"TargetPort": 81, "PublishedPort": 8081, "PublishMode": "host"},
    {"TargetPort": 82, "PublishedPort": 8082},
]
SPEC = {
    "Name": "web",
    "Labels": {"team": "a"},
    "TaskTemplate": {"Networks": [{"Target": "n0"}, {"Target": "n1", "Aliases": ["web"]}, {"Target": "n3"}]},
    "EndpointSpec": {"Mode": "vip", "Ports": PORTS},
    "UpdateConfig": {"Parallelism": 1, "Delay": 10, "Order": "start-first"},
}


@pytest.mark.parametrize("network", [APPS, MESH])
@pytest.mark.parametrize("policy", [SPEC["UpdateConfig"], None])
def test_service_gets_back_all_that_it_had(network, policy):
    spec = copy.deepcopy(SPEC)
    if policy is None:
        del spec["UpdateConfig"]
    before = copy.deepcopy(spec)
    off = swap.detached(spec, network, {"name": network["name"]})
    assert spec == before
    assert not swap.uses(off, network)
    assert swap.waiting([off]) == {network["name"]: {"options": {"name": network["name"]}, "services": ["web"]}}
    on = swap.attached(off, "new")
    # An interruption may have come right after it: the same again.
    assert swap.attached(on, "new") == on
    last = swap.done(on)
    assert last == {
        **before,
        "TaskTemplate": {
            "Networks": [
                {"Target": "n0"},
                {"Target": "n1" if network is MESH else "new", "Aliases": ["web"]},
                {"Target": "n3"},
            ]
        },
    }


def test_while_it_is_off_everything_goes_at_once_in_the_services_own_order():
    spec = dict(SPEC, EndpointSpec={"Ports": PORTS[:1]})
    assert swap.detached(spec, APPS, {})["UpdateConfig"] == {
        "Parallelism": 0, "FailureAction": "continue", "Order": "start-first",
    }  # fmt: skip
    # Two tasks cannot have one port of their host.
    assert swap.detached(SPEC, APPS, {})["UpdateConfig"]["Order"] == "stop-first"
    assert swap.detached(dict(SPEC, UpdateConfig=None), APPS, {})["UpdateConfig"]["Order"] == "stop-first"


def test_mesh_takes_ports_that_it_publishes_and_no_others():
    off = swap.detached(SPEC, MESH, {})
    assert off["EndpointSpec"]["Ports"] == [PORTS[1]]
    assert off["TaskTemplate"] == SPEC["TaskTemplate"]
    assert not swap.uses(dict(SPEC, EndpointSpec={"Mode": "dnsrr"}), MESH)


def test_networks_of_an_old_service_stand_elsewhere():
    old = {"Name": "old", "TaskTemplate": {}, "Networks": [{"Target": "apps"}]}
    assert swap.uses(old, APPS)
    on = swap.attached(swap.detached(old, APPS, {}), "new")
    assert on["TaskTemplate"]["Networks"] == [{"Target": "new"}]
    assert "Networks" not in on


def task(state, network="n1", desired="running"):
    attachments = [{"Network": {"ID": network}}]
    return {
        "ID": state,
        "ServiceID": "s",
        "Status": {"State": state},
        "DesiredState": desired,
        "NetworksAttachments": attachments,
    }


def test_tasks_are_on_a_network_until_they_are_over():
    tasks = [task("running"), task("preparing"), task("shutdown"), task("failed"), task("starting", "other")]
    assert swap.still_on(tasks, "n1") == ["running", "preparing"]
    assert swap.running_on([*tasks, task("running", desired="shutdown"), task("running", "other")], "n1") == {"s": 1}
