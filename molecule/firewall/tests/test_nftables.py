"""The collection's own rules: packets of a member and of a machine outside of the swarm, published ports, and whoever takes the
rules away."""

from __future__ import annotations

import itertools
import json

import pytest

from tests import asker
from tests.cluster import end, flat
from tests.support import module, modules, output, until

OUTSIDER = "node3"
ALL_PATHS = {"tcp 2377", "tcp 7946", "udp 7946", "udp 4789", "esp"}
TABLE = "nft list table inet dockyard"
UNIT = "dockyard-firewall.service"
NONCES = itertools.count(0x51000001, 0x10000)
# Ports of the story: of the routing mesh and of the host for the computer that the machines run on, of a program for the
# outsider, and one that nobody named.
MESH, HOST, PROGRAM, UNNAMED = 8080, 8081, 9100, 8090


@pytest.fixture(scope="module")
def here(lab) -> str:
    """The address of the computer that the machines run on: outside of the swarm, too."""
    return lab.state.gateway


def came(address, source: str, *targets: str) -> dict[str, dict[str, str]]:
    """By target, how far packets came that were sent to the swarm's ports: ``arrived``, or ``filtered`` by the host itself."""
    nonce, number = next(NONCES), 7
    modules("network_probe", *targets, step="listen", nonce=nonce)
    peers = [
        {
            "index": index,
            "address": address[target],
            "data_path": address[target],
            "tcp": [2377, 7946],
            "udp": [7946],
            "data_path_port": 4789,
            "esp": True,
            "sizes": False,
        }
        for index, target in enumerate(targets)
    ]
    sent = module("network_probe", source, step="send", nonce=nonce, index=number, peers=peers)
    assert sent["errors"] == {}, sent
    heard = modules("network_probe", *targets, step="collect", nonce=nonce)
    return {target: found["heard"][str(number)]["paths"] for target, found in heard.items()}


def closed(address, *targets: str) -> None:
    """Nothing that the outsider sends to the swarm's ports gets in, though all of it comes to the machines."""
    for target, paths in came(address, OUTSIDER, *targets).items():
        assert paths == dict.fromkeys(ALL_PATHS, "filtered"), target


def answers(address: str, port: int) -> bool:
    """Whether a web server answers this computer."""
    return asker.answers(address, port, 3)


def reaches(host, address: str, port: int) -> bool:
    """Whether a machine gets a connection."""
    code = f"import socket; socket.create_connection(('{address}', {port}), 3)"
    return host.run(f'python3 -c "{code}"').rc == 0


def converge(cluster, *lines: str) -> None:
    """A run puts right what these lines say."""
    run = cluster.site()
    assert run.code == 0, end(run)
    assert all(line in flat(run) for line in lines), end(run)


def test_what_would_be_done_is_told_on_bare_hosts(cluster, here):
    cluster.arrange(
        managers=["node1"],
        workers=["node2"],
        swarm_host_firewall_backend="nftables",
        swarm_host_firewall_ports=[
            {"port": MESH, "sources": [here]},
            {"port": HOST, "sources": [f"{here}/32"]},
            {"port": PROGRAM, "sources": [f"{cluster.lab.machine(OUTSIDER).address}"]},
        ],
    )
    run = cluster.site("--check", "--diff")
    assert run.code == 0, end(run)
    for line in (
        "install package nftables: missing",
        "write /etc/dockyard/nftables.conf: missing",
        f"start {UNIT}: it is not there yet",
    ):
        assert line in flat(run), end(run)
    assert not cluster.first.file("/etc/dockyard").exists


def test_the_swarm_is_made_and_its_ports_are_for_members_alone(cluster, address):
    cluster.converge()
    closed(address, "node1", "node2")
    (paths,) = came(address, "node2", "node1").values()
    assert paths == dict.fromkeys(ALL_PATHS, "arrived")
    foretold = cluster.site("--check", "--diff")
    assert (foretold.code, foretold.changed) == (0, 0), end(foretold)


def test_published_ports_are_for_those_for_whom_they_are_declared(cluster, address):
    """The only task runs on the worker: whoever asks the manager is answered through the overlay network."""
    output(
        cluster.first,
        "docker service create --quiet --detach --name web --constraint node.role==worker --network apps "
        f"--publish {MESH}:80 --publish {UNNAMED}:80 --publish mode=host,target=80,published={HOST} nginx:1",
    )
    cluster.serves("web", 1)
    for name, port in (("node1", MESH), ("node2", MESH), ("node2", HOST)):
        assert until(lambda name=name, port=port: answers(address[name], port), 20)[0], (name, port)
        assert not reaches(cluster.hosts[OUTSIDER], address[name], port), (name, port)
    assert reaches(cluster.hosts[OUTSIDER], address["node1"], UNNAMED)
    output(cluster.first, f"systemd-run --unit=program python3 -m http.server {PROGRAM}")
    assert until(lambda: reaches(cluster.hosts[OUTSIDER], address["node1"], PROGRAM), 10)[0]
    assert not answers(address["node1"], PROGRAM)


def test_an_encrypted_network_goes_through_from_member_to_member(cluster):
    assert "encrypted" in output(cluster.first, "docker network inspect apps --format '{{json .Options}}'")
    virtual = json.loads(output(cluster.first, "docker service inspect web --format '{{json .Endpoint.VirtualIPs}}'"))
    (target,) = [item["Addr"].split("/")[0] for item in virtual if item["Addr"].startswith("10.20.0.")]
    output(cluster.first, "docker run --detach --name near --network apps nginx:1")
    near = output(cluster.first, "docker inspect near --format '{{.State.Pid}}'")
    code = f"import socket; socket.create_connection(('{target}', 80), 3)"
    asked = f'nsenter --net=/proc/{near}/ns/net python3 -c "{code}"'
    assert until(lambda: cluster.first.run(asked).rc == 0, 20)[0]
    output(cluster.first, "docker rm --force near")


def test_published_ports_that_nobody_declared_can_be_closed(cluster, address):
    cluster.arrange(swarm_host_firewall_published="declared")
    converge(cluster, f"reload {UNIT}: its files change")
    for name in ("node1", "node2"):
        assert not reaches(cluster.hosts[OUTSIDER], address[name], UNNAMED)
        assert not answers(address[name], UNNAMED)
        assert answers(address[name], MESH)
    assert reaches(cluster.hosts["node2"], address["node1"], UNNAMED)


def test_a_service_that_takes_all_rules_away_brings_these_back(cluster):
    listing = TABLE.replace("nft", "nft -s")
    before = output(cluster.first, listing)
    assert "flush ruleset" in output(cluster.first, "cat /etc/nftables.conf")
    for verb in ("start", "reload", "restart", "stop"):
        output(cluster.first, f"nft add table inet other; systemctl {verb} nftables.service")
        assert "other" not in output(cluster.first, "nft list tables"), verb
        assert output(cluster.first, listing) == before, verb
    cluster.settled()


def test_a_machine_that_starts_has_them_before_its_network(cluster, lab, address):
    """From here on, this one's Engine has its own rules in nftables, as Debian's has by default."""
    host = cluster.hosts["node2"]
    output(host, "update-alternatives --quiet --set iptables /usr/sbin/iptables-nft && sync")
    lab.machine("node2").kill()
    lab.machine("node2").boot()
    assert until(lambda: output(host, "systemctl is-active docker.service || true") == "active", 60)[0]
    order = "systemctl show -P ActiveEnterTimestampMonotonic"
    assert int(output(host, f"{order} {UNIT}")) < int(output(host, f"{order} docker.service"))
    assert "udp dport 4789 counter" in output(host, TABLE)
    closed(address, "node2")


def test_rules_that_were_taken_away_or_changed_by_hand_are_put_right(cluster, address):
    cluster.whole()
    cluster.serves("web", 1)
    assert until(lambda: answers(address["node2"], MESH), 20)[0]
    output(cluster.hosts["node1"], "nft insert rule inet dockyard prerouting udp dport 4789 accept")
    output(cluster.hosts["node2"], "nft flush ruleset")
    assert not answers(address["node2"], MESH)
    converge(
        cluster, f"reload {UNIT}: what it sets differs", "restart docker.service: its rules in the kernel are missing"
    )
    cluster.settled()
    closed(address, "node1", "node2")
    for name in ("node1", "node2"):
        assert until(lambda name=name: answers(address[name], MESH), 20)[0], name


def test_a_node_that_leaves_keeps_none_of_them(cluster):
    run = cluster.done("-e", "swarm_remove=node2", name="remove")
    assert run.changed, end(run)
    cluster.arrange(workers=[])
    host = cluster.hosts["node2"]
    assert host.run(TABLE).rc != 0
    assert not host.file(f"/etc/systemd/system/{UNIT}").exists
    assert host.run("ls /etc/dockyard/nftables.conf").rc != 0


def test_whoever_does_not_want_them_any_more_gets_rid_of_them(cluster, address):
    converge(cluster, "write /etc/dockyard/nftables.conf: its content differs")
    closed(address, "node1")
    cluster.arrange(swarm_host_firewall_backend="auto", swarm_host_firewall_published="open")
    converge(cluster, f"stop {UNIT}", "remove /etc/dockyard/nftables.conf")
    cluster.settled()
    assert cluster.first.run(TABLE).rc != 0
    assert output(cluster.first, f"systemctl show -P LoadState {UNIT}") == "not-found"
    (paths,) = came(address, OUTSIDER, "node1").values()
    assert paths == dict.fromkeys(ALL_PATHS, "arrived")
