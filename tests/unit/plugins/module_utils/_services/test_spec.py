# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest

from ansible_collections.dockyard.swarm.plugins.module_utils._core.plan import PlanError
from ansible_collections.dockyard.swarm.plugins.module_utils._services.spec import resolve
from tests.unit.service_example import FULL, build


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


def test_a_service_has_its_short_name_and_its_aliases_on_a_network():
    networks = build(networks=["back", {"name": "front", "aliases": ["www", "shop"]}])["TaskTemplate"]["Networks"]
    assert networks == [
        {"Target": "back", "Aliases": ["web"]},
        {"Target": "front", "Aliases": ["web", "www", "shop"]},
    ]


def test_a_secret_that_the_stack_does_not_have_is_told():
    with pytest.raises(PlanError) as caught:
        build(secrets=[{"source": "nope"}])
    assert "nope is not in option secrets, which has key, token" in str(caught.value)


def test_sending_resolves_names_and_keeps_what_is_pinned():
    wanted = build(FULL)
    current = {"TaskTemplate": {"ForceUpdate": 2, "ContainerSpec": {"Image": "nginx:1@sha256:aa"}}}
    ids = ({"apps": "n1"}, {"shop_token_1": "s1", "shop_key_1": "s2"}, {"shop_conf_1": "c1"})
    sent = resolve(wanted, *ids, current)
    container = sent["TaskTemplate"]["ContainerSpec"]
    assert sent["TaskTemplate"]["Networks"][0]["Target"] == "n1"
    assert [item["SecretID"] for item in container["Secrets"]] == ["s1", "s2"]
    assert container["Configs"][0]["ConfigID"] == "c1"
    assert container["Image"] == "nginx:1@sha256:aa"
    assert sent["TaskTemplate"]["ForceUpdate"] == 2
    assert "n1" not in json.dumps(wanted), "the plan's own Spec stays as it is"
    with pytest.raises(PlanError, match="has no network apps; create it first"):
        resolve(wanted, {}, *ids[1:])
