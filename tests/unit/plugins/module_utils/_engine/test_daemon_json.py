# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.dockyard.swarm.plugins.module_utils._engine import daemon_json
from ansible_collections.dockyard.swarm.plugins.module_utils._engine.daemon_options import TYPES

ARGV = ["/usr/sbin/dockerd", "-H", "fd://", "--containerd=/run/containerd/containerd.sock", "$DOCKER_OPTS"]


def state(options=None, **changed):
    base = {"options": options or {}, "error": None, "interrupted": False, "installed": True, "running": True}
    return dict(base, **changed)


def action_of(plan):
    return plan[-1]["do"] if plan and plan[-1]["to"] == "docker.service" else None


@pytest.mark.parametrize(
    ("options", "version", "words"),
    [
        ({"log-drivers": "journald"}, None, ["log-drivers", "unknown", "did you mean log-driver?"]),
        ({"graph": "/data"}, "26.1.5", ["graph", "removed in Engine 23.0", "use data-root"]),
        ({"graph": "/data"}, None, ["graph", "removed in Engine 23.0"]),
        ({"storage-driver": "devicemapper"}, "28.5.2", ["storage-driver: devicemapper", "25.0", "overlay2"]),
        ({"max-concurrent-downloads": "10"}, None, ["max-concurrent-downloads", "type int"]),
        ({"debug": 1}, None, ["debug", "type bool"]),
        ({"hosts": ["unix:///run/d.sock"]}, "26.1", ["hosts", "unix:///var/run/docker.sock"]),
        ({"containerd": "/run/c.sock"}, "26.1", ["containerd", "flag --containerd"]),
        ({"hosts": ["tcp://0.0.0.0:2375"]}, "26.1", ["without verified TLS", "tlsverify"]),
        ({"live-restore": True}, "26.1", ["live-restore", "refused in swarm mode"]),
        ({"firewall-backend": "nftables"}, "29.1", ["firewall-backend", "swarm mode"]),
    ],
)
def test_wrong_option_is_named_with_its_remedy(options, version, words):
    problems = " ".join(daemon_json.check_options(options, version, swarm=True, argv=ARGV))
    for word in words:
        assert word in problems


def test_right_options_pass():
    options = {"log-driver": "journald", "runtimes": {}, "live-restore": False, "graph": "/old"}
    assert daemon_json.check_options(options, "20.10.24+dfsg1", swarm=True, argv=ARGV) == []


@pytest.mark.parametrize(
    ("before", "wanted", "remove", "action"),
    [
        ({}, {"debug": True}, [], "reload"),
        ({}, {"log-driver": "journald"}, [], "restart"),
        ({}, {"debug": True, "mtu": 1400}, [], "restart"),
        ({"debug": True}, {}, ["debug"], "restart"),
        ({"max-concurrent-downloads": 3}, {}, ["max-concurrent-downloads"], "reload"),
        ({"debug": True}, {"debug": True}, [], None),
    ],
)
def test_reload_or_restart_follows_from_the_keys_that_change(before, wanted, remove, action):
    assert action_of(daemon_json.make_plan(state(before), wanted, remove)) == action


def test_keys_that_were_not_asked_for_stay():
    assert daemon_json.merge({"mtu": 1400, "debug": True}, {"debug": False}) == {"mtu": 1400, "debug": False}


def test_interrupted_change_is_completed_though_the_file_is_right():
    plan = daemon_json.make_plan(state({"debug": True}, interrupted=True), {"debug": True})
    assert action_of(plan) == "restart"
    assert "interrupted" in plan[-1]["why"]


def test_stopped_daemon_is_restarted_rather_than_reloaded():
    assert action_of(daemon_json.make_plan(state(running=False), {"debug": True})) == "restart"


def test_before_the_engine_is_installed_only_the_file_changes():
    plan = daemon_json.make_plan(state(installed=False), {"debug": True})
    assert [item["to"] for item in plan] == ["daemon.json: debug"]


def test_a_file_that_the_engine_refuses_is_left_alone():
    assert daemon_json.make_plan(state(error="line 3, column 1: a comment"), {"debug": True}) == []
    (problem,) = daemon_json.check_file(state(error="line 3, column 1: a comment"), "26.1.5", running=True)
    assert problem.startswith("/etc/docker/daemon.json: line 3, column 1: a comment.")
    assert "will not start again" in problem


@pytest.mark.parametrize(
    ("found", "version", "refused"),
    [
        ({"since": "a byte order mark"}, "20.10.24", True),
        ({"since": "a byte order mark"}, "26.1.5", False),
        ({"since": "a byte order mark"}, None, False),
        ({"until": "line 1, column 9: something"}, "20.10.24", False),
        ({"until": "line 1, column 9: something"}, "26.1.5", True),
        ({"until": "line 1, column 9: something"}, None, True),
        ({}, "26.1.5", False),
    ],
)
def test_a_file_that_only_some_engines_accept(found, version, refused):
    assert bool(daemon_json.check_file(state(**found), version, running=False)) is refused


def test_a_flag_of_a_variable_and_an_option_of_the_file():
    flag = {
        "option": "log-driver",
        "flag": "--log-driver",
        "variable": "DOCKER_OPTS",
        "path": "/etc/default/docker",
        "line": 4,
    }
    assert daemon_json.check_flags([flag], {"debug": True}, running=True) == []
    (problem,) = daemon_json.check_flags([flag], {"log-driver": "journald"}, running=True)
    assert problem.startswith(
        "/etc/default/docker, line 4: DOCKER_OPTS gives dockerd the flag --log-driver, and daemon.json has"
    )
    assert "does not start again" in problem


values = st.one_of(st.booleans(), st.integers(0, 9), st.text("ab", max_size=3), st.lists(st.text("ab", max_size=2)))
files = st.dictionaries(st.sampled_from(sorted(TYPES)), values, max_size=6)


@given(files, files, st.lists(st.sampled_from(sorted(TYPES)), max_size=3))
def test_a_second_plan_is_empty(before, wanted, remove):
    remove = [name for name in remove if name not in wanted]
    after = daemon_json.merge(before, wanted, remove)
    assert daemon_json.make_plan(state(after), wanted, remove) == []
    assert {name: after[name] for name in wanted} == wanted
    assert not set(remove) & set(after)


def test_the_reason_is_taken_from_the_daemons_own_log():
    journal = """Starting docker.service - Docker Application Container Engine...
time="2026-11-21T04:54:09Z" level=info msg="Loading containers: start."
failed to start daemon: Error initializing network controller: bridge nonesuch0 must be created manually
docker.service: Main process exited, code=exited, status=1/FAILURE
Failed to start docker.service - Docker Application Container Engine."""
    assert daemon_json.failure_reason(journal).startswith("failed to start daemon: Error initializing")
    assert daemon_json.failure_reason("docker.service: Deactivated successfully.") == ""


DROP_IN = {"mode": "0600", "uid": 0, "gid": 0}


def drop_in(environment, **changed):
    text = daemon_json.drop_in_text(environment)
    return dict(DROP_IN, sha256=hashlib.sha256(text.encode()).hexdigest(), **changed)


@pytest.mark.parametrize(
    ("have", "wanted", "lines"),
    [
        (None, None, []),
        (None, {}, []),
        (None, {"A": "1"}, ["write", "restart"]),
        ({"A": "1"}, {"A": "1"}, []),
        ({"A": "2"}, {"A": "1"}, ["write", "restart"]),
        ({"A": "1"}, {}, ["remove", "restart"]),
        ({"A": "1"}, None, []),
    ],
)
def test_environment_is_a_drop_in_and_needs_a_restart(have, wanted, lines):
    plan = daemon_json.make_plan(state(drop_in=drop_in(have) if have else None), {}, environment=wanted)
    assert [item["do"] for item in plan] == lines


def test_mode_of_the_drop_in_is_set_without_a_restart():
    have = dict(drop_in({"A": "1"}), mode="0644")
    assert [item["do"] for item in daemon_json.make_plan(state(drop_in=have), {}, environment={"A": "1"})] == ["own"]


def test_drop_in_escapes_what_systemd_reads_otherwise_and_the_plan_shows_no_value():
    environment = {"HTTPS_PROXY": 'http://u:p%40"\\@proxy:3128'}
    text = daemon_json.drop_in_text(environment)
    assert text.splitlines()[1:] == ["[Service]", 'Environment="HTTPS_PROXY=http://u:p%%40\\"\\\\@proxy:3128"']
    plan = daemon_json.make_plan(state(drop_in=None), {}, environment=environment)
    assert "proxy:3128" not in str(plan)


@pytest.mark.parametrize("environment", [{"A B": "1"}, {"1A": "1"}, {"A": "1\n2"}, {"A": ["1"]}, {"": "1"}])
def test_wrong_environment_is_named(environment):
    (problem,) = daemon_json.check_environment(environment)
    assert "environment variable" in problem


def with_drop_in(text, **changed):
    facts = {"sha256": hashlib.sha256(text.encode()).hexdigest(), "mode": "0600", "uid": 0, "gid": 0}
    return state(drop_in=facts, **changed)


def test_hosts_take_the_flag_of_the_unit_away_once():
    options = {"hosts": ["unix:///var/run/docker.sock", "tcp://192.0.2.1:2376"], "tlsverify": True}
    assert daemon_json.check_options(options, "26.1", argv=ARGV) == []
    plan = daemon_json.make_plan(state(argv=ARGV, drop_in=None), options, environment={})
    assert [item["to"] for item in plan if item["do"] == "write"] == ["docker.service.d/dockyard.conf"]
    (text,) = daemon_json.drop_in_texts({}, ARGV, options)
    assert text.endswith(
        "\nExecStart=\nExecStart=/usr/sbin/dockerd --containerd=/run/containerd/containerd.sock $DOCKER_OPTS\n"
    )
    done = with_drop_in(text, options=options, argv=daemon_json.argv_wanted(ARGV, options))
    assert daemon_json.make_plan(done, options, environment={}) == []


def test_hosts_that_somebody_else_made_room_for_need_no_drop_in():
    options = {"hosts": ["fd://"]}
    argv = ["/usr/sbin/dockerd", "--containerd=/run/containerd/containerd.sock"]
    assert daemon_json.make_plan(state(options, argv=argv, drop_in=None), options, environment={}) == []


def test_without_hosts_the_unit_gets_its_own_command_line_back():
    argv = daemon_json.argv_wanted(ARGV, {"hosts": []})
    (plain, override) = daemon_json.drop_in_texts({"A": "b"}, argv, {"hosts": ["fd://"]})
    plan = daemon_json.make_plan(with_drop_in(override, argv=argv), {}, environment={"A": "b"})
    assert [item["do"] for item in plan] == ["write", "restart"]
    assert daemon_json.make_plan(with_drop_in(plain, argv=argv), {}, environment={"A": "b"}) == []


def test_a_plain_tcp_socket_passes_only_on_demand():
    options = {"hosts": ["fd://", "tcp://192.0.2.1:2375"]}
    assert "without verified TLS" in " ".join(daemon_json.check_options(options))
    assert daemon_json.check_options(options, plain_tcp=True) == []
