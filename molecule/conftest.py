"""The machines of the scenario."""

from __future__ import annotations

import pytest
import testinfra

from lab.api import Lab
from tests.support import INVENTORY, LAB, NODES


@pytest.fixture(scope="session")
def lab() -> Lab:
    """The machines, to be switched off and on."""
    return Lab(LAB)


@pytest.fixture(scope="session")
def hosts() -> dict[str, testinfra.host.Host]:
    """The machines, to be looked at."""
    return {name: testinfra.get_host(f"ansible://{name}?ansible_inventory={INVENTORY}") for name in NODES}


@pytest.fixture(scope="session")
def address(lab: Lab) -> dict[str, str]:
    """Addresses by machine."""
    return {name: lab.machine(name).address for name in NODES}


@pytest.fixture(scope="session")
def manager(hosts):
    """The manager."""
    return hosts["node1"]
