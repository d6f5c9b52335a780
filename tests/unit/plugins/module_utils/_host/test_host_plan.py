# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.dockyard.swarm.plugins.filter.plan_text import plan_text
from ansible_collections.dockyard.swarm.plugins.module_utils._core import config_files
from ansible_collections.dockyard.swarm.plugins.module_utils._host import host_plan
from ansible_collections.dockyard.swarm.plugins.module_utils._networks import overlay

FILE = {"sha256": config_files.digest("x"), "mode": "0644", "uid": 0, "gid": 0, "link": None}
FOLDER = {"sha256": None, "mode": "0700", "uid": 0, "gid": 0, "link": None}
UNIT = {"active": "active", "enabled": "enabled", "masked": False, "needs_daemon_reload": False, "argv": ["dockerd"]}


def facts(**changed):
    base = {"packages": {"chrony": "4"}, "sysctls": {"a.b": "1"}, "kernel_modules": {"overlay": True},
            "files": {"/etc/x": FILE}, "units": {"chrony.service": UNIT}}  # fmt: skip
    return dict(base, **changed)


def plan(have):
    return plan_text(
        host_plan.host_plan(
            have, ["chrony"], {"a.b": 1}, ["overlay"], [{"path": "/etc/x", "content": "x"}], ["chrony.service"]
        )
    )


def test_host_that_is_as_wanted_needs_nothing():
    assert plan(facts()) == []


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        ({"packages": {}}, "install package chrony: missing"),
        ({"sysctls": {"a.b": "0"}}, "set sysctl a.b: 0 → 1"),
        ({"sysctls": {"a.b": None}}, "set sysctl a.b: none → 1"),
        ({"kernel_modules": {"overlay": False}}, "load kernel module overlay: not there"),
        ({"files": {}}, "write /etc/x: missing"),
        ({"files": {"/etc/x": dict(FILE, sha256="b" * 64)}}, "write /etc/x: its content differs"),
        ({"files": {"/etc/x": dict(FILE, link="/tmp/y")}}, "write /etc/x: it is a symbolic link"),
        (
            {"files": {"/etc/x": dict(FILE, mode="0666")}},
            "write /etc/x: its mode or owner differs: mode 0666, owner 0:0 → mode 0644, owner 0:0",
        ),
        (
            {"files": {"/etc/x": dict(FILE, gid=5)}},
            "write /etc/x: its mode or owner differs: mode 0644, owner 0:5 → mode 0644, owner 0:0",
        ),
        ({"units": {}}, "start chrony.service: it is not there yet"),
        ({"units": {"chrony.service": dict(UNIT, active="inactive")}}, "start chrony.service: it does not run"),
        (
            {"units": {"chrony.service": dict(UNIT, enabled="disabled")}},
            "enable chrony.service: it would not start at boot",
        ),
        ({"units": {"chrony.service": dict(UNIT, masked=True)}}, "enable chrony.service: it would not start at boot"),
        (
            {"units": {"chrony.service": dict(UNIT, needs_daemon_reload=True)}},
            "read chrony.service: its unit files were changed since systemd read them",
        ),
    ],
)
def test_each_drift_is_one_change_with_its_reason(changed, line):
    assert plan(facts(**changed)) == [line]


@pytest.mark.parametrize(
    ("link", "actual"),
    [
        ("/usr/share/zoneinfo/Europe/Berlin", "Europe/Berlin"),
        ("../usr/share/zoneinfo/Etc/UTC", "Etc/UTC"),
        (None, None),
    ],
)
def test_time_zone(link, actual):
    have = facts(files={"/etc/localtime": dict(FILE, link=link)})
    assert host_plan.timezone_of(have) == actual
    assert host_plan.host_plan(have, [], {}, [], [], timezone="") == []
    if actual:
        assert host_plan.host_plan(have, [], {}, [], [], timezone=actual) == []
    (change,) = host_plan.host_plan(have, [], {}, [], [], timezone="Asia/Tokyo")
    assert (change["do"], change["to"], change["before"], change["after"]) == ("set", "time zone", actual, "Asia/Tokyo")


def test_without_a_link_the_time_is_utc():
    assert host_plan.timezone_of(facts(files={})) == "UTC"


def test_a_time_zone_that_does_not_exist_is_told_with_one_that_does():
    assert host_plan.check_timezone("Europe/Berlin") == host_plan.check_timezone("") == []
    assert host_plan.check_timezone("Europe/Belrin") == ["'Europe/Belrin' is no time zone: did you mean Europe/Berlin?"]


@pytest.mark.parametrize(
    ("have", "lines"),
    [
        ({"/s": FOLDER}, []),
        ({}, ["make /s: missing"]),
        (
            {"/s": dict(FOLDER, uid=1000)},
            ["own /s: its mode or owner differs: mode 0700, owner 1000:0 → mode 0700, owner 0:0"],
        ),
        (
            {"/s": dict(FOLDER, mode="0755")},
            ["own /s: its mode or owner differs: mode 0755, owner 0:0 → mode 0700, owner 0:0"],
        ),
    ],
)
def test_folders(have, lines):
    folders = [{"path": "/s", "mode": "0700", "gid": 0}]
    assert plan_text(config_files.folder_plan({"files": have}, folders)) == lines


def test_networks_plan_tells_what_must_not_be_done_too():
    actual = {"name": "apps", "id": "n", "subnets": [], "attachable": True, "internal": False, "ingress": False,
              "encrypted": False, "mtu": None, "labels": {}}  # fmt: skip
    swarm = {"swarm": {"networks": [actual]}}
    wanted = [{"name": "apps"}, {"name": "new"}]
    refused, missing = overlay.networks_plan(swarm, wanted)
    assert (refused["do"], refused["network"]) == ("refuse", wanted[0])
    assert "attachable (is True, wanted False)" in refused["why"]
    assert (missing["do"], missing["network"]) == ("create", wanted[1])
