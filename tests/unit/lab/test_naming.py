"""Names, addresses and subnets of a lab."""

from ipaddress import IPv4Network
from pathlib import Path

import pytest

from lab import naming
from lab.errors import LabError


def test_interface_names_fit_and_differ_between_state_roots() -> None:
    one = naming.lab_key(Path("/a"), "default")
    two = naming.lab_key(Path("/b"), "default")
    assert one != two
    assert one == naming.lab_key(Path("/a"), "default")
    assert len(naming.tap_name(one, naming.MAX_NODES)) <= 15
    assert naming.tap_name(one, 1).startswith(naming.bridge_name(one))


def test_mac_addresses_are_local_and_unique() -> None:
    macs = {naming.mac_address("ab12cd", number) for number in range(1, naming.MAX_NODES + 1)}
    assert len(macs) == naming.MAX_NODES
    assert all(mac.startswith("02:ab:12:cd:") for mac in macs)


def test_addresses() -> None:
    subnet = IPv4Network("10.77.5.0/24")
    assert naming.gateway(subnet) == "10.77.5.1"
    assert naming.node_address(subnet, 1) == "10.77.5.11"
    assert naming.node_address(subnet, naming.MAX_NODES) == "10.77.5.210"


@pytest.mark.parametrize("name", ["", "Default", "a/b", "..", "-x", "x" * 32, "a b"])
def test_unusable_lab_names(name: str) -> None:
    with pytest.raises(LabError, match="not usable"):
        naming.check_lab_name(name)


@pytest.mark.parametrize("count", [0, -1, naming.MAX_NODES + 1])
def test_impossible_number_of_machines(count: int) -> None:
    with pytest.raises(LabError, match="cannot be had"):
        naming.node_names(count)


def test_first_free_subnet_avoids_whatever_overlaps() -> None:
    taken = [IPv4Network("10.77.0.0/24"), IPv4Network("10.77.1.128/25"), IPv4Network("192.0.2.0/24")]
    assert naming.choose_subnet(None, taken) == IPv4Network("10.77.2.0/24")


def test_a_default_route_takes_no_subnet() -> None:
    assert naming.choose_subnet(None, [IPv4Network("0.0.0.0/0")]) == IPv4Network("10.77.0.0/24")


def test_wanted_subnet_is_taken_or_refused() -> None:
    wanted = IPv4Network("10.5.0.0/24")
    assert naming.choose_subnet(wanted, [IPv4Network("10.6.0.0/16")]) == wanted
    with pytest.raises(LabError, match=r"subnet 10\.5\.0\.0/24 is taken: this computer already routes 10\.0\.0\.0/8"):
        naming.choose_subnet(wanted, [IPv4Network("10.0.0.0/8")])


def test_no_subnet_left() -> None:
    with pytest.raises(LabError, match="every subnet"):
        naming.choose_subnet(None, [IPv4Network("10.0.0.0/8")])


@pytest.mark.parametrize("text", ["10.1.2.3/24", "nonsense", "10.0.0.0/25"])
def test_malformed_subnets(text: str) -> None:
    with pytest.raises(LabError, match="--subnet"):
        naming.parse_subnet(text)


def test_suites_are_cycled() -> None:
    assert naming.cycled_suites(["a", "b"], 3, ["a", "b"]) == ["a", "b", "a"]
    with pytest.raises(LabError, match="suite c is not known; take of a, b"):
        naming.cycled_suites(["a", "c"], 3, ["a", "b"])
