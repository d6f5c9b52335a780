"""What stands in the way of a swarm is named before anything is changed: each fault made for real, on machines that are bare."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.paths import all_well, preflight, rows, stopped_site, wrong
from tests.support import output


def test_bare_machines_are_fit():
    all_well(preflight())


@pytest.fixture
def fault(hosts) -> Iterator[Callable[..., None]]:
    """Make a fault on a machine; it is mended at the end."""
    mending: list[tuple[Any, str]] = []

    def make(name: str, command: str, mend: str) -> None:
        mending.append((hosts[name], mend))
        output(hosts[name], command)

    yield make
    for host, command in reversed(mending):
        output(host, command)


def test_a_port_that_the_hosts_own_firewall_closes(fault):
    rule = "INPUT -p udp --dport 4789 -j DROP"
    fault("node2", f"iptables -A {rule}", f"iptables -D {rule}")
    (row,) = wrong(preflight())
    assert row[:3] == ("node1, node3", "node2", "udp 4789")
    assert row[3].startswith("dropped by the firewall of node2")
    assert "open it for node1, node3 on node2" in row[3]
    assert "udp 4789: dropped by the firewall of node2" in " ".join(stopped_site().output.split())


def test_a_protocol_that_leaves_no_host(fault):
    rule = "OUTPUT -p esp -j DROP"
    fault("node3", f"iptables -A {rule}", f"iptables -D {rule}")
    (row,) = wrong(preflight())
    assert row[:3] == ("node3", "node1, node2", "esp")
    assert row[3].startswith("not sent by node3: its own firewall")


def test_a_port_that_is_closed_between_two_hosts(fault, address):
    """Packets end before the machine's own stack sees them, as in a switch or a security group."""
    away = "match ip dport 7946 0xffff action mirred egress redirect dev dummy0"
    fault(
        "node1",
        "modprobe dummy numdummies=1; ip link set dummy0 up; tc qdisc add dev vec0 ingress && "
        f"tc filter add dev vec0 ingress protocol ip u32 match ip src {address['node2']} {away}",
        "tc qdisc del dev vec0 ingress; rmmod dummy",
    )
    (row,) = wrong(preflight())
    assert row[:3] == ("node2", "node1", "tcp 7946, udp 7946")
    assert row[3].startswith("lost between them: open it in what lies between")


@pytest.fixture
def narrow(lab) -> Iterator[None]:
    """What lies between has a smaller MTU on the way to node1, and tells nobody."""
    lab.machine("node1").narrow(1400)
    yield
    lab.machine("node1").narrow(1500)


@pytest.mark.usefixtures("narrow")
def test_packets_that_are_too_large_for_the_way():
    (row,) = wrong(preflight())
    assert row[:3] == ("node2, node3", "node1", "MTU")
    assert "packets of more than 1400 bytes vanish, where the interfaces have MTU 1500" in row[3]


def test_a_clock_that_is_wrong(fault):
    fault("node3", "date -s '+10 seconds'", "date -s '-10 seconds'")
    (row,) = [row for row in rows(preflight()) if row[2] == "clock"]
    assert row[:2] == ("node3", "-")
    assert re.match(r"(9\.[5-9]|10\.[0-5]) s ahead of most others", row[3]), row


def test_a_cloned_machine(fault, hosts):
    first = output(hosts["node1"], "cat /etc/machine-id")
    second = output(hosts["node2"], "cat /etc/machine-id")
    fault("node2", f"echo {first} > /etc/machine-id", f"echo {second} > /etc/machine-id")
    run = preflight()
    assert run.code != 0
    flat = " ".join(run.output.split())
    assert f"node1, node2: the same machine ID {first}" in flat
    assert "systemd-machine-id-setup" in flat
    assert "the same machine ID" in " ".join(stopped_site().output.split())


def test_a_route_into_the_networks_to_be(fault):
    fault("node2", "ip route add 10.0.7.0/24 dev vec0", "ip route del 10.0.7.0/24 dev vec0")
    run = preflight()
    assert run.code != 0
    flat = " ".join(run.output.split())
    assert "swarm_node_default_addr_pool" in flat
    assert "node2 by vec0 has a route to 10.0.7.0/24" in flat


def test_a_kernel_that_lacks_a_module(fault):
    listed = "/lib/modules/$(uname -r)/modules.dep"
    fault(
        "node3",
        f"modprobe -r vxlan; sed -i.whole '/\\/vxlan\\.ko/d' {listed}",
        f"mv {listed}.whole {listed}",
    )
    run = preflight()
    assert run.code != 0
    assert re.search(r"node3: kernel \S+ has no module vxlan", " ".join(run.output.split()))


def test_all_is_well_once_the_faults_are_mended():
    all_well(preflight())
