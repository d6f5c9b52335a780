"""Data stays where it is, whatever the order of the inventory, and what others made is left alone."""

from __future__ import annotations

import json
import os
import random
import sys
import uuid

import pytest
import yaml

from tests.cluster import arrangement
from tests.support import INVENTORY, NODES, Told, container, output, told, until

SOAK = bool(os.environ.get("DOCKYARD_SOAK"))
REGISTRY = "registry.swarm.test:5000"
SERVICE = "registry_registry"
OURS = {"dockyard.swarm.registry": "registry_data", "dockyard.swarm.logs": "/var/log/swarm"}
SHUFFLES = int(os.environ.get("DOCKYARD_SHUFFLES", "20"))
# Beside the lab's own hosts.yml, for the group variables that are there.
ARRANGED = INVENTORY / ".placement.yml"
# A change of roles, and of the servers for names with them, takes minutes: only the soak has the time for it.
MANAGERS = ["node3", "node2", "node1"] if SOAK else ["node1"]
WORKERS = [name for name in NODES if name not in MANAGERS]


def arrange(managers=MANAGERS, workers=WORKERS, dice: random.Random | None = None, **variables):
    """Write an inventory of the machines, its groups, hosts and variables in the order of the dice where there are some."""
    written = yaml.safe_load((INVENTORY / "hosts.yml").read_text())
    found = arrangement(written, managers, workers, variables, {})
    ARRANGED.write_text(yaml.safe_dump(_mixed(found, dice) if dice else found, sort_keys=False))


def _mixed(item, dice):
    if not isinstance(item, dict):
        return item
    keys = list(item)
    dice.shuffle(keys)
    return {key: _mixed(item[key], dice) for key in keys}


def site(*arguments: str) -> Told:
    return told(*arguments, inventory=ARRANGED)


def refused(run: Told, *words: str) -> None:
    """See that a run stopped before any change, and said why."""
    assert run.code == 2, run.output
    assert (run.changes, run.lines) == ([], [])
    for word in words:
        assert word in run.output


def engines(hosts):
    """Since when each Engine runs."""
    return {
        name: output(host, "systemctl show -P ActiveEnterTimestampMonotonic docker.service")
        for name, host in hosts.items()
    }


def labels(manager, node="node1"):
    return json.loads(output(manager, f"docker node inspect {node}"))[0]["Spec"]["Labels"]


@pytest.fixture(scope="module", autouse=True)
def arranged():
    """In the soak, all machines are managers, and node1, which has the data, comes last."""
    arrange()
    run = site() if SOAK else None
    assert not run or run.code == 0, run.output
    yield
    ARRANGED.unlink(missing_ok=True)
    run = told() if SOAK else None
    assert not run or run.code == 0, run.output


@pytest.fixture(scope="module")
def image(manager, lab):
    """The name of an image in the registry."""
    password = (lab.state.directory / "secrets" / "registry" / "swarm.password").read_text().strip()
    name = f"{REGISTRY}/team/stays:{uuid.uuid4().hex[:8]}"
    output(manager, f"echo {password} | docker login -u swarm --password-stdin {REGISTRY}")
    output(manager, f"docker tag busybox:1 {name} && docker push -q {name} && docker rmi {name}")
    yield name
    output(manager, f"docker logout {REGISTRY}")


def pulled(manager, image):
    output(manager, f"docker pull -q {image} && docker rmi {image}")


@pytest.fixture
def others(hosts, manager):
    """Whatever others made is gone afterwards, and the registry is back."""
    yield
    output(hosts["node2"], "docker rm -f -v squatter >/dev/null 2>&1; true")
    output(manager, "docker service rm squatter >/dev/null 2>&1; true")
    found = manager.run(f"docker service inspect --format '{{{{.Spec.TaskTemplate.ContainerSpec.Image}}}}' {SERVICE}")
    if found.stdout.strip() != "registry:2.8":
        output(manager, f"docker service rm {SERVICE} >/dev/null 2>&1; true")
        arrange()
        run = site()
        assert run.code == 0, run.output


def test_it_is_where_the_data_is(manager):
    assert OURS.items() <= labels(manager).items()
    assert not OURS.items() & labels(manager, "node3").items()


def test_a_cluster_of_a_former_version_is_marked_where_its_data_is(hosts, manager):
    running, since = container(manager, SERVICE), engines(hosts)
    old = "--constraint-rm node.labels.dockyard.swarm.registry==registry_data --constraint-add node.hostname==node1"
    output(manager, f"docker service update --quiet --detach {old} {SERVICE}")
    # Only then: where a constraint no longer holds, the swarm ends the task.
    output(manager, " && ".join(f"docker node update --label-rm {name} node1" for name in OURS))
    run = site()
    assert run.code == 0, run.output
    assert sorted(line for _host, line in run.lines) == [
        "label node node1: label dockyard.swarm.logs: the data is on this node, and stays there",
        "label node node1: label dockyard.swarm.registry: the data is on this node, and stays there",
        f"update service {SERVICE}: constraints: node.hostname==node1 → node.labels.dockyard.swarm.registry==registry_data",
    ]
    assert OURS.items() <= labels(manager).items()
    # No task was replaced for it, nor any Engine restarted.
    assert (container(manager, SERVICE), engines(hosts)) == (running, since)


def test_another_host_than_the_one_with_the_data_is_refused():
    refused(
        site("-e", "swarm_registry_node=node2", "-e", "swarm_logging_collector=node3"),
        "swarm_registry_node is node2, but volume registry_data is on node1",
        "docker node update --label-add dockyard.swarm.registry=registry_data node2",
        "swarm_logging_collector is node3, but folder /var/log/swarm is on node1",
    )


def test_a_host_that_is_not_in_the_play_is_refused_before_any_change(hosts, manager):
    collecting = output(manager, "systemctl show -P ActiveEnterTimestampMonotonic dockyard-log-collector.service")
    refused(
        site("-e", "swarm_logging_collector=elsewhere"),
        "swarm_logging_collector has the text 'elsewhere', which is no host of the inventory",
    )
    unit = "systemctl show -P ActiveEnterTimestampMonotonic dockyard-log-collector.service"
    assert output(manager, unit) == collecting
    assert output(hosts["node3"], "systemctl is-active dockyard-logging.service") == "active"


@pytest.mark.usefixtures("others")
def test_what_others_made_is_named_and_left_alone(hosts, manager, image):
    output(manager, f"docker service rm {SERVICE}")
    # Until all Engines have given the port back.
    free, _took = until(lambda: all(host.run("ss -Hltn 'sport = :5000'").stdout == "" for host in hosts.values()), 30)
    assert free
    # The port, by a container and by a service.
    output(hosts["node2"], "docker run -d --name squatter -p 5000:80 nginx:1")
    refused(
        site(), f"node2: port 5000, which service {SERVICE} is to publish on every node, is used by another program"
    )
    output(hosts["node2"], "docker rm -f -v squatter")
    output(manager, "docker service create -q --detach --name squatter --publish 5000:80 nginx:1")
    refused(site(), f"port 5000, which service {SERVICE} is to publish, is published by service squatter")
    output(manager, "docker service rm squatter")
    # The name.
    output(
        manager,
        f"docker service create -q --detach --name {SERVICE} --label com.docker.stack.namespace=registry nginx:1",
    )
    inspect = f"docker service inspect --format '{{{{json .Spec}}}}' {SERVICE}"
    made = output(manager, inspect)
    refused(site(), f"service {SERVICE} is there and was not made by this collection")
    assert output(manager, inspect) == made
    # Handed over, it is brought to what the options say; the images are where they were.
    output(manager, f"docker service update --quiet --detach --label-add dockyard.swarm.managed=true {SERVICE}")
    run = site()
    assert run.code == 0, run.output
    assert any(line.startswith(f"update service {SERVICE}: image: nginx:1") for _host, line in run.lines), run.lines
    pulled(manager, image)


def test_the_order_of_the_inventory_changes_nothing(hosts, manager, image):
    seed = int(os.environ.get("DOCKYARD_SEED", random.SystemRandom().randrange(10**6)))
    sys.stdout.write(f"DOCKYARD_SEED={seed}\n")
    dice = random.Random(seed)
    running, since = container(manager, SERVICE), engines(hosts)
    lines = int(output(manager, "find /var/log/swarm -name '*.log' | wc -l"))
    for number in range(SHUFFLES):
        arrange(dice.sample(MANAGERS, len(MANAGERS)), dice.sample(WORKERS, len(WORKERS)), dice)
        run = site()
        said = (number, ARRANGED.read_text(), run.lines, run.output)
        assert (run.code, run.changes, run.lines) == (0, [], []), said
    assert (container(manager, SERVICE), engines(hosts)) == (running, since)
    assert int(output(manager, "find /var/log/swarm -name '*.log' | wc -l")) >= lines > 0
    pulled(manager, image)


if SOAK:

    def test_the_steps_of_the_refusal_move_the_images(hosts, manager, image):
        """As the message has them: stop, copy, move the label, run again."""
        run = site("-e", "swarm_registry_node=node2")
        refused(run, "To move the data by hand: ")
        steps = " ".join(run.output.split()).partition("To move the data by hand: ")[2].split("; ")
        commands = [step for step in steps if step.startswith("docker ")]
        assert [words.split()[1] for words in commands] == ["service", "node", "node"]
        assert steps[1] == "copy volume registry_data from node1 to node2"
        output(manager, commands[0])
        volume = "/var/lib/docker/volumes/registry_data"
        output(hosts["node2"], "docker volume create registry_data")
        packed = output(manager, f"tar -C {volume} -cz _data | base64 -w 0")
        for at in range(0, len(packed), 60000):
            output(hosts["node2"], f"echo '{packed[at : at + 60000]}' >> /root/moved")
        output(hosts["node2"], f"base64 -d /root/moved | tar -C {volume} -xz && rm /root/moved")
        for command in commands[1:]:
            output(manager, command)
        try:
            run = site("-e", "swarm_registry_node=node2")
            assert run.code == 0, run.output
            container(hosts["node2"], SERVICE)
            pulled(manager, image)
        finally:
            output(manager, f"docker service scale --detach {SERVICE}=0")
            name = "dockyard.swarm.registry"
            output(manager, f"docker node update --label-rm {name} node2")
            output(manager, f"docker node update --label-add {name}=registry_data node1")
            run = site()
            assert run.code == 0, run.output
            output(hosts["node2"], "docker volume rm registry_data")
        pulled(manager, image)

    def test_a_new_manager_that_comes_first_changes_nothing_for_the_data(hosts, manager, image):
        arrange(["node2", "node1"], ["node3"])
        assert site().code == 0
        running, since = container(manager, SERVICE), engines(hosts)
        arrange(["node3", "node2", "node1"], [], swarm_dns_servers=["node2", "node1"])
        run = site()
        assert run.code == 0, run.output
        assert engines(hosts) == since
        assert OURS.items() <= labels(manager).items()
        # Its certificate has the new manager's name: one restart where it was.
        assert container(manager, SERVICE) != running
        pulled(manager, image)
