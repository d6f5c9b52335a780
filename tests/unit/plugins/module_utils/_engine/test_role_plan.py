# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.dockyard.swarm.plugins.filter import engine_plan
from ansible_collections.dockyard.swarm.plugins.module_utils._engine import install, role_plan

DEFAULTS = {
    "log-driver": "json-file", "log-opts": {"max-size": "50m", "max-file": "5"}, "live-restore": False,
    "max-concurrent-downloads": 10, "shutdown-timeout": 30,
}  # fmt: skip
API = {"port": 2376, "ca": "CA\n", "certificate": "CERT\n", "key": "KEY\n"}
API_OPTIONS = ["hosts", "tlsverify", "tlscacert", "tlscert", "tlskey"]


def facts(options=None, files=(), mesh=None):
    return {
        "os": {"family": "Debian"}, "packages": {"docker.io": "26"}, "holds": ["docker.io"], "candidates": {}, "repository": None,
        "files": {path: {"sha256": "", "mode": "0644", "uid": 0, "gid": 0, "link": None} for path in files}, "units": {},
        "mesh": mesh, "data": None, "engine": {"running": False, "version": None, "images": {}},
        "swarm": {"state": "inactive", "node_id": None},
        "daemon": {"exists": True, "options": options or {}, "error": None, "interrupted": False},
    }  # fmt: skip


def settings(**changed):
    return {
        "options": {}, "remove": [], "environment": {}, "contributed": {}, "data_link": False, "registry_cas": {}, "api": {},
        "archives": [], "nodes": [], **changed,
    }  # fmt: skip


def wanted(host=None, **changed):
    return role_plan.wanted_of(host or facts(), settings(**changed))


def test_by_itself_logs_go_to_files_that_rotate():
    assert wanted() == {"options": DEFAULTS, "remove": [], "environment": {}, "files": []}


def test_what_other_roles_want_wins_over_defaults_and_the_user_over_all():
    contributed = {"log-driver": "journald", "dns": ["192.0.2.11"], "shutdown-timeout": 60}
    options = wanted(contributed=contributed, options={"dns": [], "debug": True})["options"]
    assert options == {
        "log-driver": "journald", "dns": [], "shutdown-timeout": 60, "live-restore": False, "max-concurrent-downloads": 10,
        "debug": True,
    }  # fmt: skip


def test_servers_that_are_only_ordered_otherwise_restart_no_engine():
    present = facts({"dns": ["192.0.2.12", "192.0.2.11"]})
    assert wanted(present, contributed={"dns": ["192.0.2.11", "192.0.2.12"]})["options"]["dns"] == [
        "192.0.2.12",
        "192.0.2.11",
    ]
    other = {"dns": ["192.0.2.11", "192.0.2.13"]}
    assert wanted(present, contributed=other)["options"]["dns"] == other["dns"]
    # The user's own order counts.
    given = {"dns": ["192.0.2.11", "192.0.2.12"]}
    assert wanted(present, contributed=given, options=given)["options"]["dns"] == given["dns"]


def test_a_play_without_the_logging_role_leaves_the_logs_of_a_host_that_has_it_alone():
    options = wanted(facts(files=[role_plan.LOGGING_UNIT]), contributed={"dns": ["192.0.2.11"]})["options"]
    assert "log-driver" not in options
    assert "log-opts" not in options


@pytest.mark.parametrize(
    ("data_root", "link", "there", "removed"),
    [("/srv", False, True, []), ("/srv", True, False, ["data-root"]), ("/var/lib/docker", True, True, [])],
)
def test_a_link_stands_for_the_option(data_root, link, there, removed):
    found = wanted(options={"data-root": data_root}, data_link=link)
    assert ("data-root" in found["options"]) == there
    assert found["remove"] == removed


def test_the_api_has_options_files_and_a_sum_that_a_new_certificate_changes():
    found = wanted(api=API, environment={"HTTPS_PROXY": "http://proxy"})
    assert [name for name in found["options"] if name in API_OPTIONS] == API_OPTIONS
    assert found["options"]["hosts"] == ["fd://", "tcp://0.0.0.0:2376"]
    assert [(item["path"], item["content"], item["mode"]) for item in found["files"]] == [
        ("/etc/dockyard/engine/server.key", "KEY\n", "0600"),
        ("/etc/dockyard/engine/ca.crt", "CA\n", "0644"),
        ("/etc/dockyard/engine/server.crt", "CERT\n", "0644"),
    ]
    # The first digits of the SHA-256 of authority and certificate, as running hosts have them.
    assert found["environment"] == {"DOCKYARD_API_CERTIFICATE": "f59068dac5df9ce0", "HTTPS_PROXY": "http://proxy"}
    assert wanted(api=dict(API, certificate="OTHER\n"))["environment"] != found["environment"]


@pytest.mark.parametrize(
    ("key", "options", "removed"),
    [
        ("/etc/dockyard/engine/server.key", {}, API_OPTIONS),
        ("/etc/dockyard/engine/server.key", {"hosts": ["fd://"], "tlsverify": False}, API_OPTIONS[2:]),
        ("/etc/docker/own.key", {}, []),
    ],
)
def test_only_a_socket_that_the_role_opened_is_closed(key, options, removed):
    assert wanted(facts({"tlskey": key}), options=options, remove=["iptables"])["remove"] == ["iptables", *removed]


def test_authorities_of_registries_come_and_go():
    assert wanted(registry_cas={"r.example:5000": "PEM\n", "old.example": ""})["files"] == [
        {"path": "/etc/docker/certs.d/r.example:5000/ca.crt", "content": "PEM\n", "mode": "0644", "present": True},
        {"path": "/etc/docker/certs.d/old.example/ca.crt", "content": "", "mode": "0644", "present": False},
    ]


def test_the_daemon_is_asked_beforehand_about_what_can_be_there_by_then():
    names = install.wanted(["docker.io"])
    moving = dict(facts(), data=None)
    plan = role_plan.make_role_plan(moving, names, settings(api=API), check_mode=False)
    assert plan["beforehand"]["options"] == plan["wanted"]["options"]
    plan = role_plan.make_role_plan(moving, names, settings(api=API), check_mode=True)
    assert plan["beforehand"]["options"] == DEFAULTS
    assert plan["wanted"]["options"] != DEFAULTS
    assert {item["to"] for item in plan["files"]} <= {item["to"] for item in plan["all"]}


def test_a_data_root_is_no_question_as_long_as_the_data_is_elsewhere(monkeypatch):
    parts = {"data": [{"do": "move"}], "files": []}
    monkeypatch.setattr(role_plan, "engine_plan", lambda *args: dict(parts))
    given = settings(options={"data-root": "/srv"}, remove=["data-root", "iptables"])
    assert role_plan.make_role_plan(facts(), {}, given)["beforehand"] == {"options": DEFAULTS, "remove": ["iptables"]}


@pytest.mark.parametrize(("mesh", "missing"), [(None, False), ({"engine": True}, False), ({"engine": False}, True)])
def test_rules_that_somebody_took_out_are_told(mesh, missing, monkeypatch):
    monkeypatch.setattr(role_plan, "engine_plan", lambda *args: {"data": [], "files": []})
    assert role_plan.make_role_plan(facts(mesh=mesh), {}, settings())["rules_missing"] is missing


def test_every_host_that_serves_the_api_has_a_certificate_and_the_clients_share_one():
    hostvars = {
        "Node_1.example": {"swarm_engine_api": True, "swarm_cluster_node": {"machine": {"hostname": "node1"}}},
        "node2": {"swarm_cluster_node": {"machine": {"hostname": "node2"}}},
        "unread": {"swarm_engine_api": True},
    }
    addresses = {"Node_1.example": "192.0.2.11", "node2": "192.0.2.12"}
    found = engine_plan.engine_certificates(hostvars, list(hostvars), addresses, "swarm.internal")
    assert found == {
        "hosts": [
            {
                "name": "engine-node-1-example", "usage": "server",
                "names": ["node1", "192.0.2.11", "localhost", "127.0.0.1"],
            }
        ],
        "clients": [{"name": "client", "usage": "client", "names": ["engine-client.swarm.internal"]}],
    }  # fmt: skip
    everywhere = engine_plan.engine_certificates(hostvars, list(hostvars), addresses, "swarm.internal", True)
    assert [item["name"] for item in everywhere["hosts"]] == ["engine-node-1-example", "engine-node2"]
    assert engine_plan.engine_certificates(hostvars, ["node2"], addresses, "swarm.internal") == {
        "hosts": [],
        "clients": [],
    }


def test_members_whose_engine_was_down_are_named():
    hostvars = {
        "a": {"swarm_cluster_node": {"swarm": {"state": "stopped"}}},
        "b": {"swarm_cluster_node": {"swarm": {"state": "active"}}},
        "c": {},
        "d": {"swarm_cluster_node": {"msg": "unreachable"}},
        "e": {"swarm_cluster_node": {"swarm": {"state": "stopped"}}},
    }
    assert engine_plan.stopped_engines(hostvars, ["a", "b", "c", "d"]) == ["a"]


def test_a_repository_replaces_what_its_mirror_and_docker_serve():
    repository = {
        "name": "dockyard-docker",
        "urls": ["https://m", "https://d"],
        "folders": ["centos", "rhel", "centos"],
    }
    assert install.wanted(["docker-ce"], repository=repository)["repository"] == {
        "name": "dockyard-docker",
        "replaces": [
            "https://m/linux/centos",
            "https://m/linux/rhel",
            "https://d/linux/centos",
            "https://d/linux/rhel",
        ],
    }


def test_what_a_host_is_told_of_the_options_has_no_secret():
    proxy = "http://me:hunter2@192.0.2.9:3128"
    settings = {
        "options": {"log-opts": {"token": "hunter2"}, "proxies": {"https-proxy": proxy}}, "remove": ["mtu"],
        "environment": {"HTTPS_PROXY": proxy, "OTHER": "hunter2"},
        "contributed": {"dns": ["192.0.2.1"], "log-driver": "journald"},
        "data_link": False, "registry_cas": {}, "api": {}, "registries": ["registry.test:5000"],
    }  # fmt: skip
    found = role_plan.expected(settings)
    assert "hunter2" not in str(found)
    assert {"dns", "log-driver", "log-opts", "proxies", "live-restore"} <= set(found["options"])
    assert found["remove"] == ["mtu"]
    assert found["environment"] == {"HTTPS_PROXY": "set", "NO_PROXY": "registry.test"}
    assert found["proxies"] == {"https-proxy": "set", "no-proxy": "registry.test"}
