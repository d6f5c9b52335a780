"""Networks that are recreated under running services, that fill up, that narrow paths ask for, and the physical one."""

from __future__ import annotations

import ipaddress
import json
import re
import sys
from contextlib import ExitStack
from operator import itemgetter

import pytest

from tests.asker import Outage, answers
from tests.support import NODES, begun, container, output, playbook, power_cut, told, until

DEADLINE = 120
TWO = {
    "name": "two",
    "subnet": "10.32.0.0/24",
    "ip_range": "10.32.0.128/25",
    "attachable": True,
    "labels": {"team": "a"},
}
WEB = "mkdir -p /w && echo well > /w/index.html && trap exit TERM && { httpd -f -h /w & wait; }"


def run(*networks, macvlans=(), arguments=(), tell=told):
    """The stage of the networks, with these."""
    wanted = {"swarm_networks_overlays": list(networks), "swarm_networks_macvlans": list(macvlans)}
    return tell("--tags", "networks", "-e", json.dumps(wanted), *arguments)


def made(*networks, **more):
    """A run that has to succeed, and the next one that changes nothing."""
    first = run(*networks, **more)
    assert first.code == 0, first.output
    second = run(*networks, **more)
    assert (second.code, second.changes) == (0, []), second.output
    return first


def inspected(manager, kind: str, name: str) -> dict:
    (found,) = json.loads(output(manager, f"docker {kind} inspect {name}"))
    return found


def spec(manager, service: str) -> dict:
    return inspected(manager, "service", service)["Spec"]


def running(manager, service: str) -> list[str]:
    shown = output(
        manager,
        f"docker service ps {service} --filter desired-state=running --format '{{{{.Node}}}} {{{{.CurrentState}}}}'",
    )
    return [line.split()[0] for line in shown.splitlines() if line.split()[1] == "Running"]


def runs(manager, service: str, tasks: int) -> None:
    came, _took = until(lambda: len(running(manager, service)) == tasks, DEADLINE)
    assert came, output(manager, f"docker service ps {service}")


@pytest.fixture(scope="module", autouse=True)
def _put_away(manager):
    yield
    output(manager, "docker service rm $(docker service ls -q) || true")
    assert (
        run(
            {"name": "apps", "subnet": "10.20.0.0/24", "encrypted": True, "attachable": True},
            *[{"name": name, "state": "absent"} for name in ("two", "small")],
        ).code
        == 0
    )


@pytest.fixture(scope="module")
def user(manager):
    """A service with two networks, on one of them by another name, too."""
    made(TWO)
    output(
        manager,
        "docker network create -d overlay other; docker service create -d --name user --replicas 3 --stop-grace-period 2s "
        f"--network other --network name=two,alias=also --update-delay 7s busybox:1 sh -c '{WEB}'",
    )
    runs(manager, "user", 3)
    return "user"


def without_targets(found: dict) -> dict:
    networks = [
        {key: value for key, value in item.items() if key != "Target"} for item in found["TaskTemplate"]["Networks"]
    ]
    return {**found, "TaskTemplate": {**found["TaskTemplate"], "Networks": networks}}


def test_network_in_use_is_made_anew_and_its_service_has_it_again(hosts, manager, user):
    before, network = spec(manager, user), inspected(manager, "network", "two")
    wanted = {**TWO, "mtu": 1300, "attachable": False}
    refused = run(wanted)
    assert refused.code != 0
    assert "mtu (is None, wanted 1300)" in refused.output
    assert "set replace: true to recreate it" in refused.output
    wanted["replace"] = True
    foretold = run(wanted, arguments=["--check"])
    assert ("node1", "replace network two: attachable: true → false; user lose their connections for some seconds") in [
        (host, line.split(" (")[0]) for host, line in foretold.lines
    ], foretold.lines
    assert spec(manager, user) == before
    made(wanted)
    assert len(running(manager, user)) == 3
    assert without_targets(spec(manager, user)) == without_targets(before)
    anew = inspected(manager, "network", "two")
    assert anew["Id"] != network["Id"]
    by_subnet = itemgetter("Subnet")
    assert sorted(anew["IPAM"]["Config"], key=by_subnet) == sorted(network["IPAM"]["Config"], key=by_subnet)
    assert (anew["Attachable"], anew["Options"]["com.docker.network.driver.mtu"]) == (False, "1300")
    node = running(manager, user)[0]
    inside = f"docker exec {container(hosts[node], user)} "
    assert output(hosts[node], inside + "wget -q -T 5 -O - http://also/") == "well"
    assert "mtu 1250" in output(hosts[node], inside + "ip link")


def test_container_that_belongs_to_no_service_is_left_alone_and_so_is_the_network(hosts, manager, user):
    assert run({**TWO, "replace": True}).code == 0
    before, network = spec(manager, user), inspected(manager, "network", "two")
    output(hosts["node3"], "docker run -d --name byhand --network two busybox:1 sleep 1000")
    failed = run({**TWO, "internal": True, "replace": True})
    assert failed.code != 0
    assert "docker ps --filter network=two" in failed.output
    assert spec(manager, user) == before
    assert inspected(manager, "network", "two")["Id"] == network["Id"]
    assert len(running(manager, user)) == 3
    assert output(hosts["node3"], "docker inspect --format '{{.State.Running}}' byhand") == "true"
    output(hosts["node3"], "docker rm -f byhand")


def test_power_cut_of_the_manager_in_the_middle_of_it(lab, manager, user):
    before = spec(manager, user)
    module = begun("overlay_network", "node1", **TWO, mtu=1400, replace=True)
    label = "docker service inspect user --format '{{json .Spec.Labels}}'"
    assert until(lambda: "dockyard.swarm.detached" in output(manager, label), DEADLINE, 0.1)[0]
    power_cut(lab.machine("node1"), module)
    # Whatever the cut left behind: the next run, which wants it as it was, gives the service its network back.
    made({**TWO, "mtu": 1400, "replace": True})
    assert without_targets(spec(manager, user)) == without_targets(before)
    assert inspected(manager, "network", "two")["Options"]["com.docker.network.driver.mtu"] == "1400"
    runs(manager, user, 3)
    output(manager, "docker service rm user; docker network rm other")


def mesh_mtu(host) -> int:
    sandbox = "nsenter --net=/run/docker/netns/ingress_sbox ip -o link show eth0"
    return int(re.search(r"mtu (\d+)", output(host, sandbox)).group(1))


def test_routing_mesh_is_replaced_under_load(hosts, manager, address):
    """No task runs on node1, which has to answer nevertheless."""
    output(
        manager,
        "docker service create -d --name web --constraint node.hostname==node2 --update-order start-first -p 8080:80 "
        f"busybox:1 sh -c '{WEB}'; "
        "docker service create -d --name both --constraint node.hostname==node3 --update-order start-first -p 8082:80 "
        f"--publish mode=host,published=8081,target=80 --stop-grace-period 1s busybox:1 sh -c '{WEB}'",
    )
    runs(manager, "web", 1)
    runs(manager, "both", 1)
    assert until(lambda: all(answers(address[name], 8080) for name in NODES), DEADLINE)[0]
    before = [spec(manager, name) for name in ("web", "both")]
    mesh = {"name": "ingress", "ingress": True, "mtu": 1400, "replace": True}
    with ExitStack() as stack:
        asked = [stack.enter_context(Outage(address[name], 8080)) for name in NODES]
        made(mesh)
        assert until(lambda: all(answers(address[name], 8080) for name in NODES), DEADLINE)[0]
    outages = [node.seconds for node in asked]
    sys.stdout.write(f"routing mesh replaced: no answer for {', '.join(f'{seconds:.1f}' for seconds in outages)} s\n")
    assert max(outages) < DEADLINE
    assert [spec(manager, name) for name in ("web", "both")] == before
    assert all(answers(address[name], 8082) for name in NODES)
    assert all(answers(address[name], 8081) for name in running(manager, "both"))
    assert [mesh_mtu(hosts[name]) for name in NODES] == [1350] * 3
    output(manager, "docker service rm web both")


def test_networks_follow_the_paths_between_the_hosts(hosts, manager, address):
    """Interfaces of 1400 and a mesh made for 1500 that nobody publishes by: it is made for them, other networks are a warning."""
    assert run({"name": "ingress", "ingress": True, "mtu": 1500, "replace": True}).code == 0
    for name in NODES:
        output(hosts[name], "ip link set vec0 mtu 1400")
    try:
        fresh = {"name": "fresh", "subnets": [{"subnet": "10.41.0.0/24"}, {"subnet": "10.42.0.0/24"}]}
        first = run(fresh, tell=playbook)
        flat = " ".join(first.output.split())
        assert first.code == 0, first.output
        assert (
            "network apps is made for an MTU of 1500, and these hosts have less: node1 1400, node2 1400, node3 1400"
            in flat
        )
        assert inspected(manager, "network", "fresh")["Options"]["com.docker.network.driver.mtu"] == "1400"
        assert inspected(manager, "network", "ingress")["Options"]["com.docker.network.driver.mtu"] == "1400"
        made(fresh)
        # Nodes that run no task have the new mesh, too.
        alone = "--name alone --constraint node.hostname==node2 --stop-grace-period 1s -p 8085:80"
        output(manager, f"docker service create -d {alone} busybox:1 sh -c '{WEB}'")
        assert until(lambda: all(answers(address[name], 8085) for name in NODES), DEADLINE)[0]
        output(manager, "docker service rm alone")
    finally:
        for name in NODES:
            output(hosts[name], "ip link set vec0 mtu 1500")
    assert (
        run(
            {"name": "fresh", "state": "absent"}, {"name": "ingress", "ingress": True, "mtu": 1500, "replace": True}
        ).code
        == 0
    )


def test_network_that_fills_up_is_told_and_holds_what_was_foretold(manager):
    small = {"name": "small", "subnet": "10.33.0.0/28"}
    assert run(small).code == 0
    output(manager, "docker service create -d --name many --replicas 7 --network small busybox:1 tail -f /dev/null")
    runs(manager, "many", 7)
    told_of = " ".join(run(small, tell=playbook).output.split())
    found = re.search(
        r"network small: (\d+) of 13 addresses are taken, by 7 tasks, 1 services and 3 nodes; (\d+) more tasks", told_of
    )
    assert found, told_of
    fits = int(found.group(2))
    status = " ".join(playbook(name="status").output.split())
    assert "network small 10.33.0.0/28, 11 of 13 addresses taken, room for 2 more tasks" in status
    assert (int(found.group(1)), fits) == (11, 2)
    output(manager, f"docker service scale -d many={7 + fits}")
    runs(manager, "many", 7 + fits)
    output(manager, f"docker service scale -d many={8 + fits}")
    states = "docker service ps many --filter desired-state=running --format '{{.CurrentState}}'"
    assert until(lambda: output(manager, states).count("\n") == 7 + fits, DEADLINE)[0]
    # The one for which there is no address never gets any further.
    assert not until(lambda: len(running(manager, "many")) > 7 + fits, 5)[0]
    output(manager, "docker service rm many")


def test_attachable_network_is_listed_on_workers(hosts, manager):
    def listed():
        return [
            "two" in output(hosts[name], "docker network ls --format '{{.Name}}'").split()
            for name in ("node2", "node3")
        ]

    plain = {**TWO, "mtu": 1400}
    assert until(lambda: not any(listed()), DEADLINE)[0]
    made({**plain, "visible": True})
    assert until(lambda: all(listed()), DEADLINE)[0]
    made(plain)
    assert "dockyard-networks" not in output(manager, "docker service ls")


@pytest.fixture
def plant(address):
    """The network that the machines themselves are in, with the upper half of its addresses for containers."""
    subnet = ipaddress.ip_network(f"{address['node1']}/24", strict=False)
    upper = list(subnet.subnets(new_prefix=25))[1]
    return {
        "name": "plant",
        "subnets": [
            {"subnet": str(subnet), "gateway": str(subnet[1]), "ip_range": str(upper), "part": 28},
            {"subnet": "fd00:77::/64", "ip_range": "fd00:77::1000/116"},
        ],
        "attachable": True,
    }


def test_containers_have_addresses_of_the_physical_network(hosts, manager, address, plant):
    foretold = run(macvlans=[plant], arguments=["--check"])
    assert sorted({host for host, line in foretold.lines if "plant-config" in line}) == NODES, foretold.lines
    assert "plant" not in output(manager, "docker network ls")
    made(macvlans=[plant])
    output(
        manager,
        "docker service create -d --name gauge --mode global --endpoint-mode dnsrr --network plant --stop-grace-period 1s "
        f"busybox:1 sh -c '{WEB}'",
    )
    runs(manager, "gauge", 3)
    own = {name: container(hosts[name], "gauge") for name in NODES}
    form = "{{.NetworkSettings.Networks.plant.IPAddress}}"
    found = {name: output(hosts[name], f"docker inspect --format '{form}' {own[name]}") for name in NODES}
    form = "{{.NetworkSettings.Networks.plant.GlobalIPv6Address}}"
    sixes = {name: output(hosts[name], f"docker inspect --format '{form}' {own[name]}") for name in NODES}
    shares = [ipaddress.ip_network(f"{found[name]}/28", strict=False) for name in NODES]
    assert len(set(shares)) == 3
    for name in NODES:
        # From outside, as any other machine of that network.
        assert until(lambda name=name: answers(found[name], 80), DEADLINE)[0], name
        for other in set(NODES) - {name}:
            for where in (found[other], f"[{sixes[other]}]"):
                assert output(hosts[name], f"docker exec {own[name]} wget -q -T 5 -O - 'http://{where}/'") == "well"
            assert "SSH-2.0" in output(
                hosts[name], f"docker exec {own[name]} sh -c 'nc -w 5 {address[other]} 22 < /dev/null'"
            )
    names = output(hosts["node1"], f"docker exec {own['node1']} nslookup gauge")
    assert sorted(re.findall(r"^Address: (\S+)$", names, re.MULTILINE)) == sorted(found.values())


def test_node_that_is_new_gets_a_part_of_its_own(hosts, manager, plant):
    """Its config is taken away as a new node would not have it; all others keep theirs."""
    form = "{{range .IPAM.Config}}{{.IPRange}} {{end}}"

    def parts():
        command = f"docker network inspect --format '{form}' plant-config"
        return {name: sorted(output(hosts[name], command).split()) for name in NODES}

    before = parts()
    output(manager, "docker service rm gauge")
    assert until(lambda: hosts["node2"].run("docker network rm plant-config").rc == 0, DEADLINE)[0]
    assert ("node2", "Configure the node's part of the network") in made(macvlans=[plant]).changes
    assert parts() == before


def test_macvlan_that_is_in_use_is_not_changed(hosts, plant):
    output(hosts["node3"], "docker run -d --name byhand --network plant busybox:1 sleep 1000")
    before = output(hosts["node3"], "docker network inspect plant-config")
    failed = run(macvlans=[{**plant, "nodes": {"node3": {"parent": "vec0.7"}}}])
    assert failed.code != 0
    assert "take the services and containers that use network plant off it" in failed.output
    assert output(hosts["node3"], "docker network inspect plant-config") == before
    output(hosts["node3"], "docker rm -f byhand")
    own = {**plant, "subnets": [{**plant["subnets"][0], "ip_range": plant["subnets"][0]["subnet"]}]}
    refused = run(macvlans=[own])
    assert "node1: macvlan plant: option ip_range" in refused.output
    assert "has the host's own address" in refused.output
    made(macvlans=[{"name": "plant", "state": "absent"}])
    assert all("plant" not in output(hosts[name], "docker network ls") for name in NODES)
