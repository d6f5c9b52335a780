# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host already has and what stands in the way, before anything is changed."""

from __future__ import annotations

import re

import pytest

from tests.unit.host_example import plan
from tests.unit.swarm_example import BARE

DOCKER = {"active": "active", "sub": "running", "enabled": "enabled", "masked": False, "coming": False,
          "needs_daemon_reload": False, "path": "/usr/lib/systemd/system/docker.service", "drop_ins": [], "argv": []}  # fmt: skip
FLAG = {
    "option": "log-driver",
    "flag": "--log-driver",
    "variable": "DOCKER_OPTS",
    "path": "/etc/default/docker",
    "line": 4,
}
WANTED = {"options": ["log-driver"], "remove": [], "environment": {}, "proxies": {}}
PROXY = {"path": "/etc/systemd/system/docker.service.d/proxy.conf", "line": 2, "name": "HTTPS_PROXY", "value": "set"}


def daemon(**changed):
    return dict({"exists": True, "options": {}, "error": None, "since": None, "until": None, "interrupted": False,
                 "flags": [], "proxies": []}, **changed)  # fmt: skip


def listener(port, protocol="tcp", process="nc"):
    return {"protocol": protocol, "port": port, "address": "0.0.0.0", "inode": "7", "process": process, "pid": 4711}


def line(path, name, value=None):
    return {"path": path, "line": 3, "name": name, "value": value}


@pytest.mark.parametrize(
    ("here", "expects", "words"),
    [
        ({"daemon": daemon(error="line 2, column 9: a comment")}, {}, "/etc/docker/daemon.json: line 2, column 9: a comment"),
        ({"daemon": daemon(since="a byte order mark"), "engine": {"version": "20.10.24"}}, {}, "a byte order mark, which only"),
        ({"daemon": daemon(since="a byte order mark"), "engine": {"version": "26.1.5"}}, {}, None),
        ({"daemon": daemon(flags=[FLAG])}, {"daemon": WANTED}, "/etc/default/docker, line 4: DOCKER_OPTS"),
        ({"daemon": daemon(flags=[FLAG], options={"log-driver": "local"})}, {}, "/etc/default/docker, line 4: DOCKER_OPTS"),
        ({"daemon": daemon(flags=[FLAG])}, {}, None),
        (
            {"daemon": daemon(proxies=[PROXY])},
            {"daemon": WANTED, "registries": ["registry.test:5000"]},
            "proxy.conf, line 2 sets a proxy.*registry.test:5000.*NO_PROXY",
        ),
        ({"daemon": daemon(proxies=[PROXY])}, {"daemon": WANTED}, None),
        (
            {"sysctl_lines": {"a.b": line("/etc/sysctl.d/zz.conf", "a/b", "0")}}, {"sysctls": {"a.b": 1}},
            "/etc/sysctl.d/zz.conf, line 3 sets kernel parameter a.b to 0",
        ),
        (
            {"journald_lines": [line("/etc/systemd/journald.conf.d/zz.conf", "Storage", "none")]},
            {"journal_max_use": "4G"}, "zz.conf, line 3 sets Storage of journald to none",
        ),
        ({"journald_lines": [line("/etc/systemd/journald.conf.d/zz.conf", "Storage", "none")]}, {}, None),
        ({"replaced": {"chrony": ["ntpsec"]}}, {}, "remove package ntpsec: chrony replaces it"),
        ({"replaced": {"chrony": ["ntpsec"]}}, {"allow_removal": ["ntpsec"]}, None),
        ({"listeners": [listener(2377), listener(7946), listener(7946, "udp"), listener(53)]}, {},
         r"nc \(process 4711\) listens on tcp 2377, tcp 7946, udp 7946, which the swarm needs"),
        ({"listeners": [listener(7946)], "swarm": dict(BARE, state="locked")}, {}, None),
        ({"listeners": [listener(4789, "udp")]}, {}, "udp 4789"),
    ],
)  # fmt: skip
def test_what_stands_in_the_way_is_named_with_its_place(here, expects, words):
    facts = {"units": {"docker.service": DOCKER}, "expects": expects, **here}
    problems = plan(workers=(), node1=facts, options={"forms_swarm": False})["problems"]
    if words is None:
        assert not [text for text in problems if "locked" not in text]
    else:
        (problem,) = problems
        assert problem.startswith("node1: ")
        assert re.search(words, problem), problem


def test_a_port_that_the_swarm_does_not_need_is_left_to_others():
    found = plan(node2={"listeners": [listener(2377)]}, node1={"listeners": [listener(4789, "udp")]},
                 options={"settings": {"data_path_port": 5789}})  # fmt: skip
    assert found["problems"] == []


def test_a_unit_that_is_not_the_packages_is_a_warning():
    own = dict(DOCKER, path="/etc/systemd/system/docker.service")
    (warning,) = plan(node1={"units": {"docker.service": own}})["warnings"]
    assert warning.startswith("node1: docker.service is /etc/systemd/system/docker.service")
    assert plan(node1={"units": {"docker.service": DOCKER}})["warnings"] == []
