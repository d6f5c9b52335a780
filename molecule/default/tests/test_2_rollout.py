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
TASKS = 4


def stack(version: int, **options) -> dict:
    """A service whose rollout takes some seconds, task by task."""
    web = {
        "image": "busybox:1", "command": ["sleep", "3600"], "replicas": TASKS, "init": True, "stop_grace_period": 1,
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
    # The brackets keep the pattern from matching its own shell.
    output(manager, "while pgrep -f dockyard-test-writin[g]; do sleep 0.1; done")
    output(manager, f"docker service rm {SERVICE}")
    new = " ".join(f"--label-rm {label}" for label in labels(manager) if label not in before)
    output(manager, f"docker node update --availability active {new} node2")
    assert labels(manager) == before


def labels(manager) -> dict[str, str]:
    return json.loads(output(manager, "docker node inspect --format '{{json .Spec.Labels}}' node2"))


def versions(manager) -> list[str]:
    """Which version each of the service's tasks is of."""
    ids = output(manager, f"docker service ps -q --filter desired-state=running {SERVICE}").replace("\n", " ")
    form = "{{index .Spec.ContainerSpec.Env 0}}"
    return output(manager, f"docker inspect --format '{form}' {ids}").split() if ids else []


def test_nodes_and_a_service_are_changed_while_a_rollout_runs(manager, node):
    changed("swarm_stack", **stack(1), wait=0)
    assert until(lambda: versions(manager) == ["VERSION=1"] * TASKS, 60)[0], versions(manager)
    output(manager, f"touch {WRITING}; nohup sh -c '{WRITER}' > /dev/null 2>&1 &")
    changed("swarm_stack", **stack(2), wait=0)
    assert "VERSION=1" in versions(manager)
    for availability in ("pause", "active"):
        changed("swarm_nodes", nodes=[{"id": node, "labels": {"seen": availability}, "availability": availability}])
        assert labels(manager)["seen"] == availability
        changed("swarm_stack", **stack(2, labels={"seen": availability}), wait=0)
        found = output(manager, f"docker service inspect --format '{{{{json .Spec.Labels}}}}' {SERVICE}")
        assert json.loads(found)["seen"] == availability
    # The other writer came to write as well, and the rollout to its end.
    assert int(labels(manager)["by-hand"]) > 2
    output(manager, f"rm {WRITING}")
    assert until(lambda: versions(manager) == ["VERSION=2"] * TASKS, 60)[0], versions(manager)
    assert output(manager, "docker node inspect --format '{{.Spec.Availability}}' node2") == "active"
