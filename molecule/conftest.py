"""The machines of the scenario."""

from __future__ import annotations

import pytest
import testinfra

from lab import repository as package_repository
from lab.api import Lab
from tests.support import INVENTORY, LAB


@pytest.fixture(scope="session")
def lab() -> Lab:
    """The machines, to be switched off and on."""
    return Lab(LAB)


@pytest.fixture(scope="session")
def hosts(lab: Lab) -> dict[str, testinfra.host.Host]:
    """The machines, to be looked at."""
    names = [machine.name for machine in lab.machines]
    return {name: testinfra.get_host(f"ansible://{name}?ansible_inventory={INVENTORY}") for name in names}


@pytest.fixture(scope="session")
def address(lab: Lab) -> dict[str, str]:
    """Addresses by machine."""
    return {machine.name: machine.address for machine in lab.machines}


@pytest.fixture(scope="session")
def manager(hosts):
    """The manager."""
    return hosts["node1"]


@pytest.fixture(scope="session")
def repository() -> package_repository.Served:
    """The repository that stands in for Docker's."""
    return package_repository.ask()
