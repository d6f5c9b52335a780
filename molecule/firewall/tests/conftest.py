"""Two machines are the swarm, and the third one is no part of it."""

from __future__ import annotations

import pytest

from tests.cluster import Cluster


@pytest.fixture(scope="session")
def cluster(lab, hosts):
    """The swarm, with one image instead of all that the lab has."""
    yield from Cluster.small(lab, hosts)
