# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An option by which the Engine would start without its data is refused where there is data."""

from __future__ import annotations

import pytest

from ansible_collections.dockyard.swarm.plugins.module_utils._engine import data_facts, hidden_data
from tests.unit.host_example import facts, plan
from tests.unit.swarm_example import inside, node

ALL = ["containers", "images", "swarm", "volumes"]


def check(current, wanted, has=("swarm",), remove=(), driver="overlay2"):
    return hidden_data.check(has, current, wanted, remove, driver, "node1")


STORE = {"features": {"containerd-snapshotter": True}}


@pytest.mark.parametrize(
    ("current", "wanted", "remove", "driver", "option"),
    [
        ({}, {"userns-remap": "default"}, [], "overlay2", "userns-remap would become dockremap instead of off"),
        (
            {"userns-remap": "default"},
            {},
            ["userns-remap"],
            "overlay2",
            "userns-remap would become off instead of dockremap",
        ),
        (
            {"userns-remap": "default"},
            {"userns-remap": "app"},
            [],
            None,
            "userns-remap would become app instead of dockremap",
        ),
        ({}, {"storage-driver": "btrfs"}, [], "overlay2", "storage-driver would become btrfs instead of overlay2"),
        ({}, STORE, [], "overlay2", "features: containerd-snapshotter would become true instead of false"),
        ({}, {"features": {"containerd-snapshotter": False}}, [], "overlayfs", "would become false instead of true"),
        (STORE, {"features": {}}, [], None, "would become false instead of true"),
        (
            {},
            {"containerd-namespace": "other"},
            [],
            "overlay2",
            "containerd-namespace would become other instead of moby",
        ),
        ({}, {"containerd": "/run/c.sock"}, [], "overlay2", "containerd would become /run/c.sock"),
    ],
)
def test_what_hides_data_is_refused_with_the_steps(current, wanted, remove, driver, option):
    (text,) = check(current, wanted, ALL, remove, driver)
    assert option in text
    assert "swarm_remove=node1" in text
    assert check(current, wanted, [], remove, driver) == []


@pytest.mark.parametrize(
    ("current", "wanted", "driver"),
    [
        ({}, {"debug": True}, "overlay2"),
        ({"userns-remap": "default"}, {"userns-remap": "dockremap"}, "overlay2"),
        ({"userns-remap": "default"}, {"userns-remap": "dockremap:dockremap"}, "overlay2"),
        ({}, {"userns-remap": ""}, "overlay2"),
        ({}, {"storage-driver": "overlay2"}, "overlay2"),
        ({}, {"storage-driver": "overlayfs"}, "overlayfs"),
        ({}, STORE, "overlayfs"),
        ({}, STORE, None),
        ({}, {"features": {"cdi": True}}, "overlay2"),
        ({}, {"containerd": "/run/containerd/containerd.sock"}, "overlay2"),
    ],
)
def test_what_hides_nothing_is_allowed(current, wanted, driver):
    assert check(current, wanted, ALL, (), driver) == []


def test_only_what_would_be_hidden_is_named():
    (text,) = check({}, {"storage-driver": "btrfs"}, ALL)
    assert "without its containers and images." in text
    assert check({}, {"storage-driver": "btrfs"}, ["swarm", "volumes"]) == []
    assert "without its containers, images, swarm and volumes." in check({}, {"userns-remap": "default"}, ALL)[0]


def test_a_folder_that_an_engine_has_just_made_has_no_data(tmp_path):
    for name in ("containers", "image/overlay2/imagedb/content/sha256", "swarm", "volumes", "overlay2/l"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "volumes" / "metadata.db").touch()
    assert data_facts.data_kinds(str(tmp_path)) == []
    (tmp_path / "volumes" / "data" / "_data").mkdir(parents=True)
    (tmp_path / "swarm" / "docker-state.json").touch()
    assert data_facts.data_kinds(str(tmp_path)) == ["swarm", "volumes"]


def test_it_is_found_when_the_cluster_is_planned():
    remapped = {"swarm_engine_daemon_options": {"userns-remap": "default"}}
    member = inside("node1", manager=True, nodes=[node("node1", "manager")])
    found = plan(workers=(), variables=remapped, node1=facts(1, swarm=member))["problems"]
    assert any(
        text.startswith("node1: option swarm_engine_daemon_options: daemon option userns-remap would become dockremap")
        for text in found
    ), found
    assert plan(workers=(), variables=remapped)["problems"] == []
