"""How an application finds what it needs: a service, all of its tasks, a published port, and the node that a task runs on."""

from __future__ import annotations

import http.client
import itertools
import re
from collections.abc import Iterator

import pytest

from tests.support import NODES, container, output, told, until


@pytest.fixture(scope="module", autouse=True)
def _services() -> Iterator[None]:
    run = told(name="discovery")
    assert run.code == 0, run.output
    assert run.changes == [("node1", "Have them")]
    yield
    gone = told("-e", "state=absent", name="discovery")
    assert gone.code == 0, gone.output


@pytest.fixture
def client(hosts):
    """Run a command in a container beside the services, on node2."""
    name = container(hosts["node2"], "find_client")
    return lambda command: output(hosts["node2"], f"docker exec {name} sh -c '{command}'")


def lookup(client, name: str) -> list[str]:
    """The addresses of a name, as the Engine's resolver tells them in a container."""
    answer = client(f"nslookup {name} || true").partition("Name:")[2]
    return re.findall(r"^Address[^:]*: (\S+)$", answer, re.MULTILINE)


def answering(client, name: str) -> set[str]:
    """Which tasks answer a client that asks 30 times."""
    said = client(f"for i in $(seq 30); do wget -q -T 5 -O - http://{name}:8000/cgi-bin/who; done")
    return {line.split()[0] for line in said.splitlines()}


def addresses(manager, service: str) -> list[str]:
    """The addresses of a service's tasks on network apps, as the swarm has them."""
    form = '{{range .NetworksAttachments}}{{if eq .Network.Spec.Name "apps"}}{{index .Addresses 0}}{{end}}{{end}}'
    ids = f"$(docker service ps -q --filter desired-state=running {service})"
    return sorted(text.split("/")[0] for text in output(manager, f"docker inspect --format '{form}' {ids}").split())


def virtual(manager, service: str) -> list[str]:
    """A service's virtual addresses on the network that it was given, without that of the routing mesh."""
    apps = output(manager, "docker network inspect --format '{{.Id}}' apps")
    form = f'{{{{range .Endpoint.VirtualIPs}}}}{{{{if eq .NetworkID "{apps}"}}}}{{{{.Addr}}}}{{{{end}}}}{{{{end}}}}'
    return [
        text.split("/")[0] for text in output(manager, f"docker service inspect --format '{form}' {service}").split()
    ]


def ask(address: str, port: int, path: str = "/cgi-bin/who") -> str:
    """What a published port says to this computer; empty where nobody listens."""
    connection = http.client.HTTPConnection(address, port, timeout=5)
    try:
        connection.request("GET", path, headers={"Connection": "close"})
        return connection.getresponse().read().decode()
    except ConnectionRefusedError:
        return ""
    finally:
        connection.close()


def test_a_second_run_changes_nothing():
    run = told(name="discovery")
    assert (run.code, run.changes) == (0, []), run.output


@pytest.mark.parametrize("name", ["web", "find_web", "www"])
def test_a_service_has_one_address_behind_which_all_of_its_tasks_answer(manager, client, name):
    assert lookup(client, name) == virtual(manager, "find_web") != []
    assert answering(client, name) == {"web-1", "web-2", "web-3"}


def test_the_tasks_of_a_service_have_a_name_together(manager, client):
    assert sorted(lookup(client, "tasks.web")) == addresses(manager, "find_web")
    assert len(addresses(manager, "find_web")) == 3


def test_a_service_without_an_address_is_known_by_those_of_its_tasks(manager, client):
    assert virtual(manager, "find_ring") == []
    assert sorted(lookup(client, "ring")) == addresses(manager, "find_ring")
    assert len(addresses(manager, "find_ring")) == 3
    # They come in changing order, so that clients that take the first one are spread.
    assert answering(client, "ring") == {"ring-1", "ring-2", "ring-3"}


def test_brokers_are_reached_from_everywhere_by_what_they_registered(hosts, client):
    wanted = [f"{node}:10911" for node in NODES]
    registered, _took = until(
        lambda: client("wget -q -O - http://registrar:8000/cgi-bin/brokers").split() == wanted, 20
    )
    assert registered, client("wget -q -O - http://registrar:8000/cgi-bin/brokers")
    for node, broker in itertools.product(NODES, wanted):
        mine = container(hosts[node], "find_client")
        said = output(hosts[node], f"docker exec {mine} wget -q -T 5 -O - http://{broker}/cgi-bin/who")
        assert said.split()[0] == "broker-of-" + broker.split(":")[0], node


def test_without_them_the_hosts_own_names_lead_nowhere(hosts):
    other = container(hosts["node2"], "find_broker")
    assert hosts["node2"].run(f"docker exec {other} wget -q -T 5 -O - http://node1:10911/cgi-bin/who").rc != 0


@pytest.fixture(scope="module")
def two() -> None:
    """There are fewer tasks than nodes."""
    run = told("-e", "replicas=2", name="discovery")
    assert run.code == 0, run.output


@pytest.mark.usefixtures("two")
def test_names_follow_the_tasks(manager, client):
    assert until(lambda: len(lookup(client, "tasks.web")) == len(lookup(client, "ring")) == 2, 10)[0]
    assert sorted(lookup(client, "tasks.web")) == addresses(manager, "find_web")
    assert answering(client, "web") == {"web-1", "web-2"}


@pytest.mark.usefixtures("two")
def test_a_port_of_the_routing_mesh_answers_on_every_node_and_hides_who_asks(address):
    for node in NODES:
        said = [ask(address[node], 8090).split() for _ in range(4)]
        assert {words[0] for words in said} == {"web-1", "web-2"}, node
        assert all("10.0." in words[1] for words in said), said


@pytest.mark.usefixtures("two")
def test_a_port_of_the_host_answers_where_a_task_runs_and_tells_who_asks(manager, address):
    running = set(
        output(manager, "docker service ps --filter desired-state=running --format '{{.Node}}' find_ring").split()
    )

    def answering_nodes():
        return {node for node in NODES if ask(address[node], 8091)}

    # The third task may still be on its way out.
    assert until(lambda: answering_nodes() == running, 20)[0], answering_nodes()
    said = {node: ask(address[node], 8091).split() for node in running}
    assert len(running) == 2
    me = address["node1"].rpartition(".")[0] + ".1"
    assert all(me in said[node][1] for node in running), said
