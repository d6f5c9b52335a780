# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import copy
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.dockyard.swarm.plugins.module_utils import _service_spec as spec
from ansible_collections.dockyard.swarm.plugins.module_utils._plan import PlanError

NETWORKS = {"n1": "apps"}

FULL = {
    "image": "nginx:1",
    "command": ["sh"],
    "args": ["-c", "true"],
    "env": {"B": 2, "A": "1"},
    "user": "101",
    "hostname": "web",
    "labels": {"tier": "front", "blank": ""},
    "container_labels": {"x": "y"},
    "replicas": 2,
    "constraints": ["node.role==worker", "node.labels.a==b"],
    "networks": ["apps"],
    "publish": [{"published": 443}, {"published": "80", "target": 8080, "mode": "host"}],
    "mounts": [{"source": "data", "target": "/data"}, {"type": "tmpfs", "target": "/t"}],
    "secrets": [{"source": "token"}, {"source": "key", "target": "tls.key", "mode": "0440"}],
    "configs": [{"source": "conf", "target": "/etc/app.conf"}],
    "healthcheck": {"test": "true", "interval": 1.5},
    "resources": {"limit_cpus": 0.5, "limit_memory": "64M", "reserve_memory": 1024},
    "restart": {"condition": "on-failure", "delay": 0},
    "update": {"order": "start-first", "failure_action": "rollback"},
    "stop_grace_period": 0,
    "dns": ["192.0.2.53"],
    "hosts": {"db": "192.0.2.9"},
    "read_only": True,
    "init": False,
    "cap_drop": ["net_raw", "ALL"],
}


def build(options=None, **more):
    options = dict({"image": "nginx:1"} if options is None else options, **more)
    return spec.build(
        "shop",
        "web",
        spec.parse("web", options),
        {"token": "shop_token_1", "key": "shop_key_1"},
        {"conf": "shop_conf_1"},
    )


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
    assert spec.differences(spec.comparable(wanted, NETWORKS), spec.comparable(told, NETWORKS)) == {}


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
        (("Labels", spec.MANAGED), "no", "labels"),
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
        (("EndpointSpec", "Mode"), "dnsrr", "EndpointSpec.Mode"),
    ],
)
def test_a_change_made_by_hand_is_found(path, value, option):
    wanted = build(FULL)
    told = as_engine_tells(wanted)
    set_path(told, path, value)
    assert list(spec.differences(spec.comparable(wanted, NETWORKS), spec.comparable(told, NETWORKS))) == [option]


def test_an_image_wanted_by_digest_is_compared_with_it():
    wanted = spec.comparable(build(image="nginx:1@sha256:aa"), {})
    assert "image" in spec.differences(wanted, spec.comparable(build(image="nginx:1@sha256:bb"), {}))
    assert "image" in spec.differences(wanted, spec.comparable(build(image="nginx:1"), {}))


def test_from_global_to_replicated_differs():
    found = spec.differences(spec.comparable(build(), {}), spec.comparable(build(mode="global"), {}))
    assert found == {"mode": ("global", None), "replicas": (None, 1)}


@given(st.permutations(["A", "B", "C"]), st.permutations(["/a", "/b", "/c"]), st.permutations([80, 81, 82]))
def test_order_does_not_count(names, targets, ports):
    def made(names, targets, ports):
        return build(
            env=dict.fromkeys(names, "x"),
            mounts=[{"target": target} for target in targets],
            publish=[{"published": port} for port in ports],
        )

    first = spec.comparable(made("ABC", ["/a", "/b", "/c"], [80, 81, 82]), {})
    assert spec.differences(first, spec.comparable(made(names, targets, ports), {})) == {}


def test_units():
    container = build(FULL)["TaskTemplate"]["ContainerSpec"]
    assert container["Healthcheck"]["Interval"] == 1_500_000_000
    assert container["Healthcheck"]["Test"] == ["CMD-SHELL", "true"]
    assert container["Env"] == ["A=1", "B=2"]
    assert container["Hosts"] == ["192.0.2.9 db"]
    assert container["CapabilityDrop"] == ["CAP_NET_RAW", "ALL"]
    assert [item["File"]["Mode"] for item in container["Secrets"]] == [0o400, 0o440]
    resources = build(FULL)["TaskTemplate"]["Resources"]
    assert resources["Limits"] == {"NanoCPUs": 500_000_000, "MemoryBytes": 64 * 1024**2, "Pids": 0}
    ports = build(FULL)["EndpointSpec"]["Ports"]
    assert [(port["PublishedPort"], port["TargetPort"]) for port in ports] == [(443, 443), (80, 8080)]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "services.web.image is missing"),
        ({"imagee": "x"}, "no option imagee"),
        ({"replicas": -1}, "services.web.replicas must be a whole number of at least 0"),
        ({"replicas": 1.5}, "services.web.replicas"),
        ({"mode": "global", "replicas": 2}, "services.web.replicas cannot be given with mode global"),
        ({"env": {"A": True}}, "services.web.env.A must be text; put the value in quotes"),
        ({"env": ["A=1"]}, "services.web.env must be a dictionary"),
        ({"args": "sleep 1"}, "services.web.args must be a list"),
        ({"publish": [{"published": 70000}]}, "services.web.publish[0].published"),
        ({"publish": [{"published": 80}, {"published": 80}]}, "services.web.publish names port 80/tcp twice"),
        ({"mounts": [{"target": "data"}]}, "services.web.mounts[0].target must be an absolute path"),
        ({"mounts": [{"target": "/a"}, {"target": "/a"}]}, "as that of another mount"),
        ({"mounts": [{"type": "bind", "source": "x", "target": "/a"}]}, "services.web.mounts[0].source"),
        ({"mounts": [{"type": "tmpfs", "source": "x", "target": "/a"}]}, "type tmpfs"),
        ({"secrets": [{"source": "nope"}]}, "nope is not in option secrets, which has key, token"),
        ({"secrets": [{"source": "token", "mode": "0999"}]}, "octal mode"),
        ({"healthcheck": {"test": []}}, "services.web.healthcheck.test is empty"),
        ({"healthcheck": {"test": "a", "interval": "5s"}}, "services.web.healthcheck.interval must be a number"),
        ({"resources": {"limit_memory": "much"}}, "services.web.resources.limit_memory"),
        ({"restart": {"condition": "always"}}, "it can be none, on-failure, any"),
        ({"read_only": "maybe"}, "services.web.read_only must be true or false"),
    ],
)
def test_what_cannot_be_meant_is_told_by_the_options_name(options, words):
    with pytest.raises(PlanError) as caught:
        build(dict({"image": "nginx:1"} if options else {}, **options))
    assert words in str(caught.value)


def test_sending_resolves_names_and_keeps_what_is_pinned():
    wanted = build(FULL)
    current = {"TaskTemplate": {"ForceUpdate": 2, "ContainerSpec": {"Image": "nginx:1@sha256:aa"}}}
    ids = ({"apps": "n1"}, {"shop_token_1": "s1", "shop_key_1": "s2"}, {"shop_conf_1": "c1"})
    sent = spec.resolve(wanted, *ids, current)
    container = sent["TaskTemplate"]["ContainerSpec"]
    assert sent["TaskTemplate"]["Networks"][0]["Target"] == "n1"
    assert [item["SecretID"] for item in container["Secrets"]] == ["s1", "s2"]
    assert container["Configs"][0]["ConfigID"] == "c1"
    assert container["Image"] == "nginx:1@sha256:aa"
    assert sent["TaskTemplate"]["ForceUpdate"] == 2
    assert "n1" not in json.dumps(wanted), "the plan's own Spec stays as it is"
    with pytest.raises(PlanError, match="has no network apps; make it first"):
        spec.resolve(wanted, {}, *ids[1:])
