"""Whatever is changed by hand on one machine, or in the swarm, is found, told and put right; nothing else is touched."""

from __future__ import annotations

import os
import re
import socket
from dataclasses import dataclass, field

import pytest

from tests.support import NODES, output, told

SOAK = bool(os.environ.get("DOCKYARD_SOAK"))
DAEMON = "/etc/docker/daemon.json"
MODULES = "/etc/modules-load.d/dockyard-swarm.conf"
REGISTRY = "registry_registry"
SENDER = "/etc/dockyard/logging/sender.conf"
RESTARTED = "restart docker.service: only a restart applies .*"


def edit_daemon_json(change: str) -> str:
    return f"python3 -c \"import json; p='{DAEMON}'; d=json.load(open(p)); {change}; json.dump(d, open(p, 'w'))\""


@dataclass
class Drift:
    """One thing changed by hand: where, how, what the next run has to say, and for which hosts that run is."""

    name: str
    node: str
    command: str
    lines: list[str]
    limit: str = ""
    said_by: str = ""
    always: bool = False  # also in `make test`, all at once; `make soak` has the time for each alone
    also: list[str] = field(default_factory=list)  # lines that may come besides, by the order of events

    def __str__(self) -> str:
        return self.name


DRIFTS = [
    Drift(
        "key edited in daemon.json", "node2", edit_daemon_json("d['max-concurrent-downloads'] = 3"),
        [r"set daemon.json: max-concurrent-downloads: 3 → \d+", "reload docker.service: a reload applies .*"], always=True,
    ),
    Drift(
        "daemon.json removed", "node3", f"rm {DAEMON}",
        ["add daemon.json: log-driver: missing", "add daemon.json: .*: missing", RESTARTED],
    ),
    Drift(
        "drop-in of the docker unit edited", "node2",
        "echo 'LimitCORE=0' >> /etc/systemd/system/docker.service.d/dockyard.conf",
        ["write docker.service.d/dockyard.conf: its content differs", RESTARTED],
        also=["read docker.service: its unit files were changed since systemd read them"],
    ),
    Drift(
        "drop-in of somebody else not read yet", "node3",
        "printf '[Service]\\nLimitCORE=infinity\\n' > /etc/systemd/system/docker.service.d/other.conf",
        ["read docker.service: its unit files were changed since systemd read them"],
    ),
    Drift("docker stopped", "node3", "systemctl stop docker.service", ["start docker.service: it does not run"]),
    Drift(
        "docker disabled", "node2", "systemctl disable docker.service",
        ["enable docker.service: it would not start at boot"], limit="node2",
    ),
    Drift(
        "package removed", "node2", "apt-get -q -y purge rsyslog-relp",
        ["install package rsyslog-relp: missing"],
    ),
    Drift(
        "firewall port closed", "node3",
        # Again where dockerd has the kernel's table at that moment, which ufw does not wait for.
        "for _ in 1 2 3 4 5; do n=$(ufw status numbered | sed -n 's/^\\[ *\\([0-9]*\\)\\].*7946.*dockyard.*/\\1/p' | head -n 1); "
        "ufw --force delete $n && break; done",
        ["open port .*7946.* from .*: closed by ufw.service"], also=["open port .*: closed by ufw.service"], always=True,
    ),
    Drift(
        "sysctl flipped", "node3", "sysctl -w fs.inotify.max_user_instances=128",
        [r"set sysctl fs.inotify.max_user_instances: 128 → \d+"], limit="node3",
    ),
    Drift(
        "kernel module list edited", "node2", f"echo tun >> {MODULES}", [f"write {MODULES}: its content differs"],
    ),
    Drift(
        "time service stopped", "node3", "systemctl stop chrony.service",
        ["start chrony.service: it does not run"],
    ),
    Drift(
        "node label removed", "node1", "docker node update --label-rm disk node2",
        ["label node node2: label disk: missing"], limit="node2", said_by="node2", always=True,
    ),
    Drift(
        "availability changed", "node1", "docker node update --availability pause node3",
        ["set node node3: availability: pause → active"],
    ),
    Drift(
        "overlay network removed", "node1", "docker network rm spare",
        ["create network spare: missing"], limit="node1",
    ),
    Drift(
        "dnsmasq record edited", "node1", "sed -i 's/[0-9.]* node2/192.0.2.9 node2/' /etc/dockyard/dnsmasq.hosts",
        ["write /etc/dockyard/dnsmasq.hosts: its content differs", "reload dnsmasq.service: .*"],
    ),
    Drift(
        "dnsmasq stopped", "node1", "systemctl stop dnsmasq.service", ["start dnsmasq.service: it does not run"],
    ),
    Drift(
        "dnsmasq removed, and with it the host's way to the package mirror", "node1",
        "apt-get -q -y remove dnsmasq dnsmasq-base",
        ["install package dnsmasq: missing", "enable dnsmasq.service: .*", "start dnsmasq.service: .*"],
    ),
    Drift(
        "registry CA removed", "node2", "rm /etc/docker/certs.d/registry.swarm.test:5000/ca.crt",
        ["write /etc/docker/certs.d/registry.swarm.test:5000/ca.crt: missing"],
        limit="node2",
    ),
    Drift(
        "registry scaled to 0", "node1", f"docker service scale --detach {REGISTRY}=0",
        ["update service registry_registry: replicas: 0 → 1"],
    ),
    Drift(
        "image of the registry changed", "node1",
        # One that runs: the swarm itself takes back an update that fails.
        f"docker tag registry:2.8 registry:other; "
        f"docker service update --quiet --detach --no-resolve-image --image registry:other {REGISTRY}",
        ["update service registry_registry: image: registry:other → registry:2.8"],
    ),
    Drift(
        "environment of the registry changed", "node1",
        f"docker service update --quiet --detach --env-add REGISTRY_LOG_LEVEL=debug {REGISTRY}",
        ["update service registry_registry: env: .*REGISTRY_LOG_LEVEL=debug.* → .*"], always=True,
    ),
    Drift(
        "password file of the registry replaced", "node1",
        "echo 'eve:x' | docker secret create eve -; "
        f"old=$(docker service inspect {REGISTRY} --format '{{{{json .Spec}}}}' | grep -o 'registry_htpasswd[^\"]*'); "
        f"docker service update --quiet --detach --secret-rm $old --secret-add source=eve,target=htpasswd {REGISTRY}",
        ["update service registry_registry: secrets: .*eve as htpasswd .* → .*registry_htpasswd_.*"],
    ),
    Drift(
        "rsyslog configuration edited", "node2", f"sed -i s/windowSize/WindowSize/ {SENDER}",
        [f"write {SENDER}: its content differs", "restart dockyard-logging.service: its files change"], always=True,
    ),
    Drift(
        "owner of the folder that the sender keeps its place in the queue in", "node3",
        "chown daemon /var/spool/rsyslog/dockyard",
        ["own /var/spool/rsyslog/dockyard: its mode or owner differs: mode 0.*, owner 1:0 → mode 0.*, owner 0:0"],
    ),
    Drift(
        "owner of the collector's folder", "node1", "chown -R nobody /var/log/swarm",
        ["own /var/log/swarm: its mode or owner differs: mode 0.*, owner 65534:.* → mode 0.*, owner 0:.*"],
    ),
]  # fmt: skip
# Made before a run that is not for its host.
LEFT = Drift("kernel module list edited", "node3", f"echo tun >> {MODULES}", [f"write {MODULES}: its content differs"])


def nothing_to_do() -> None:
    run = told()
    assert run.code == 0, run.output
    assert run.changes == [], run.lines


def test_converged():
    nothing_to_do()


def found_and_put_right(drifts: list[Drift], limit: str = "") -> None:
    run = told(*(["--limit", limit] if limit else []))
    assert run.code == 0, run.output
    # What is the swarm's is said by the first host of the run.
    places = {item.said_by or item.node for item in drifts} | (set() if limit else {NODES[0]})
    said = [line for _host, line in run.lines]
    assert {host for host, _line in run.lines} <= places, run.lines
    for pattern in (pattern for item in drifts for pattern in item.lines):
        assert any(re.fullmatch(pattern, line) for line in said), (pattern, run.lines)
    known = [pattern for item in drifts for pattern in item.lines + item.also]
    for line in said:
        assert any(re.fullmatch(pattern, line) for pattern in known), line
    assert run.changes, run.lines
    assert {host for host, _task in run.changes} <= places, run.changes
    nothing_to_do()


def test_limited_run_leaves_the_drift_of_other_hosts_alone(hosts):
    output(hosts[LEFT.node], LEFT.command)
    run = told("--limit", "node2")
    assert (run.code, run.changes) == (0, []), run.output
    assert "tun" in output(hosts[LEFT.node], f"cat {MODULES}")


if SOAK:

    def test_next_run_puts_right_what_was_left(hosts):
        found_and_put_right([LEFT])
        assert "tun" not in output(hosts[LEFT.node], f"cat {MODULES}")

    @pytest.mark.parametrize("drift", DRIFTS, ids=str)
    def test_drift_is_found_told_and_put_right(hosts, drift):
        output(hosts[drift.node], drift.command)
        found_and_put_right([drift], drift.limit)

else:

    def test_several_drifts_are_found_told_and_put_right_at_once(hosts):
        """Those, and what the limited run left."""
        several = [item for item in DRIFTS if item.always]
        for drift in several:
            output(hosts[drift.node], drift.command)
        found_and_put_right([LEFT, *several])
        assert "tun" not in output(hosts[LEFT.node], f"cat {MODULES}")


def test_ufw_lets_in_members_and_nobody_else(hosts, address):
    """This computer is no member. It is answered where ufw is told to let it in, and the packet gets no further elsewhere."""

    def reached(ask) -> dict[int, bool]:
        return {port: ask(address["node3"], port) for port in (22, 7946)}

    def here(where: str, port: int) -> bool:
        try:
            with socket.create_connection((where, port), timeout=3):
                return True
        except OSError:
            return False

    def member(where: str, port: int) -> bool:
        code = f"import socket; socket.create_connection(('{where}', {port}), 3)"
        return hosts["node1"].run(f'python3 -c "{code}"').rc == 0

    assert reached(member) == {22: True, 7946: True}
    assert reached(here) == {22: True, 7946: False}


def test_rules_of_the_collections_own_beside_ufw_are_refused():
    run = told("-e", "swarm_host_firewall_backend=nftables")
    assert run.code != 0
    assert (
        "node3: option swarm_host_firewall_backend: nftables, and ufw.service runs: switch it off (ufw disable)"
        in run.output
    )
    assert run.changes == []
