# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.dockyard.swarm.plugins.module_utils._core import config_files
from ansible_collections.dockyard.swarm.plugins.module_utils._core.plan import PlanError
from ansible_collections.dockyard.swarm.plugins.module_utils._logs import log_forwarding

SENDER = {"path": "/etc/x/sender.conf", "content": "send\n", "mode": "0644", "unit": "sender.service"}
KEY = {"path": "/etc/x/sender.key", "content": "key\n", "mode": "0600", "unit": "sender.service", "secret": True}
JOURNAL = {"path": "/etc/j.conf", "content": "[Journal]\n", "mode": "0644", "unit": "systemd-journald.service"}
HOST = {"path": "/etc/r.conf", "content": "stop\n", "mode": "0644", "unit": "rsyslog.service"}
COLLECTOR = {"path": "/etc/x/coll.conf", "content": "c\n", "mode": "0644", "unit": "coll.service", "present": False}
FILES = [JOURNAL, HOST, KEY, SENDER, COLLECTOR]
UNITS = [
    {"name": "systemd-journald.service", "stamp": "/etc/x/started-journal", "own": False},
    {"name": "rsyslog.service", "stamp": "/etc/x/started-rsyslog", "own": False},
    {"name": "coll.service", "stamp": "/etc/x/started-coll", "own": True, "present": False},
    {"name": "sender.service", "stamp": "/etc/x/started-sender", "own": True},
]
PACKAGES = ["rsyslog", "rsyslog-relp"]


def on_disk(content, mode="0644", uid=0, gid=0, link=None):
    return {"sha256": config_files.digest(content), "mode": mode, "uid": uid, "gid": gid, "link": link}


def unit_facts(**changed):
    return dict({"active": "active", "enabled": "enabled", "masked": False, "needs_daemon_reload": False}, **changed)


def converged():
    files = {item["path"]: on_disk(item["content"], item["mode"]) for item in FILES if item.get("present", True)}
    for unit in UNITS:
        if unit.get("present", True):
            files[unit["stamp"]] = on_disk(config_files.files_sum(FILES, unit["name"]) + "\n")
    return {
        "packages": {"rsyslog": "8", "rsyslog-relp": "8"},
        "files": files,
        "units": {"rsyslog.service": unit_facts(), "sender.service": unit_facts()},
    }


def plan(node, files=None):
    return [(item["do"], item["to"]) for item in log_forwarding.make_plan(node, PACKAGES, files or FILES, UNITS)]


def test_nothing_to_do():
    assert plan(converged()) == []


def test_bare_host():
    assert plan({"packages": {}, "files": {}, "units": {}}) == [
        ("install", "package rsyslog"),
        ("install", "package rsyslog-relp"),
        ("write", "/etc/j.conf"),
        ("write", "/etc/r.conf"),
        ("write", "/etc/x/sender.key"),
        ("write", "/etc/x/sender.conf"),
        ("restart", "systemd-journald.service"),
        ("start", "sender.service"),
    ]


@pytest.mark.parametrize("item", [JOURNAL, HOST, KEY, SENDER], ids=lambda item: item["path"])
@pytest.mark.parametrize(
    "drift",
    [
        {"sha256": "other"},
        {"mode": "0666"},
        {"uid": 65534},
        {"gid": 4},
        {"link": "/elsewhere"},
        None,
    ],
    ids=str,
)
def test_drift_of_each_file_is_found_and_its_unit_restarted(item, drift):
    node = converged()
    if drift is None:
        del node["files"][item["path"]]
    else:
        node["files"][item["path"]].update(drift)
    assert plan(node) == [("write", item["path"]), ("restart", item["unit"])]


def test_a_run_cut_short_before_the_restart_is_found():
    node = converged()
    del node["files"]["/etc/x/started-sender"]
    assert plan(node) == [("restart", "sender.service")]
    node["files"]["/etc/x/started-sender"] = on_disk("files of yesterday\n")
    assert plan(node) == [("restart", "sender.service")]


def test_the_stamp_tells_of_the_files_and_nothing_else():
    first = config_files.files_sum(FILES, "sender.service")
    assert first == config_files.files_sum(list(reversed(FILES)), "sender.service")
    assert first != config_files.files_sum([dict(SENDER, content="other"), KEY], "sender.service")
    assert "key" not in first


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"active": "inactive"}, [("start", "sender.service")]),
        ({"active": "failed"}, [("start", "sender.service")]),
        ({"active": "reloading"}, []),
        ({"enabled": "disabled"}, [("enable", "sender.service")]),
        ({"active": "inactive", "masked": True}, [("enable", "sender.service"), ("start", "sender.service")]),
        ({"needs_daemon_reload": True}, [("read", "sender.service")]),
    ],
)
def test_a_unit_that_is_stopped_or_off(facts, expected):
    node = converged()
    node["units"]["sender.service"].update(facts)
    assert plan(node) == expected


def test_the_hosts_own_daemon_is_left_alone_where_it_does_not_run():
    node = converged()
    node["units"]["rsyslog.service"]["active"] = "inactive"
    del node["files"]["/etc/x/started-rsyslog"]
    assert plan(node) == []


def test_a_host_that_is_no_collector_any_more():
    node = converged()
    node["files"]["/etc/x/coll.conf"] = on_disk("c\n")
    node["files"]["/etc/x/started-coll"] = on_disk("files\n")
    node["units"]["coll.service"] = unit_facts()
    assert plan(node) == [
        ("remove", "/etc/x/coll.conf"),
        ("stop", "coll.service"),
        ("remove", "/etc/x/started-coll"),
    ]


def test_a_plan_shows_no_content():
    text = str(
        log_forwarding.make_plan({"packages": {}, "files": {}, "units": {}}, [], [dict(KEY, content="hunter2")], UNITS)
    )
    assert "hunter2" not in text
    assert config_files.digest("hunter2") not in text


@pytest.mark.parametrize("value", ["1G", "500M", "20T", "8K"])
def test_sizes(value):
    log_forwarding.check_sizes({"swarm_logging_node_max_use": value})


@pytest.mark.parametrize("value", ["", "1g", "0G", "1 G", "G", "1.5G", "1G\n", 1024, None])
def test_a_size_that_is_none(value):
    with pytest.raises(PlanError, match="swarm_logging_node_max_use"):
        log_forwarding.check_sizes({"swarm_logging_node_max_use": value})
