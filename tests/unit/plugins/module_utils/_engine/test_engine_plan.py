# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.dockyard.swarm.plugins.filter.plan_text import plan_text
from ansible_collections.dockyard.swarm.plugins.module_utils._core import config_files
from ansible_collections.dockyard.swarm.plugins.module_utils._engine import engine_plan, install
from ansible_collections.dockyard.swarm.plugins.module_utils._swarm import drain
from tests.unit.data_example import state, target, tree

FILE = {"sha256": config_files.digest("x"), "mode": "0644", "uid": 0, "gid": 0, "link": None}
INSTALL = install.wanted(["docker.io"], hold=False)
OUTSIDE = {"state": "inactive"}
UNIT = {"active": "active", "enabled": "enabled", "masked": False, "needs_daemon_reload": False, "argv": ["dockerd"]}


def test_the_role_plans_the_move_and_leaves_data_root_to_it():
    facts = {
        "packages": {"docker.io": "26"}, "files": {}, "engine": {"running": True, "version": "26", "images": {}},
        "units": {"docker.service": UNIT}, "swarm": {"state": "active"}, "os": {"family": "Debian"},
        "daemon": {"exists": False, "options": {}, "error": None, "interrupted": False},
        "data": state(targets={"docker": target("/srv/docker")}),
    }  # fmt: skip
    plan = engine_plan.engine_plan(facts, INSTALL, {"data-root": "/srv/docker"})
    assert [item["do"] for item in plan["all"]] == ["move"]
    # A swarm's node has to be out of service meanwhile; nothing else stops its Engine.
    assert (plan["needs_downtime"], plan["stops"]) == (True, False)
    facts["data"] = dict(
        facts["data"], docker=tree("/srv/docker"), targets={"docker": target("/srv/docker", same=True)}
    )
    found = engine_plan.engine_plan(facts, INSTALL, {"data-root": "/srv/docker"})
    assert [item["do"] for item in found["all"]] == ["add", "restart"]
    assert (found["needs_downtime"], found["stops"]) == (True, True)


def test_engine_plan_sees_a_drop_in_that_was_edited_and_leaves_it_alone_where_it_is_not_asked():
    have = {
        "packages": {"docker.io": "26"}, "units": {"docker.service": UNIT}, "swarm": OUTSIDE,
        "engine": {"running": True, "version": "26", "images": {}},
        "daemon": {"exists": False, "options": {}, "error": None, "interrupted": False},
        "files": {"/etc/systemd/system/docker.service.d/dockyard.conf": dict(FILE, mode="0600")},
    }  # fmt: skip
    assert plan_text(engine_plan.engine_plan(have, INSTALL, {}, environment={"A": "b"})["all"]) == [
        "write docker.service.d/dockyard.conf: its content differs",
        "restart docker.service: only a restart applies docker.service.d/dockyard.conf",
    ]
    assert engine_plan.engine_plan(have, INSTALL, {})["all"] == []


def test_engine_plan_puts_a_node_back_that_was_left_out_of_service():
    have = {
        "packages": {"docker.io": "26"}, "units": {"docker.service": UNIT}, "files": {},
        "engine": {"running": True, "version": "26", "images": {}}, "swarm": {"state": "active", "node_id": "n1"},
        "daemon": {"exists": True, "options": {}, "error": None, "interrupted": False},
    }  # fmt: skip
    node = {"id": "n1", "hostname": "node1", "availability": "drain", "labels": {drain.LABEL: "active"}}
    assert plan_text(engine_plan.engine_plan(have, INSTALL, {}, cluster=[node])["all"]) == [
        "restore node node1: its Engine is back"
    ]
    assert engine_plan.engine_plan(have, INSTALL, {}, cluster=[dict(node, labels={})])["all"] == []
    assert engine_plan.engine_plan(have, INSTALL, {}, cluster=[dict(node, id="n2")])["all"] == []


@pytest.mark.parametrize(
    ("options", "state", "wanted"),
    [({"debug": True}, "active", False), ({"mtu": 1400}, "active", True), ({"mtu": 1400}, "inactive", False)],
)
def test_only_a_restart_in_a_swarm_needs_downtime(options, state, wanted):
    have = {
        "packages": {"docker.io": "26"}, "units": {"docker.service": UNIT}, "files": {},
        "engine": {"running": True, "version": "26", "images": {}},
        "daemon": {"exists": True, "options": {}, "error": None, "interrupted": False}, "swarm": {"state": state},
    }  # fmt: skip
    assert engine_plan.engine_plan(have, INSTALL, options)["needs_downtime"] is wanted


def test_files_that_the_engine_reads_at_each_pull_restart_nothing():
    have = {
        "packages": {"docker.io": "26"}, "units": {"docker.service": UNIT}, "files": {"/etc/x": FILE},
        "engine": {"running": True, "version": "26", "images": {}}, "swarm": {"state": "active"},
        "daemon": {"exists": True, "options": {}, "error": None, "interrupted": False},
    }  # fmt: skip
    files = [
        {"path": "/etc/docker/certs.d/r:5000/ca.crt", "content": "pem"},
        {"path": "/etc/x", "content": "", "present": False},
    ]
    plan = engine_plan.engine_plan(have, INSTALL, {}, files=files)
    assert [(item["do"], item["to"]) for item in plan["all"]] == [
        ("write", "/etc/docker/certs.d/r:5000/ca.crt"),
        ("remove", "/etc/x"),
    ]
    assert not plan["needs_downtime"]


@pytest.mark.parametrize(
    ("mesh", "lines"),
    [
        (None, []),
        ({"engine": True, "lost": []}, []),
        (
            {"engine": False, "lost": []},
            ["restart docker.service: its rules in the kernel are missing: something removed them"],
        ),
    ],
)
def test_an_engine_whose_rules_are_missing_in_the_kernel_is_restarted(mesh, lines):
    have = {
        "packages": {"docker.io": "26"}, "units": {"docker.service": UNIT}, "files": {},
        "engine": {"running": True, "version": "26", "images": {}}, "swarm": {"state": "active"}, "mesh": mesh,
        "daemon": {"exists": True, "options": {}, "error": None, "interrupted": False},
    }  # fmt: skip
    plan = engine_plan.engine_plan(have, INSTALL, {})
    assert (plan_text(plan["all"]), plan["needs_downtime"]) == (lines, bool(lines))


@pytest.mark.parametrize(
    ("installed", "running", "wanted"), [(False, False, True), (True, False, False), (True, True, True)]
)
def test_images_of_a_daemon_that_does_not_run_are_unknown(installed, running, wanted):
    have = {
        "packages": {"docker.io": "26"}, "units": {"docker.service": UNIT} if installed else {}, "files": {},
        "engine": {"running": running, "version": "26" if running else None, "images": {}}, "swarm": OUTSIDE,
        "daemon": {"exists": False, "options": {}, "error": None, "interrupted": False},
    }  # fmt: skip
    plan = engine_plan.engine_plan(have, INSTALL, {}, archives=[{"image": "nginx:1", "path": "x"}])
    assert [item["to"] for item in plan["images"]] == (["image nginx:1"] if wanted else [])
