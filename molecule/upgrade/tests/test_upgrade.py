"""Engines are restarted and upgraded node by node, and whoever uses the swarm does not notice.

The client goes on to the next node when one does not accept its connection, as a load balancer in front does.
"""

from __future__ import annotations

import os
import re

import pytest

from tests.asker import Asker, Repeated
from tests.support import output, playbook, tasks, until

SOAK = bool(os.environ.get("DOCKYARD_SOAK"))
PORT, REPLICAS = 8080, 3
ALL = ["node1", "node2", "node3", "node4"]
ENGINE = "../molecule/upgrade/engine"
MTU = '{"swarm_engine_daemon_options": {"mtu": 1450}}'
# As every service that must not be missed: it serves on for a moment after it was told to end, until all nodes know.
LINGERS = "trap 'sleep 5; nginx -s quit' TERM; nginx -g 'daemon off;' & wait; wait"
STOPPED = "swarm_engine : Stop the node's Engine"


@pytest.fixture(scope="module")
def asker(manager, address):
    """A client of a service on all nodes; what it saw is asserted by the test that makes the nodes go."""
    output(
        manager,
        f"docker service create --quiet --detach --name web --replicas {REPLICAS} --publish {PORT}:80 "
        f'--entrypoint sh nginx:1 -c "{LINGERS}"',
    )
    up, _took = until(lambda: len(running(manager)) == REPLICAS, 120)
    assert up, output(manager, "docker service ps --no-trunc web")
    return lambda: Asker([address[name] for name in ALL], PORT)


def running(manager) -> list[str]:
    return [task["Node"] for task in tasks(manager, "web") if task["CurrentState"].startswith("Running")]


class Quorum(Repeated):
    """Asks the managers over and over whether one of them still answers for the swarm."""

    interval = 1.0

    def __init__(self, hosts) -> None:
        self.hosts = [hosts[name] for name in ("node1", "node2", "node3")]
        self.lost: list[str] = []

    def once(self, turn: int) -> None:
        said = [host.run("timeout 20 docker node ls --format '{{.Hostname}}'") for host in self.hosts]
        if not any(done.rc == 0 for done in said):
            self.lost.append(f"{turn}: " + " / ".join(done.stderr.strip() for done in said))


def order(run) -> list[str]:
    """The nodes in the order in which their Engines were stopped."""
    found: list[str] = []
    for part in run.output.split("\nTASK [")[1:]:
        if STOPPED in part.splitlines()[0]:
            found += re.findall(r"^changed: \[(\w+)\]", part, re.MULTILINE)
    return found


def leader(manager) -> str:
    return output(manager, "docker node ls --format '{{.Hostname}} {{.ManagerStatus}}' | sed -n 's/ Leader//p'")


def nodes(manager) -> dict[str, str]:
    rows = output(manager, "docker node ls --format '{{.Hostname}} {{.Status}}/{{.Availability}}/{{.EngineVersion}}'")
    return dict(row.split() for row in rows.splitlines())


if SOAK:

    def test_a_restart_goes_node_by_node_and_nobody_notices(manager, asker, hosts):
        last = leader(manager)
        output(manager, "docker node update --availability pause node4")
        with asker() as client, Quorum(hosts) as quorum:
            run = playbook("-e", MTU, name=ENGINE)
        assert run.code == 0, run.output
        stopped = order(run)
        assert sorted(stopped) == ALL
        assert stopped[0] == "node4"
        assert stopped[-1] == last
        assert nodes(manager)["node4"].startswith("Ready/Pause/")
        assert client.failures == [], client.failures
        assert client.asked > 100
        assert quorum.lost == []
        output(manager, "docker node update --availability active node4")
        again = playbook("-e", MTU, name=ENGINE)
        assert (again.code, again.changed) == (0, 0), again.output

    def test_the_first_node_that_does_not_come_back_ends_the_run_and_the_next_run_goes_on(manager, hosts):
        drop_in = "/etc/systemd/system/docker.service.d/broken.conf"
        wanted = '{"swarm_engine_daemon_options": {"mtu": 1460}}'
        last = leader(manager)
        broken = next(name for name in ("node2", "node3", "node1") if name != last)
        output(
            hosts[broken],
            f"mkdir -p $(dirname {drop_in}) && printf '[Service]\\nExecStartPre=/bin/false\\n' > {drop_in}",
        )
        run = playbook("-e", wanted, name=ENGINE)
        assert run.code != 0
        stopped = order(run)
        assert stopped[0] == "node4"
        assert stopped[-1] == broken
        assert last not in stopped
        said = " ".join(run.output.split("Stop before another node is touched")[1].split())
        assert f"{broken}: the daemon did not apply the new" in said
        assert (
            "Its Engine does not run, and it stays drained until it does. The remaining nodes were not touched" in said
        )
        assert nodes(manager)[broken].startswith("Down/Drain/")
        # As long as it does not run, no other node is taken.
        run = playbook("-e", wanted, name=ENGINE)
        assert run.code != 0
        assert order(run) == []
        assert "no other node is taken out of service until it does" in " ".join(run.output.split()), run.output
        assert nodes(manager)[last].startswith("Ready/Active/")
        output(hosts[broken], f"rm {drop_in} && systemctl daemon-reload")
        run = playbook("-e", wanted, name=ENGINE)
        assert run.code == 0, run.output
        assert "node4" not in order(run)
        assert order(run)[-1] == last
        assert {state.rpartition("/")[0] for state in nodes(manager).values()} == {"Ready/Active"}


def test_an_upgrade_needs_a_version():
    run = playbook(name="upgrade")
    assert run.code != 0
    assert "swarm_engine_version is not set" in run.output


def test_a_version_that_is_not_to_be_had_touches_no_node(manager):
    run = playbook("-e", "swarm_engine_version=28.55", name="upgrade")
    assert run.code != 0
    assert "version 28.55 of package docker-ce is asked for, and nothing was changed" in run.output, run.output
    assert order(run) == []
    assert {state.rpartition("/")[0] for state in nodes(manager).values()} == {"Ready/Active"}


def test_an_upgrade_under_load_loses_no_request_and_no_quorum(manager, asker, hosts):
    """The worker and the leader, of all the first and the last; in a soak all four nodes."""
    last = leader(manager)
    chosen = ALL if SOAK else sorted({"node4", last})
    wanted = ["-e", "swarm_engine_version=28.5", "-e", MTU, "--limit", ",".join(chosen)]
    with asker() as client, Quorum(hosts) as quorum:
        run = playbook(*wanted, name="upgrade")
    assert run.code == 0, run.output
    stopped = order(run)
    assert sorted(stopped) == chosen
    assert stopped[0] == "node4"
    assert stopped[-1] == last
    versions = {name: state.rpartition("/")[2].partition("+")[0] for name, state in nodes(manager).items()}
    assert versions == {name: "28.5.2" if name in chosen else "26.1.5" for name in ALL}
    assert client.failures == [], client.failures
    assert client.asked > 100
    assert quorum.lost == []
    again = playbook(*wanted, name="upgrade")
    assert (again.code, again.changed) == (0, 0), again.output
