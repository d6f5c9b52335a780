"""Names, addresses and subnets of a lab: pure functions."""

import hashlib
import ipaddress
import re
from collections.abc import Iterable
from pathlib import Path

from lab.errors import LabError

BRIDGE_PREFIX = "dyl"
POOL = [ipaddress.IPv4Network(f"10.77.{third}.0/24") for third in range(255)]  # 10.77.255 is the package cache's
FIRST_HOST = 11
MAX_NODES = 200


def lab_key(state_root: Path, name: str) -> str:
    """Give six hex digits that tell labs of equal name in two state roots apart."""
    return hashlib.sha256(f"{state_root}\0{name}".encode()).hexdigest()[:6]


def bridge_name(key: str) -> str:
    """Name a lab's bridge; interface names have at most 15 characters."""
    return f"{BRIDGE_PREFIX}{key}"


def tap_name(key: str, number: int) -> str:
    """Name the tap of a lab's n-th machine."""
    return f"{BRIDGE_PREFIX}{key}t{number}"


def mac_address(key: str, number: int) -> str:
    """Give a locally administered MAC address of a lab's n-th machine."""
    return f"02:{key[0:2]}:{key[2:4]}:{key[4:6]}:{number >> 8:02x}:{number & 255:02x}"


def check_lab_name(name: str) -> str:
    """Refuse names that would not do as a directory or in an inventory path."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,30}", name):
        raise LabError(f"lab name {name!r} is not usable", "take lower-case letters, digits and dashes, at most 31")
    return name


def node_names(count: int) -> list[str]:
    """Name the machines: node1 to nodeN."""
    if not 1 <= count <= MAX_NODES:
        raise LabError(f"{count} machines cannot be had", f"ask for 1 to {MAX_NODES}")
    return [f"node{number}" for number in range(1, count + 1)]


def gateway(subnet: ipaddress.IPv4Network) -> str:
    """Give the bridge's address in a subnet."""
    return str(subnet[1])


def node_address(subnet: ipaddress.IPv4Network, number: int) -> str:
    """Give the address of the n-th machine."""
    return str(subnet[FIRST_HOST + number - 1])


def parse_subnet(text: str) -> ipaddress.IPv4Network:
    """Read a subnet that a user asked for."""
    try:
        subnet = ipaddress.IPv4Network(text)
    except ValueError as error:
        raise LabError(f"--subnet {text}: {error}", "give a network such as 10.77.5.0/24") from None
    if subnet.prefixlen > 24:
        raise LabError(f"--subnet {text} is too small", "give a /24 or larger")
    return subnet


def choose_subnet(
    wanted: ipaddress.IPv4Network | None, taken: Iterable[ipaddress.IPv4Network]
) -> ipaddress.IPv4Network:
    """Take the wanted subnet, or the first free one of the pool; never one that overlaps what this computer routes."""
    busy = [network for network in taken if network.prefixlen > 0]
    if wanted is not None:
        clash = next((network for network in busy if network.overlaps(wanted)), None)
        if clash:
            raise LabError(
                f"subnet {wanted} is taken: this computer already routes {clash}",
                "take another --subnet, or `python -m lab down` the lab that has it",
            )
        return wanted
    for candidate in POOL:
        if not any(network.overlaps(candidate) for network in busy):
            return candidate
    raise LabError("every subnet from 10.77.0.0/24 to 10.77.254.0/24 is taken", "give one with --subnet")


def cycled_suites(suites: list[str], count: int, known: Iterable[str]) -> list[str]:
    """Give each machine its suite, cycling through the list."""
    unknown = [suite for suite in suites if suite not in known]
    if unknown or not suites:
        raise LabError(f"suite {', '.join(unknown) or '(none)'} is not known", f"take of {', '.join(known)}")
    return [suites[index % len(suites)] for index in range(count)]
