"""What overlay networks make of the cables below them: who can read along, and bodies that are larger than a packet."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.support import container, module, output, told, until
from tests.traffic import MARKER, SIZE, Cable, answered, fetched, sent

NARROW = 1400
# Without the option mtu the Engine takes 1500.
OPEN, SEALED = "wire-open", "wire-sealed"
PORT = 8092


def have(*options: str) -> None:
    run = told(*options, name="wire")
    assert run.code == 0, run.output


def make_mesh(mtu: int) -> None:
    """Make the routing mesh for a way of this MTU, under the service that publishes its port by it."""
    result = module("overlay_network", "node1", name="ingress", ingress=True, mtu=mtu, replace=True)
    assert not result.get("failed"), result


@pytest.fixture(scope="module", autouse=True)
def _tasks() -> Iterator[None]:
    make_mesh(1500)
    have()
    yield
    have("-e", "state=absent")


@pytest.fixture(scope="module")
def peer(hosts) -> dict[str, str]:
    """The container on each machine."""
    return {name: container(host, "wire_peer") for name, host in hosts.items()}


@pytest.fixture(scope="module")
def peer_at(hosts, peer) -> Callable[[str, str], str]:
    """Where the container of a machine is on a network."""

    def at(node: str, network: str) -> str:
        form = f'{{{{(index .NetworkSettings.Networks "{network}").IPAddress}}}}'
        return output(hosts[node], f"docker inspect --format '{form}' {peer[node]}") + ":8000"

    return at


@pytest.fixture
def narrow(lab) -> Iterator[None]:
    """What lies between brings node2 and node3 no packets of more than 1400 bytes, and tells nobody."""
    for name in ("node2", "node3"):
        lab.machine(name).narrow(NARROW)
    yield
    for name in ("node2", "node3"):
        lab.machine(name).narrow(1500)


def test_who_sees_the_cable_reads_an_open_network(lab, hosts, address, peer, peer_at):
    with Cable(lab.machine("node3").tap) as cable:
        assert fetched(hosts["node2"], peer["node2"], peer_at("node3", OPEN))
    packets = cable.between(address["node2"], address["node3"], "udp")
    assert sum(item.data.count(MARKER) for item in packets) > SIZE / len(MARKER) * 0.9
    assert cable.between(address["node2"], address["node3"], "esp") == []


def test_who_sees_the_cable_reads_nothing_of_an_encrypted_network(lab, hosts, address, peer, peer_at):
    with Cable(lab.machine("node3").tap) as cable:
        assert fetched(hosts["node2"], peer["node2"], peer_at("node3", SEALED))
        assert sent(hosts["node2"], peer["node2"], peer_at("node3", SEALED))
    assert [item for item in cable.packets if MARKER in item.data] == []
    packets = cable.between(address["node2"], address["node3"], "esp")
    for source in (address["node2"], address["node3"]):
        assert sum(item.length for item in packets if item.source == source) > SIZE


@pytest.mark.usefixtures("narrow")
@pytest.mark.parametrize(("network", "protocol"), [(f"{OPEN}-{NARROW}", "udp"), (f"{SEALED}-{NARROW}", "esp")])
def test_bodies_pass_a_narrow_way_on_a_network_that_knows_of_it(lab, hosts, address, peer, peer_at, network, protocol):
    with Cable(lab.machine("node3").tap) as cable:
        for one, other in (("node2", "node3"), ("node3", "node2"), ("node1", "node3")):
            assert fetched(hosts[one], peer[one], peer_at(other, network)), (one, other)
            assert sent(hosts[one], peer[one], peer_at(other, network)), (one, other)
    packets = cable.between(address["node2"], address["node3"], protocol)
    # Nothing is wasted either: the largest packets are as large as the way allows, and none is in parts.
    assert max(item.length for item in packets) == NARROW
    assert not any(item.fragment for item in packets)


@pytest.mark.usefixtures("narrow")
@pytest.mark.parametrize("network", [OPEN, SEALED])
def test_bodies_vanish_on_a_network_that_does_not(hosts, peer, peer_at, network):
    where = peer_at("node3", network)
    assert answered(hosts["node2"], peer["node2"], where)
    assert not fetched(hosts["node2"], peer["node2"], where, 3)
    assert not sent(hosts["node2"], peer["node2"], where, 3)


def test_bodies_pass_the_routing_mesh_over_a_narrow_way_once_it_knows_of_it(lab, hosts, address, peer):
    """From node1 to the port on node2, and from there to the task on node3."""
    where, mine = f"{address['node2']}:{PORT}", (hosts["node1"], peer["node1"])

    def narrowed(mtu: int) -> None:
        for name in ("node2", "node3"):
            lab.machine(name).narrow(mtu)

    assert until(lambda: fetched(*mine, where), 20)[0]
    try:
        narrowed(NARROW)
        assert answered(*mine, where)
        assert not fetched(*mine, where, 3)
        assert not sent(*mine, where, 3)
        narrowed(1500)
        make_mesh(NARROW)
        assert until(lambda: fetched(*mine, where), 30)[0]
        narrowed(NARROW)
        assert fetched(*mine, where)
        assert sent(*mine, where)
    finally:
        narrowed(1500)
