"""What stands in the way of a swarm is named before anything is changed: each fault made for real, before there is a swarm."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import pytest

from tests.paths import all_well, preflight, rows, stopped_site
from tests.support import Run, output

SOAK = bool(os.environ.get("DOCKYARD_SOAK"))
DROPPED = "INPUT -p udp --dport 4789 -j DROP"
UNSENT = "OUTPUT -p esp -j DROP"
LISTED = "/lib/modules/$(uname -r)/modules.dep"


@dataclass(frozen=True)
class Fault:
    """What is done to a machine, how it is mended, and what is said of it."""

    node: str
    command: str
    mend: str
    said: str
    row: tuple[str, str, str] | None = None  # from, to, what; where it has a line in the table, ``said`` is found there

    def told(self, run: Run) -> None:
        """See that a run says so."""
        if self.row is None:
            assert re.search(self.said, " ".join(run.output.split())), run.output
        else:
            (found,) = [row[3] for row in rows(run) if row[:3] == self.row]
            assert re.match(self.said, found), found


PACKETS = {
    "a port that the host's own firewall closes": Fault(
        "node2", f"iptables -A {DROPPED}", f"iptables -D {DROPPED}",
        "dropped by the firewall of node2.*open it for node1, node3 on node2", ("node1, node3", "node2", "udp 4789"),
    ),
    "a protocol that leaves no host": Fault(
        "node3", f"iptables -A {UNSENT}", f"iptables -D {UNSENT}",
        "not sent by node3: its own firewall", ("node3", "node1, node2", "esp"),
    ),
    # Packets end before the machine's own stack sees them, as in a switch or a security group.
    "a port that is closed between two hosts": Fault(
        "node1",
        "modprobe dummy numdummies=1; ip link set dummy0 up; tc qdisc add dev vec0 ingress && "
        "tc filter add dev vec0 ingress protocol ip u32 match ip src {node2} match ip dport 7946 0xffff "
        "action mirred egress redirect dev dummy0",
        "tc qdisc del dev vec0 ingress; rmmod dummy",
        "lost between them: open it in what lies between", ("node2", "node1", "tcp 7946, udp 7946"),
    ),
    # What lies between has a smaller MTU on the way to node1, and tells nobody.
    "packets that are too large for the way": Fault(
        "node1", "narrow 1400", "narrow 1500",
        ".*packets of more than 1400 bytes vanish, where the interfaces have MTU 1500", ("node2, node3", "node1", "MTU"),
    ),
    "a clock that is wrong": Fault(
        "node3", "date -s '+10 seconds'", "date -s '-10 seconds'",
        r"(9\.[5-9]|10\.[0-5]) s ahead of most others", ("node3", "-", "clock"),
    ),
}  # fmt: skip
HOSTS = {
    "a cloned machine": Fault(
        "node2", "cp /etc/machine-id /run/machine-id; echo {first} > /etc/machine-id", "cp /run/machine-id /etc/machine-id",
        "node1, node2: the same machine ID [0-9a-f]{32}.*systemd-machine-id-setup",
    ),
    "a route into the networks to be": Fault(
        "node2", "ip route add 10.0.7.0/24 dev vec0", "ip route del 10.0.7.0/24 dev vec0",
        r"node2 by vec0 has a route to 10\.0\.7\.0/24.*swarm_node_default_addr_pool|"
        r"swarm_node_default_addr_pool.*node2 by vec0 has a route to 10\.0\.7\.0/24",
    ),
    "a kernel that lacks a module": Fault(
        "node3", f"modprobe -r vxlan; sed -i.whole '/\\/vxlan\\.ko/d' {LISTED}", f"mv {LISTED}.whole {LISTED}",
        r"node3: kernel \S+ has no module vxlan",
    ),
}  # fmt: skip
Made = Callable[[Iterable[Fault]], ExitStack]


@pytest.fixture
def made(lab, hosts, address) -> Made:
    """Make faults; they are mended at the end."""
    first = output(hosts["node1"], "cat /etc/machine-id")

    @contextmanager
    def one(fault: Fault) -> Iterator[None]:
        def do(command: str) -> None:
            if command.startswith("narrow "):
                lab.machine(fault.node).narrow(int(command.split()[1]))
            else:
                output(hosts[fault.node], command.replace("{node2}", address["node2"]).replace("{first}", first))

        do(fault.command)
        yield
        do(fault.mend)

    def make(faults: Iterable[Fault]) -> ExitStack:
        stack = ExitStack()
        for fault in faults:
            stack.enter_context(one(fault))
        return stack

    return make


def lines_of_faults(run: Run) -> set[tuple[str, str, str]]:
    """The lines of the table that are not ok."""
    return {row[:3] for row in rows(run) if row[3] != "ok"}


def named(run: Run, faults: Iterable[Fault]) -> None:
    """See that a run tells these faults, and no other line of the table is bad."""
    for fault in faults:
        fault.told(run)
    assert lines_of_faults(run) == {fault.row for fault in faults if fault.row}, run.output


def test_machines_without_a_swarm_are_fit():
    all_well(preflight())


def test_all_that_stops_packets_is_told_at_once_each_in_a_line_of_its_own(made):
    with made(PACKETS.values()):
        run = preflight()
        stopped = stopped_site()
    assert run.code != 0
    named(run, PACKETS.values())
    assert "udp 4789: dropped by the firewall of node2" in " ".join(stopped.output.split())


def test_all_that_is_wrong_with_hosts_is_told_at_once(made, hosts):
    with made(HOSTS.values()):
        run = preflight()
        stopped = stopped_site()
    assert run.code != 0
    named(run, HOSTS.values())
    first = output(hosts["node1"], "cat /etc/machine-id")
    for each in (run, stopped):
        assert f"node1, node2: the same machine ID {first}" in " ".join(each.output.split())


if SOAK:

    @pytest.mark.parametrize("name", [*PACKETS, *HOSTS])
    def test_each_is_told_alone(made, name):
        fault = (PACKETS | HOSTS)[name]
        with made([fault]):
            run = preflight()
        assert run.code != 0
        named(run, [fault])


def test_all_is_well_once_the_faults_are_mended():
    all_well(preflight())
