"""Whatever is changed by hand on one machine, in the swarm, on the controller or in the inventory, is found, told and put right;
nothing else is touched, and check mode says beforehand all that the run does."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
from dataclasses import dataclass, field

import pytest

from tests.support import NODES, Told, output, told

SOAK = bool(os.environ.get("DOCKYARD_SOAK"))
DAEMON = "/etc/docker/daemon.json"
MODULES = "/etc/modules-load.d/dockyard-swarm.conf"
REGISTRY = "registry_registry"
SENDER = "/etc/dockyard/logging/sender.conf"
CONTROLLER = "the controller"
NETWORKS = [
    {"name": "apps", "subnet": "10.20.0.0/24", "encrypted": True, "attachable": True},
    {"name": "spare", "subnet": "10.21.0.0/24"},
]
MORE = {"name": "more", "subnet": "10.22.0.0/24"}
MADE = r"create secret registry_%s_(\(new\)|[0-9a-f]{12}): .*"
GONE = r"remove secret registry_%s_[0-9a-f]{12}: no service of the stack uses it"
USED = "update service registry_registry: secrets: .*registry_%s_.* → .*registry_%s_.*"
RESTARTED = "restart docker.service: only a restart applies .*"


def edit_daemon_json(change: str) -> str:
    return f"python3 -c \"import json; p='{DAEMON}'; d=json.load(open(p)); {change}; json.dump(d, open(p, 'w'))\""


@dataclass
class Drift:
    """One thing changed by hand: where, how, what the next run has to say, and for which hosts that run is.

    The node ``CONTROLLER`` means that the command copies a file of the secrets over another one; an empty command, that
    ``variables`` change.
    """

    name: str
    node: str
    command: str
    lines: list[str]
    limit: str = ""
    said_by: str = ""
    always: bool = False  # also in `make test`, all at once; `make soak` has the time for each alone
    also: list[str] = field(default_factory=list)  # lines that may come besides, by the order of events
    variables: dict[str, object] = field(default_factory=dict)  # wanted in this run; the next one takes it back
    said_by_all: bool = False

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
        "node taken out of the swarm", "node2", "docker swarm leave",
        ["join node node2: not in the swarm", "label node node2: label disk: missing",
         "forget node node2: its host is here under a new identity"],
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
    Drift(
        "constraint of the registry added", "node1",
        f"docker service update --quiet --detach --constraint-add node.role==manager {REGISTRY}",
        ["update service registry_registry: constraints: .*node.role==manager.* → .*"],
    ),
    Drift(
        "secret of the registry left over", "node1",
        "echo x | docker secret create --label dockyard.swarm.managed=true registry_old_000000000000 -",
        ["remove secret registry_old_000000000000: no service of the stack uses it"],
    ),
    Drift(
        "password of the registry", "node1", "",
        ["write password file on the controller: users or passwords differ", MADE % "htpasswd", USED % ("htpasswd", "htpasswd"),
         GONE % "htpasswd"],
        variables={"swarm_registry_users": {"swarm": "another-word\n"}},
    ),
    Drift(
        "configuration of the registry", "node1", "",
        [MADE % "config", USED % ("config", "config"), GONE % "config"],
        variables={"swarm_registry_config": {"log": {"level": "warn"}}},
    ),
    Drift(
        "certificate of the registry", CONTROLLER, "logs.crt registry.crt",
        ["renew certificate registry: .*", MADE % "certificate", USED % ("certificate", "certificate"), GONE % "certificate"],
    ),
    Drift(
        "certificate of the collector", CONTROLLER, "registry.crt logs.crt",
        ["renew certificate logs: .*", "write /etc/dockyard/logging/collector.crt: its content differs",
         "restart dockyard-log-collector.service: its files change"],
    ),
    Drift(
        "certificate of the senders", CONTROLLER, "logs.crt logs-client.crt",
        ["renew certificate logs-client: .*", "write /etc/dockyard/logging/sender.crt: its content differs",
         "restart dockyard-logging.service: its files change"],
        said_by_all=True,
    ),
    Drift(
        "how long the collector writes to a file", "node1", "",
        ["write /etc/dockyard/logging/collector.conf: its content differs",
         "restart dockyard-log-collector.service: its files change"],
        variables={"swarm_logging_file_period": "hour"},
    ),
    Drift(
        "journal's size", "node1", "",
        ["write /etc/systemd/journald.conf.d/dockyard.conf: its content differs",
         "restart systemd-journald.service: its files change"],
        variables={"swarm_logging_node_max_use": "900M"}, said_by_all=True,
    ),
    Drift(
        "setting of the swarm", "node1", "", [r"set swarm setting task_history_limit: \d+ → 4"],
        variables={"swarm_node_settings": {"task_history_limit": 4}},
    ),
    Drift(
        "DNS record", "node1", "",
        ["write /etc/dockyard/dnsmasq.hosts: its content differs", "reload dnsmasq.service: .*"],
        variables={"swarm_dns_records": [{"name": "git", "type": "A", "value": "192.0.2.50"}]}, said_by_all=True,
    ),
    Drift(
        "another network", "node1", "", ["create network more: missing"],
        variables={"swarm_networks_overlays": [*NETWORKS, MORE]},
    ),
    Drift(
        "another network's option", "node1", "", [".* network more: .*"],
        variables={"swarm_networks_overlays": [*NETWORKS, dict(MORE, attachable=True, replace=True)]},
    ),
    Drift(
        "another network that is not wanted", "node1", "", ["remove network more: .*"],
        variables={"swarm_networks_overlays": [*NETWORKS, {"name": "more", "state": "absent"}]},
    ),
]  # fmt: skip
# Made before a run that is not for its host.
LEFT = Drift("kernel module list edited", "node3", f"echo tun >> {MODULES}", [f"write {MODULES}: its content differs"])


def nothing_to_do(*arguments: str) -> None:
    run = told(*arguments)
    assert run.code == 0, run.output
    assert run.changes == [], run.lines


def made(hosts, lab, drift: Drift) -> None:
    if drift.node == CONTROLLER:
        source, target = (lab.state.directory / "secrets" / "pki" / name for name in drift.command.split())
        shutil.copyfile(source, target)
    elif drift.command:
        output(hosts[drift.node], drift.command)


def test_converged():
    nothing_to_do()


def as_announced(*arguments: str) -> Told:
    """A run that says and does what check mode said before, no more and no less."""
    check = told("--check", *arguments)
    assert check.code == 0, check.output
    run = told(*arguments)
    assert run.code == 0, run.output
    assert sorted(set(check.lines)) == sorted(set(run.lines))
    # What is the swarm's is announced by one host, and done by those whom it is about.
    assert bool(check.changes) == bool(run.changes), (check.changes, run.changes)
    return run


def found_and_put_right(drifts: list[Drift], limit: str = "") -> None:
    wanted = {name: value for item in drifts for name, value in item.variables.items()}
    arguments = (*(["--limit", limit] if limit else []), *(["-e", json.dumps(wanted)] if wanted else []))
    run = as_announced(*arguments)
    # What is the swarm's is said by the first host of the run.
    places = {item.said_by or item.node for item in drifts} | (set() if limit else {NODES[0]})
    if any(item.said_by_all for item in drifts):
        places |= set(NODES)
    said = [line for _host, line in run.lines]
    assert {host for host, _line in run.lines} <= places, run.lines
    for pattern in (pattern for item in drifts for pattern in item.lines):
        assert any(re.fullmatch(pattern, line) for line in said), (pattern, run.lines)
    known = [pattern for item in drifts for pattern in item.lines + item.also]
    for line in said:
        assert any(re.fullmatch(pattern, line) for pattern in known), line
    assert run.changes, run.lines
    assert {host for host, _task in run.changes} <= places, run.changes
    nothing_to_do(*arguments)


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
    def test_drift_is_found_told_and_put_right(hosts, lab, drift):
        made(hosts, lab, drift)
        found_and_put_right([drift], drift.limit)
        if drift.variables:
            as_announced()

else:

    def test_several_drifts_are_found_told_and_put_right_at_once(hosts, lab):
        """Those, and what the limited run left."""
        several = [item for item in DRIFTS if item.always]
        for drift in several:
            made(hosts, lab, drift)
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
