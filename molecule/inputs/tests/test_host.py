"""What a host already has that stands in the way is named, with its place, before anything is changed; the rest is left alone."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.support import NODES, module, output, playbook, told

SOAK = bool(os.environ.get("DOCKYARD_SOAK"))
DAEMON = "/etc/docker/daemon.json"
DEFAULT = "/etc/default/docker"
JOURNALD = "/etc/systemd/journald.conf.d/zz.conf"
PROXY = "/etc/systemd/system/docker.service.d/proxy.conf"
FIXED = "import fcntl,os,struct; f=os.open('/etc/resolv.conf',0); fcntl.ioctl(f, 0x40086602, struct.pack('i', {flags}))"
# A package that keeps the time, as far as its name says; the distribution's own ones would have to be fetched.
OTHER_TIME = """Package: other-time
Version: 1
Architecture: all
Maintainer: nobody <nobody@example.org>
Provides: time-daemon
Conflicts: time-daemon
Description: keeps the time
"""


def listen(unit: str, port: int, dual: bool = False) -> str:
    """A command that starts a program that listens on a port and never answers; with ``dual`` by one socket for both families."""
    family = "AF_INET6" if dual else "AF_INET"
    made = f'socket.create_server(("", {port}), family=socket.{family}, dualstack_ipv6={dual})'
    return f"systemd-run -q --unit={unit} python3 -c 'import socket, time; s = {made}; time.sleep(600)'; sleep 0.5"


def kept(path: str, command: str) -> tuple[str, str]:
    """A command that changes a file, and one that brings the file back, with its time of change."""
    return (
        f"cp -a {path} /run/kept-{os.path.basename(path)}; {command}",
        f"cp -a /run/kept-{os.path.basename(path)} {path}",
    )


@dataclass(frozen=True)
class Obstacle:
    """What a machine is given, how it is taken away, and what is said of it."""

    node: str
    make: str
    mend: str
    said: str


def written(node: str, path: str, text: str, said: str) -> Obstacle:
    """A file that the host has besides."""
    quoted = text.replace("\n", "\\n")
    return Obstacle(
        node,
        f"mkdir -p {os.path.dirname(path)}; printf '{quoted}' > {path}",
        f"rm {path}; rmdir --ignore-fail-on-non-empty {os.path.dirname(path)}",
        said,
    )


# In this order, and taken away in the opposite one: what stopped a service is the first on its machine.
OBSTACLES = {
    "a server of IPv6 that takes IPv4, too": Obstacle(
        "node1", "systemctl stop dnsmasq; " + listen("other53", 53, dual=True),
        "systemctl stop other53; systemctl start dnsmasq",
        r"node1: swarm_dns_servers: python3 \(process \d+\) listens on port 53 of ::",
    ),
    "a file of dnsmasq's that binds otherwise": written(
        "node1", "/etc/dnsmasq.d/other", "# here\nbind-interfaces\ncache-size = 5\n",
        "node1: /etc/dnsmasq.d/other, line 2: bind-interfaces.*node1: /etc/dnsmasq.d/other, line 3: cache-size=5",
    ),
    "a kernel parameter that the next boot sets otherwise": written(
        "node1", "/etc/sysctl.d/zz-harden.conf", "\nnet/ipv4/ip_forward = 0\n",
        r"node1: /etc/sysctl.d/zz-harden.conf, line 2 sets kernel parameter net\.ipv4\.ip_forward to 0 when the host boots",
    ),
    "a journal that forgets": written(
        "node1", JOURNALD, "[Journal]\nStorage=volatile\n",
        f"node1: {JOURNALD}, line 2 sets Storage of journald to volatile",
    ),
    "a proxy that the registry is asked by": written(
        "node1", PROXY,
        "[Service]\nEnvironment=HTTPS_PROXY=http://me:hunter2@192.0.2.9:3128 NO_PROXY=localhost\n",
        f"node1: {PROXY}, line 2 sets a proxy for the Engine, which would ask it for registry",
    ),
    "flags in the unit's environment": Obstacle(
        "node1", *kept(DEFAULT, f"printf '\\nDOCKER_OPTS=\"--log-driver=local --dns 192.0.2.53\"\\n' > {DEFAULT}"),
        "node1: /etc/default/docker, line 2: DOCKER_OPTS gives dockerd the flag --log-driver, and daemon.json has log-driver"
        ".*node1: /etc/default/docker, line 2: DOCKER_OPTS gives dockerd the flag --dns",
    ),
    "a byte order mark, which Engine 20.10 does not read": Obstacle(
        "node2", *kept(DAEMON, f"sed -i '1s/^/\\xef\\xbb\\xbf/' {DAEMON}"),
        f"node2: {DAEMON}: a byte order mark at its start, which only Engine 23.0 .*it runs.*will not start again",
    ),
    "a resolver that nobody can change": Obstacle(
        "node2", "cp -a /etc/resolv.conf /run/kept-resolv; printf 'nameserver 192.0.2.53\\n' > /etc/resolv.conf; "
        f'python3 -c "{FIXED.format(flags=16)}"',
        f'python3 -c "{FIXED.format(flags=0)}"; cp -a /run/kept-resolv /etc/resolv.conf',
        "node2: /etc/resolv.conf cannot be changed, it is immutable: chattr -ia",
    ),
    "another program that keeps the time": Obstacle(
        "node2",
        f"mkdir -p /run/other/DEBIAN; printf '{OTHER_TIME}' > /run/other/DEBIAN/control; dpkg-deb -b /run/other /run/other.deb; "
        "dpkg --force-depends -r chrony && dpkg -i /run/other.deb".replace("\n", "\\n"),
        "dpkg -r other-time; apt-get -q -y --no-install-recommends install chrony",
        "node2: remove package other-time: chrony replaces it, which swarm_cluster_allow_removal does not allow",
    ),
    "a process on a port of the swarm": Obstacle(
        "node3", "systemctl stop docker.socket docker.service; " + listen("other7946", 7946),
        "systemctl stop other7946; systemctl start docker.socket docker.service",
        r"node3: python3 \(process \d+\) listens on tcp 7946, which the swarm needs",
    ),
    "a comment in daemon.json": Obstacle(
        "node3", *kept(DAEMON, f"sed -i '1a // {{}}' {DAEMON}"),
        f"node3: {DAEMON}: line 2, column 1: a comment, which JSON does not have.*it does not start",
    ),
}  # fmt: skip


@pytest.fixture
def given(hosts) -> Iterator[None]:
    """Give the machines all of them, and take them away at the end, whatever happens."""
    nodes = {node: [item for item in OBSTACLES.values() if item.node == node] for node in NODES}
    try:
        for node, items in nodes.items():
            output(hosts[node], " && ".join(f"({item.make})" for item in items))
        yield
    finally:
        for node, items in nodes.items():
            hosts[node].run("; ".join(item.mend for item in reversed(items)))


# The run itself last, since it would be the first to change anything.
RUNS = [("preflight", ()), *([("site", ("--check",))] if SOAK else []), ("site", ())]


@pytest.mark.usefixtures("given")
def test_all_that_stands_in_the_way_is_named_at_once_and_nothing_is_changed():
    for name, arguments in RUNS:
        run = playbook(*arguments, name=name)
        assert (run.code != 0, run.changed) == (True, 0), run.output
        said = " ".join(run.output.split())
        missing = [name for name, item in OBSTACLES.items() if not re.search(item.said, said)]
        assert missing == [], run.output
        assert "hunter2" not in run.output


def test_what_the_engine_reads_is_read(hosts):
    """Engine 26 accepts a byte order mark, and Windows line ends: nothing to do, and a change keeps the other options."""
    before = json.loads(output(hosts["node3"], f"cat {DAEMON}"))
    marked = f"sed -i 's/$/\\r/; 1s/^/\\xef\\xbb\\xbf/' {DAEMON}"
    make, mend = kept(DAEMON, marked)
    output(hosts["node3"], make)
    try:
        found = module("daemon_config", "node3", options={"max-concurrent-uploads": 7})
        assert [item["to"] for item in found["plan"]] == ["daemon.json: max-concurrent-uploads", "docker.service"], (
            found
        )
        assert json.loads(output(hosts["node3"], f"cat {DAEMON}")) == dict(before, **{"max-concurrent-uploads": 7})
        output(hosts["node3"], marked)
        run = told("--limit", "node3", "--check")
        assert (run.code, run.changes) == (0, []), run.output
    finally:
        output(hosts["node3"], mend + "; systemctl reload docker")


def test_only_the_parameters_wanted_are_put_in_force(hosts):
    host = hosts["node2"]
    was = output(host, "sysctl -n kernel.panic")
    output(
        host, "printf 'kernel.panic=77\\n' > /etc/sysctl.d/zz-other.conf; sysctl -qw fs.inotify.max_user_instances=128"
    )
    try:
        run = told("--limit", "node2")
        assert [line for _host, line in run.lines] == ["set sysctl fs.inotify.max_user_instances: 128 → 8192"], (
            run.output
        )
        assert output(host, "sysctl -n fs.inotify.max_user_instances kernel.panic").split() == ["8192", was]
    finally:
        output(host, "rm /etc/sysctl.d/zz-other.conf")


def test_a_package_gives_way_where_that_was_agreed_to(hosts):
    obstacle = OBSTACLES["another program that keeps the time"]
    output(hosts["node2"], obstacle.make)
    try:
        run = told("--limit", "node2", "-e", '{"swarm_cluster_allow_removal": ["other-time"]}')
        assert run.code == 0, run.output
        lines = [line for _host, line in run.lines]
        assert lines[:2] == ["remove package other-time: chrony replaces it", "install package chrony: missing"], lines
        assert output(hosts["node2"], "systemctl is-active chrony") == "active"
    finally:
        if hosts["node2"].run("dpkg -s other-time").rc == 0:
            output(hosts["node2"], obstacle.mend)


def test_no_host_is_sent_to_a_server_that_failed(hosts, address):
    """The server cannot start with its new configuration: hosts that were to be sent to it keep the resolver that they have."""
    drop_in = "/run/systemd/system/dnsmasq.service.d/fail.conf"
    output(hosts["node1"], f"mkdir -p {os.path.dirname(drop_in)}; printf '[Service]\\nExecStartPre=/bin/false\\n' > {drop_in}; "
                           "systemctl daemon-reload")  # fmt: skip
    other = "nameserver 192.0.2.53\n"
    output(
        hosts["node2"], "cp -a /etc/resolv.conf /run/kept-resolv; printf 'nameserver 192.0.2.53\\n' > /etc/resolv.conf"
    )
    try:
        run = playbook("-e", '{"swarm_dns_records": [{"name": "alias", "type": "CNAME", "value": "registry"}]}')
        assert run.code != 0
        said = " ".join(run.output.split())
        assert "no DNS server is left, all of them failed earlier in this run" in said, run.output
        assert hosts["node2"].file("/etc/resolv.conf").content_string == other
        # Its port is open, and it does not answer.
        output(hosts["node1"], "systemctl stop dnsmasq; " + listen("other53", 53))
        found = module("dns_answers", "node2", servers=[address["node1"]], domain="swarm.test", timeout=2,
                       records=[{"name": "node1", "type": "A", "value": address["node1"]}])  # fmt: skip
        assert found["failed"], found
        assert "did not answer as planned when asked for A node1.swarm.test" in found["msg"]
    finally:
        output(
            hosts["node1"], f"systemctl stop other53; rm {drop_in}; systemctl daemon-reload; systemctl restart dnsmasq"
        )
        output(hosts["node2"], "cp -a /run/kept-resolv /etc/resolv.conf")
        run = told()
        assert run.code == 0, run.output
    for name in NODES:
        assert output(hosts[name], "getent hosts registry.swarm.test").startswith(address["node1"])


def test_the_machines_are_as_they_were():
    run = told()
    assert (run.code, run.changes) == (0, []), run.output
