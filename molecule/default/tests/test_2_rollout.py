"""Nodes and services are changed while a rollout runs and others change the same ones: no change is refused, and none is lost."""

from __future__ import annotations

import json

import pytest

from tests.support import module, output, until

SERVICE = "rollout_web"
WRITING = "/run/dockyard-test-writing"
# Writes to the node and to the service all the time; of its own changes some are refused.
WRITER = f"""
i=0
while [ -e {WRITING} ]; do
    i=$((i + 1))
    docker node update --label-add by-hand=$i node2
    docker service update --detach --quiet --label-add by-hand=$i {SERVICE}
done
"""
ROUNDS = 4


def stack(version: int, **options) -> dict:
    """A service whose rollout takes some seconds, task by task."""
    web = {
        "image": "busybox:1", "command": ["sleep", "3600"], "replicas": 6, "init": True, "stop_grace_period": 1,
        "constraints": ["node.hostname!=node2"], "env": {"VERSION": str(version)}, "update": {"delay": 1, "monitor": 1},
    }  # fmt: skip
    return {"name": "rollout", "services": {"web": {**web, **options}}}


def changed(name: str, /, **options) -> None:
    result = module(name, "node1", **options)
    assert not result.get("failed"), result
    assert result["changed"], result


@pytest.fixture
def node(manager):
    """The ID of node2, whose labels and availability are put back."""
    found = output(manager, "docker node inspect --format '{{.ID}}' node2")
    before = labels(manager)
    yield found
    output(manager, f"rm -f {WRITING}")
    module("swarm_stack", "node1", name="rollout", state="absent")
    left = {label: before.get(label) for label in labels(manager)}
    module("swarm_nodes", "node1", nodes=[{"id": found, "availability": "active", "labels": left}])
    assert labels(manager) == before


def labels(manager) -> dict[str, str]:
    return json.loads(output(manager, "docker node inspect --format '{{json .Spec.Labels}}' node2"))


def versions(manager) -> list[str]:
    """Which version each of the service's tasks is of."""
    ids = f"$(docker service ps -q --filter desired-state=running {SERVICE})"
    return output(manager, f"docker inspect --format '{{{{index .Spec.ContainerSpec.Env 0}}}}' {ids}").split()


def test_nodes_and_a_service_are_changed_while_a_rollout_runs(manager, node):
    changed("swarm_stack", **stack(1))
    output(manager, f"touch {WRITING}; nohup sh -c '{WRITER}' > /dev/null 2>&1 &")
    changed("swarm_stack", **stack(2), wait=0)
    for number in range(ROUNDS):
        if number == 0:
            assert "VERSION=1" in versions(manager)
        availability = ["pause", "active"][number % 2]
        changed("swarm_nodes", nodes=[{"id": node, "labels": {"round": str(number)}, "availability": availability}])
        assert labels(manager)["round"] == str(number)
        changed("swarm_stack", **stack(2, labels={"round": str(number)}), wait=0)
        assert f"round:{number}" in output(manager, f"docker service inspect --format '{{{{.Spec.Labels}}}}' {SERVICE}")
    # Others came to write as well.
    assert int(labels(manager)["by-hand"]) > ROUNDS
    output(manager, f"rm {WRITING}")
    assert until(lambda: versions(manager) == ["VERSION=2"] * 6, 60)[0], versions(manager)
    assert not module("swarm_nodes", "node1", nodes=[{"id": node, "labels": {"round": str(ROUNDS - 1)}}])["changed"]
