# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.dockyard.swarm.plugins.module_utils._engine import unit_environment
from ansible_collections.dockyard.swarm.plugins.module_utils._engine.unit_environment import expanded, flags, variables

UNIT = """[Unit]
Environment=WRONG=section
[Service]
EnvironmentFile=-/etc/default/docker
Environment=A=1 "B=two words"
ExecStart=/usr/sbin/dockerd -H fd:// $DOCKER_OPTS
"""
FILE = """# comment
 ; another
DOCKER_OPTS="--log-driver=json-file \\
  --dns 192.0.2.1"
A=3
export NOT=this
"""
ARGV = ["/usr/sbin/dockerd", "-H", "fd://", "$DOCKER_OPTS"]


def read(*units, files=None):
    files = {"/etc/default/docker": FILE} if files is None else files
    return variables(units, lambda path: [(path, files[path])] if path in files else [])


def test_each_variable_is_found_at_its_line():
    found = read(("/u", UNIT))
    assert {name: (item.value, item.path, item.line) for name, item in found.items()} == {
        "A": ("3", "/etc/default/docker", 5),  # files go before the unit
        "B": ("two words", "/u", 5),
        "DOCKER_OPTS": ("--log-driver=json-file    --dns 192.0.2.1", "/etc/default/docker", 3),
    }
    assert set(read(("/u", UNIT), files={})) == {"A", "B"}


def test_a_drop_in_adds_and_takes_away():
    drop_in = "[Service]\nEnvironmentFile=\nEnvironment=\nEnvironment='HTTPS_PROXY=http://u:p%%40@192.0.2.9:3128'\n"
    found = read(("/u", UNIT), ("/d.conf", drop_in))
    assert [(item.name, item.value, item.line) for item in found.values()] == [
        ("HTTPS_PROXY", "http://u:p%40@192.0.2.9:3128", 4)
    ]


def test_the_command_line_has_them():
    found = read(("/u", UNIT))
    assert expanded(ARGV, found)[3:] == ["--log-driver=json-file", "--dns", "192.0.2.1"]
    assert expanded(["x", "--label=a=${A}", "$NONE", "${NONE}"], found) == ["x", "--label=a=3", ""]
    assert flags(ARGV, found) == [
        {
            "option": "log-driver",
            "flag": "--log-driver",
            "variable": "DOCKER_OPTS",
            "path": "/etc/default/docker",
            "line": 3,
        },
        {"option": "dns", "flag": "--dns", "variable": "DOCKER_OPTS", "path": "/etc/default/docker", "line": 3},
    ]
    assert flags(["/usr/sbin/dockerd", "--dns=1"], found) == []


def test_a_proxy_is_told_without_its_password():
    unit = "[Service]\nEnvironment=HTTPS_PROXY=http://u:secret@192.0.2.9:3128 NO_PROXY=localhost,.example.org https_proxy=\n"
    found = unit_environment.proxies(read(("/d.conf", unit)))
    assert "secret" not in str(found)
    assert {(item["name"], item["value"], item["line"]) for item in found} == {
        ("HTTPS_PROXY", "set", 2), ("NO_PROXY", "localhost,.example.org", 2), ("https_proxy", "", 2),
    }  # fmt: skip


@pytest.mark.parametrize("value", ["'unclosed", "", '"', "\\"])
def test_a_text_that_systemd_would_not_take_is_no_error(value):
    read(("/u", "[Service]\nEnvironment=%s\n" % value), files={})
    read(("/u", UNIT), files={"/etc/default/docker": "A=%s\n" % value})
    assert expanded(["x", "$A"], {"A": unit_environment.Assignment("A", value, "/x", 1)})[0] == "x"
