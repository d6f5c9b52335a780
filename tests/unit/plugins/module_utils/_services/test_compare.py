# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.dockyard.swarm.plugins.module_utils._core.swarm_objects import MANAGED
from ansible_collections.dockyard.swarm.plugins.module_utils._services.compare import comparable, differences, readable
from tests.unit.service_example import FULL, build

NETWORKS = {"n1": "apps"}


def as_engine_tells(wanted):
    """What the Engine makes of a Spec: IDs, its own defaults, and the order it likes."""
    told = copy.deepcopy(wanted)
    task = told["TaskTemplate"]
    for network in task["Networks"]:
        network["Target"] = {name: key for key, name in NETWORKS.items()}[network["Target"]]
    box = task["ContainerSpec"]
    box["Isolation"] = "default"
    box["DNSConfig"] = box["DNSConfig"] if box["DNSConfig"]["Nameservers"] else {}
    box["Secrets"] = [dict(item, SecretID="id") for item in reversed(box["Secrets"])]
    box["Mounts"] = list(reversed(box["Mounts"]))
    box["Env"] = list(reversed(box["Env"])) or None
    task["Runtime"] = "container"
    task["ForceUpdate"] = 3
    task["Placement"]["Platforms"] = [{"Architecture": "amd64", "OS": "linux"}]
    told["UpdateConfig"]["MaxFailureRatio"] = 0
    box["Image"] += "@sha256:" + "0" * 64
    for part in (box, task["Resources"]["Limits"], task["Resources"]["Reservations"]):
        for key in [key for key, value in part.items() if value in ("", None, [], {}, 0) and key != "StopGracePeriod"]:
            if not (key == "Init" and part[key] is False):
                del part[key]
    return told


@pytest.mark.parametrize("options", [{"image": "nginx:1"}, FULL, {"image": "nginx:1", "mode": "global"}])
def test_what_the_engine_fills_in_is_no_difference(options):
    wanted = build(options)
    told = as_engine_tells(wanted)
    assert differences(comparable(wanted, NETWORKS), comparable(told, NETWORKS)) == {}


def set_path(tree, path, value):
    for key in path[:-1]:
        tree = tree.setdefault(key, {})
    tree[path[-1]] = value


BOX = ("TaskTemplate", "ContainerSpec")


@pytest.mark.parametrize(
    ("path", "value", "option"),
    [
        (("Mode", "Replicated", "Replicas"), 0, "replicas"),
        ((*BOX, "Image"), "nginx:2", "image"),
        ((*BOX, "Env"), ["A=1", "B=2", "HAND=made"], "env"),
        ((*BOX, "Env"), None, "env"),
        ((*BOX, "Args"), ["true", "-c"], "args"),
        ((*BOX, "Mounts"), [], "mounts"),
        ((*BOX, "Labels", "x"), "z", "container_labels"),
        (("Labels", "blank"), "full", "labels"),
        (("Labels", MANAGED), "no", "labels"),
        (("EndpointSpec", "Ports"), [], "publish"),
        ((*BOX, "Init"), True, "init"),
        ((*BOX, "StopGracePeriod"), None, "stop_grace_period"),
        ((*BOX, "Sysctls"), {"a": "b"}, "ContainerSpec.Sysctls"),
        ((*BOX, "CapabilityAdd"), ["CAP_SYS_ADMIN"], "ContainerSpec.CapabilityAdd"),
        ((*BOX, "CapabilityDrop"), None, "cap_drop"),
        (("TaskTemplate", "LogDriver"), {"Name": "none"}, "TaskTemplate.LogDriver"),
        (("TaskTemplate", "RestartPolicy"), None, "restart"),
        (("TaskTemplate", "Networks"), [{"Target": "gone", "Aliases": ["web"]}], "networks"),
        (("TaskTemplate", "Resources", "Limits", "MemoryBytes"), 1, "resources"),
        (("UpdateConfig",), None, "update"),
        (("EndpointSpec", "Mode"), "dnsrr", "endpoint_mode"),
    ],
)
def test_a_change_made_by_hand_is_found(path, value, option):
    wanted = build(FULL)
    told = as_engine_tells(wanted)
    set_path(told, path, value)
    found = differences(comparable(wanted, NETWORKS), comparable(told, NETWORKS))
    assert list(found) == [option]
    before, after = (readable(option, value) for value in found[option])
    assert before != after


@pytest.mark.parametrize(
    ("option", "texts"),
    [
        ("publish", ["443:443/tcp ingress", "80:8080/tcp host"]),
        ("mounts", ["tmpfs :/t", "volume data:/data"]),
        ("networks", ["apps (aliases web)"]),
        ("secrets", ["shop_key_1 as tls.key (0:0, mode 0440)", "shop_token_1 as token (0:0, mode 0400)"]),
        ("configs", ["shop_conf_1 as /etc/app.conf (0:0, mode 0444)"]),
        ("restart", {"Condition": "on-failure", "Delay": "0 s"}),
        ("stop_grace_period", "0 s"),
        ("image", "nginx:1"),
    ],
)
def test_values_are_shown_in_the_words_of_the_options(option, texts):
    found = readable(option, comparable(build(FULL), {"apps": "apps"})[option])
    assert (sorted(found) if isinstance(found, list) else found) == texts
    assert readable(option, None) is None


@pytest.mark.parametrize(
    ("option", "item", "more"),
    [
        ("mounts", {"Type": "volume", "Target": "/a"}, {"VolumeOptions": {"NoCopy": True}}),
        ("networks", {"Target": "apps"}, {"DriverOpts": {"a": "b"}}),
        ("publish", {"PublishedPort": 1}, {"Name": "x"}),
    ],
)
def test_what_no_option_stands_for_is_shown_as_well(option, item, more):
    assert readable(option, [item]) != readable(option, [dict(item, **more)])


def test_an_image_wanted_by_digest_is_compared_with_it():
    wanted = comparable(build(image="nginx:1@sha256:aa"), {})
    assert "image" in differences(wanted, comparable(build(image="nginx:1@sha256:bb"), {}))
    assert "image" in differences(wanted, comparable(build(image="nginx:1"), {}))


def test_from_global_to_replicated_differs():
    found = differences(comparable(build(), {}), comparable(build(mode="global"), {}))
    assert found == {"mode": ("global", None), "replicas": (None, 1)}


@given(st.permutations(["A", "B", "C"]), st.permutations(["/a", "/b", "/c"]), st.permutations([80, 81, 82]))
def test_order_does_not_count(names, targets, ports):
    def made(names, targets, ports):
        return build(
            env=dict.fromkeys(names, "x"),
            mounts=[{"target": target} for target in targets],
            publish=[{"published": port} for port in ports],
        )

    first = comparable(made("ABC", ["/a", "/b", "/c"], [80, 81, 82]), {})
    assert differences(first, comparable(made(names, targets, ports), {})) == {}
