"""Two machines are the swarm, and the third one is no part of it."""

from __future__ import annotations

import pytest
import yaml

from tests.cluster import ARRANGED, Cluster
from tests.support import INVENTORY


@pytest.fixture(scope="session")
def cluster(lab, hosts):
    """The swarm, with one image instead of all that the lab has."""
    variables = yaml.safe_load((INVENTORY / "group_vars" / "all" / "lab.yml").read_text())
    found = Cluster(lab, hosts)
    archives = variables["swarm_engine_image_archives"]
    found.common["swarm_engine_image_archives"] = [item for item in archives if item["image"] == "nginx:1"]
    yield found
    ARRANGED.unlink(missing_ok=True)
