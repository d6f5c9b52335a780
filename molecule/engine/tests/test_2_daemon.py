"""A configuration that dockerd does not run with never stays: the old file is restored, and the daemon runs with it.

node1 has an Engine that validates a file (26.1), node2 one that cannot (20.10). At the end both are as they were.
"""

from __future__ import annotations

import os

import pytest

from tests.support import begun, module, output, power_cut, until

SOAK = bool(os.environ.get("DOCKYARD_SOAK"))
FILE = "/etc/docker/daemon.json"
JOURNAL = "/etc/docker/.daemon.json.dockyard-previous"
LOCAL = "unix:///var/run/docker.sock"
TLS = {
    "tlsverify": True,
    "tlscacert": "/etc/docker/ca.pem",
    "tlscert": "/etc/docker/none.pem",
    "tlskey": "/etc/docker/none.key",
}
FOLDER = "/run/systemd/system/docker.service.d"  # gone after a reboot


def started(host) -> str:
    return output(host, "systemctl show -P ActiveEnterTimestampMonotonic docker.service")


def state(host) -> dict:
    """What is as before where a change is refused or taken back."""
    return {
        "file": output(host, f"sha256sum {FILE}"),
        "units": output(host, "systemctl is-active docker.service docker.socket"),
        "drop-ins": host.run("cat /etc/systemd/system/docker.service.d/*").stdout,
        "info": output(host, "docker info -f '{{.ID}} {{.LoggingDriver}} {{.Labels}} {{.DockerRootDir}}'"),
    }


def config(node: str, **options) -> dict:
    return module("daemon_config", node, started=True, **options)


@pytest.fixture(scope="module", autouse=True)
def _as_before(hosts):
    before = {name: state(host) for name, host in hosts.items()}
    yield
    assert {name: state(host) for name, host in hosts.items()} == before


REFUSED = {
    "unknown key": ({"log-drvier": "local"}, "did you mean log-driver"),
    "bad type": ({"max-concurrent-downloads": "ten"}, "takes a value of type int"),
}
# What unit tests show as well.
SEEN_ELSEWHERE = {
    "removed": ({"graph": "/srv/docker"}, "was removed in Engine"),
    "plain TCP": ({"hosts": [LOCAL, "tcp://127.0.0.1:2375"]}, "gives root to anyone who connects"),
    "no local socket": ({"hosts": ["tcp://127.0.0.1:2376"], **TLS}, "has no local socket"),
    "live-restore": ({"live-restore": True}, "refused in swarm mode"),
}


if SOAK:
    REFUSED |= SEEN_ELSEWHERE


@pytest.mark.parametrize(("options", "words"), REFUSED.values(), ids=REFUSED)
def test_what_is_known_to_be_wrong_is_refused(hosts, options, words):
    host = hosts["node1"]
    then, running = state(host), started(host)
    found = config("node1", options=options, swarm=True)
    assert found["failed"]
    assert words in found["msg"], found
    assert (state(host), started(host)) == (then, running)


def test_a_flag_of_the_unit_is_refused(hosts):
    host = hosts["node1"]
    output(
        host,
        f"mkdir -p {FOLDER} && printf '[Service]\nExecStart=\nExecStart=/usr/sbin/dockerd -H fd:// --log-level=warn\n' "
        f"> {FOLDER}/flags.conf && systemctl daemon-reload",
    )
    found = config("node1", options={"log-level": "info"})
    output(host, f"rm -r {FOLDER} && systemctl daemon-reload")
    assert found["failed"]
    assert "log-level is also given as flag --log-level in the unit" in found["msg"], found


def test_what_dockerd_itself_refuses_changes_nothing(hosts):
    host = hosts["node1"]
    then, running = state(host), started(host)
    found = config("node1", options={"log-level": "loud"})
    assert found["failed"]
    assert "dockerd rejects the new /etc/docker/daemon.json, nothing was changed" in found["msg"], found
    assert (state(host), started(host)) == (then, running)


@pytest.fixture
def _hangs(hosts):
    """With a certain label, the unit's start never ends."""
    line = "ExecStartPre=/bin/sh -c 'if grep -q hang=1 /etc/docker/daemon.json; then sleep 1000; fi'"
    for host in hosts.values():
        text = f'"[Service]" "TimeoutStartSec=infinity" "{line}"'
        output(host, f'mkdir -p {FOLDER} && printf "%s\\n" {text} > {FOLDER}/hang.conf && systemctl daemon-reload')
    yield
    for host in hosts.values():
        output(host, f"rm -r {FOLDER} && systemctl daemon-reload")


# What only shows when the daemon starts. In a soak all of it on both nodes; in make test the hardest case.
TAKEN_BACK = {
    "hangs": ("node2", {"options": {"labels": ["hang=1"], "mtu": 1400}, "timeout": 5}),
}
if SOAK:
    TAKEN_BACK |= {
        "unreadable certificate": (
            "node2",
            {"options": {"hosts": [LOCAL, "tcp://127.0.0.1:2376"], **TLS}, "environment": {}},
        ),
        "unknown log option": ("node1", {"options": {"log-driver": "json-file", "log-opts": {"max-sizes": "1m"}}}),
        "address in use": (
            "node1",
            {"options": {"hosts": [LOCAL, "tcp://127.0.0.1:22"]}, "allow_plain_tcp": True, "environment": {}},
        ),
        "unwritable root": ("node2", {"options": {"exec-root": "/proc/docker"}}),
    }
EACH = [
    pytest.param(node, wanted, id=f"{name}-{node}")
    for name, (only, wanted) in TAKEN_BACK.items()
    for node in (("node1", "node2") if SOAK else (only,))
]
BOTH = ["node1", "node2"] if SOAK else ["node1"]


@pytest.mark.usefixtures("_hangs")
@pytest.mark.parametrize(("node", "wanted"), EACH)
def test_what_it_does_not_start_with_is_taken_back(hosts, node, wanted):
    host = hosts[node]
    then = state(host)
    found = config(node, **wanted)
    assert found["failed"]
    # An Engine that validates may have been asked before anything was changed.
    assert "nothing was changed" in found["msg"] or found["rolled_back"] is True, found
    assert state(host) == then
    assert not host.file(JOURNAL).exists
    assert config(node)["changed"] is False


@pytest.mark.parametrize("node", BOTH)
def test_hosts_are_solved_by_a_drop_in_and_given_up_again(hosts, node):
    wanted = {"options": {"hosts": ["fd://", "tcp://127.0.0.1:2375"]}, "allow_plain_tcp": True, "environment": {}}
    host = hosts[node]
    assert config(node, **wanted)["changed"]
    by_tcp = output(host, "docker --host tcp://127.0.0.1:2375 info -f '{{.ID}}'")
    assert by_tcp == output(host, "docker info -f '{{.ID}}'")
    assert config(node, **wanted)["changed"] is False
    assert config(node, remove=["hosts"], environment={})["changed"]
    assert host.run("docker --host tcp://127.0.0.1:2375 info").rc != 0
    assert config(node, remove=["hosts"], environment={})["changed"] is False


@pytest.mark.parametrize("node", BOTH)
def test_a_reload_where_it_is_enough_and_a_restart_where_it_is_not(hosts, node):
    host = hosts[node]
    running = started(host)
    assert config(node, options={"labels": ["rack=1"]})["plan"][-1]["do"] == "reload"
    assert output(host, "docker info -f '{{.Labels}}'") == "[rack=1]"
    assert started(host) == running
    assert config(node, remove=["labels"])["plan"][-1]["do"] == "restart"
    assert output(host, "docker info -f '{{.Labels}}'") == "[]"


def test_a_power_cut_between_write_and_restart(hosts, lab):
    """The daemon that stops takes its time; meanwhile the new file, with which none would start, is in place."""
    host, machine = hosts["node1"], lab.machine("node1")
    then = state(host)
    output(
        host,
        f"mkdir -p {FOLDER} && printf '[Service]\nExecStop=/bin/sleep 600\nTimeoutStopSec=600\n' > {FOLDER}/slow.conf && "
        "systemctl daemon-reload",
    )
    options = {"options": {"log-driver": "json-file", "log-opts": {"max-sizes": "1m"}}, "started": True}
    running = begun("daemon_config", "node1", **options)
    assert until(lambda: output(host, "systemctl is-active docker.service || true") == "deactivating", 60)[0]
    assert "max-sizes" in output(host, f"cat {FILE}")
    power_cut(machine, running)
    assert until(lambda: output(host, "systemctl is-active docker.service || true") != "active", 30)[0]
    # The same again is taken back for good; what the daemon ran with before is not lost.
    found = config("node1", options=options["options"])
    assert found["failed"]
    assert found["rolled_back"] is True, found
    assert state(host) == then
    assert config("node1")["changed"] is False
