"""What a user relies on once site.yml has run."""

from __future__ import annotations

import http.client
import json
import uuid

import pytest

from tests.secrecy import of_folder, written_down
from tests.support import NODES, container, output, playbook, tasks, until

REGISTRY = "registry.swarm.test:5000"


def get(address: str, port: int, path: str = "/", timeout: float = 5) -> tuple[int, str]:
    connection = http.client.HTTPConnection(address, port, timeout=timeout)
    try:
        connection.request("GET", path, headers={"Connection": "close"})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def test_run_with_nothing_to_do_changes_nothing():
    """The machines have just booted: the roles and the stack wait until they are up."""
    run = playbook(name="converge")
    assert run.code == 0, run.output
    assert run.changed == 0, run.output


def test_three_nodes_are_ready(manager):
    rows = [json.loads(line) for line in output(manager, "docker node ls --format '{{json .}}'").splitlines()]
    assert sorted((row["Hostname"], row["Status"], row["Availability"]) for row in rows) == [
        (name, "Ready", "Active") for name in NODES
    ]


@pytest.mark.parametrize("node", NODES)
def test_published_port_answers_through_every_node_and_reaches_all_replicas(manager, address, node):
    assert len(tasks(manager, "demo_web")) == 3
    seen = set()

    def all_seen():
        status, body = get(address[node], 8080)
        assert status == 200
        seen.add(body)
        return len(seen) == 3

    # The machines have just booted: what one node missed of another's tasks, it learns with the next full exchange, 30 s later.
    assert until(all_seen, 90, 0)[0], seen


def test_task_reaches_task_on_another_machine_over_the_encrypted_network(manager, hosts):
    network = json.loads(output(manager, "docker network inspect apps"))[0]
    assert "encrypted" in network["Options"]
    other = container(hosts["node3"], "demo_peer")
    template = "{{.NetworkSettings.Networks.apps.IPAddress}}"
    ip = output(hosts["node3"], f"docker inspect --format '{template}' {other}")
    mine = container(hosts["node1"], "demo_peer")
    said = output(hosts["node1"], f"docker exec {mine} wget -q -T 10 -O - http://{ip}:8000/")
    assert said == output(hosts["node3"], f"docker exec {other} hostname")
    assert "proto esp" in output(hosts["node1"], "ip xfrm state")


def test_pushed_image_is_pulled_by_a_service_on_every_node(manager, lab):
    secrets = lab.state.directory / "secrets" / "registry" / "swarm.password"
    login = f"echo {secrets.read_text().strip()} | docker login -u swarm --password-stdin {REGISTRY}"
    output(manager, login)
    image = f"{REGISTRY}/team/probe:{uuid.uuid4().hex[:8]}"
    output(manager, f"docker tag busybox:1 {image} && docker push -q {image}")
    output(
        manager,
        f"docker service create -q --detach --name probe --mode global --with-registry-auth {image} sleep 3600",
    )
    try:
        running, _took = until(lambda: _running(manager, "probe") == NODES, 90, 1)
        assert running, tasks(manager, "probe")
    finally:
        output(manager, "docker service rm probe")
        output(manager, f"docker logout {REGISTRY}")


def _running(manager, service):
    return sorted(task["Node"] for task in tasks(manager, service) if task["CurrentState"].startswith("Running"))


@pytest.mark.parametrize("node", NODES)
def test_registry_refuses_without_the_password(hosts, node):
    done = hosts[node].run(f"docker pull {REGISTRY}/team/probe:none")
    assert done.rc != 0
    assert "no basic auth credentials" in done.stderr or "unauthorized" in done.stderr


def test_registry_refuses_plain_http(address):
    status, body = get(address["node1"], 5000, "/v2/")
    assert status == 400
    assert "HTTP request to an HTTPS server" in body


@pytest.mark.parametrize("node", NODES)
def test_names_resolve_inside_of_containers(hosts, address, node):
    peer = container(hosts[node], "demo_peer")
    inside = output(hosts[node], f"docker exec {peer} nslookup node2.swarm.test")
    assert address["node2"] in inside
    upstream = output(hosts[node], f"docker exec {peer} nslookup gateway.lab.example")
    assert address["node1"].rsplit(".", 1)[0] + ".1" in upstream


@pytest.mark.parametrize("node", NODES)
def test_printed_line_arrives_at_the_collector_within_5_s(manager, hosts, node):
    marker = uuid.uuid4().hex
    peer = container(hosts[node], "demo_peer")
    task = output(hosts[node], f"docker inspect --format '{{{{.Name}}}}' {peer}").lstrip("/")
    # Both clocks are the computer's; what asking by SSH takes does not count.
    printed = f"docker exec {peer} sh -c 'echo {marker} > /proc/1/fd/1' && date +%s.%N"
    start = float(output(hosts[node], f"date +%s.%N && {printed}").split()[0])
    watch = f"grep -rhm 1 --include='*.log' {marker} /var/log/swarm && date +%s.%N && break; sleep 0.1"
    line, end = output(manager, f"for i in $(seq 600); do {watch}; done").splitlines()
    assert float(end) - start < 5
    assert node in line
    assert "demo_peer" in line
    assert task in line


def test_daemon_options_are_in_force_and_the_socket_is_local(hosts):
    for host in hosts.values():
        info = json.loads(output(host, "docker info --format '{{json .}}'"))
        assert info["LoggingDriver"] == "journald"
        assert info["LiveRestoreEnabled"] is False
        listening = output(host, "ss -Hltnp")
        ports = {row.split()[3].rsplit(":", 1)[1] for row in listening.splitlines() if '"dockerd"' in row}
        # The swarm's own ports and what services publish; never the API.
        assert ports <= {"2377", "7946", "8080", "5000"}, listening


def test_upgrade_to_what_is_there_leaves_what_the_other_stages_want():
    run = playbook("-e", "swarm_engine_version=26.1", "--limit", "node1,node3", name="upgrade")
    assert run.code == 0, run.output
    assert run.changed == 0, run.output


def test_check_mode_on_converged_machines_shows_nothing():
    run = playbook("--check", "--diff")
    assert run.code == 0, run.output
    assert run.changed == 0, run.output


def test_status_tells_what_runs_where():
    run = playbook(name="status")
    assert run.code == 0, run.output
    assert "registry" in run.output
    assert "node3" in run.output


def test_no_secret_of_the_controller_shows_in_any_log(lab):
    values = of_folder(lab.state.directory / "secrets")
    assert {"pki/logs.key", "registry/swarm.password"} <= set(values.values())
    leaks = {(machine.name, values[value]) for machine in lab.machines for value in written_down(machine, values)}
    assert leaks == set(), sorted(leaks)
