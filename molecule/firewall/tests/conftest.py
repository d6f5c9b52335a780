"""Two machines are the swarm, and the third one is no part of it."""

from __future__ import annotations

import pytest

from tests.cluster import ARRANGED, Cluster
from tests.support import archives


@pytest.fixture(scope="session")
def cluster(lab, hosts):
    """The swarm, with one image instead of all that the lab has."""
    found = Cluster(lab, hosts)
    found.common["swarm_engine_image_archives"] = archives("nginx:1")
    yield found
    ARRANGED.unlink(missing_ok=True)
