"""The swarm that the story is about."""

from __future__ import annotations

import pytest

from tests.asker import Asker
from tests.cluster import Cluster
from tests.secrecy import Secrecy

PORT = 8080


@pytest.fixture(scope="session")
def cluster(lab, hosts):
    """The machines, none of them in the inventory yet, with one image instead of all that the lab has."""
    yield from Cluster.small(lab, hosts)


@pytest.fixture(scope="session")
def secrets(lab):
    """The collection's folder for secrets on the controller."""
    return lab.state.directory / "secrets"


@pytest.fixture(scope="session")
def secrecy(cluster, secrets):
    """All secrets that there ever were, and where they showed."""
    return Secrecy(cluster, secrets)


@pytest.fixture
def asker(address):
    """A client that asks the web service, through these machines."""
    return lambda *names: Asker([address[name] for name in names], PORT, interval=0.3)
