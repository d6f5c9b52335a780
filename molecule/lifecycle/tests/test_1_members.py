"""Hosts come, change their role, die, are re-imaged and go; the swarm is what the inventory says, and its services go on."""

from __future__ import annotations

import os
import sys
import time

import pytest

from lab import ssh
from tests.cluster import end, flat
from tests.support import output, until

SOAK = bool(os.environ.get("DOCKYARD_SOAK"))
MANAGERS = ["node1", "node2", "node3"]
ALL = [*MANAGERS, "node4", "node5"]
REPLICAS = 5
# Serves on for a moment after it was told to end, until all nodes know: as every service that must not be missed.
LINGERS = "trap 'sleep 5; nginx -s quit' TERM; nginx -g 'daemon off;' & wait; wait"


def task_ids(cluster) -> list[str]:
    return sorted(output(cluster.first, "docker service ps -q --filter desired-state=running web").split())


def reached_at(lab, old: str, number: int) -> str:
    """Another address of a machine's network; ssh knows the machine by it, too."""
    other, known = f"{old.rsplit('.', 1)[0]}.{number}", lab.state.directory / "known_hosts"
    text = known.read_text()
    (key,) = [line for line in text.splitlines() if line.startswith(f"{old} ")]
    known.write_text(f"{text}{key.replace(old, other, 1)}\n")
    return other


def move(lab, name: str, other: str) -> None:
    """Give a machine another address in place of its old one."""
    moves = f"ip addr flush dev vec0; ip addr add {other}/24 dev vec0; ip route replace default via {lab.state.gateway}"
    # A timer is a minute late where it may.
    lab.machine(name).ssh(f"systemd-run --on-active=1 --timer-property=AccuracySec=100ms sh -c '{moves}'", check=True)
    assert ssh.wait(lab.state.directory, other, 30)


def addresses(lab, reached: str, change: str) -> None:
    """Add an address to a machine, or delete one; the others of its network stay."""
    done = ssh.execute(
        lab.state.directory, reached, f"sysctl -qw net.ipv4.conf.all.promote_secondaries=1 && ip addr {change}"
    )
    assert done.returncode == 0, done.stderr


def test_one_manager_out_of_a_bare_host(cluster):
    for name in ALL:
        assert until(lambda name=name: cluster.state(name) == "inactive", 60)[0], (name, cluster.state(name))
    cluster.arrange(managers=["node1"])
    cluster.converge()
    assert cluster.state("node2") == "inactive"


if SOAK:

    def manager_address(cluster, name: str) -> str:
        return cluster.node(name)["ManagerStatus"]["Addr"].rsplit(":", 1)[0]

    def test_the_only_manager_gets_another_address_by_the_steps_that_are_told(cluster, lab, address):
        old, identity = address["node1"], cluster.identity()
        other = reached_at(lab, old, 98)
        move(lab, "node1", other)
        cluster.give("node1", ansible_host=other)
        run = cluster.site()
        assert (run.counts["node1"]["failed"], run.changed) == (1, 0), end(run)
        said = flat(run)
        assert f"node1 is the only manager, and the swarm knows it at {old}" in said, end(run)
        assert f"1. give it {old} back for now, besides the new one; 2. set swarm_node_advertise_addr" in said, end(run)
        addresses(lab, other, f"add {old}/24 dev vec0")
        cluster.give("node1", swarm_node_advertise_addr=other)
        cluster.arrange(managers=["node2", "node1"])
        cluster.converge(patience=120)
        assert manager_address(cluster, "node1") == other
        assert cluster.identity() == identity
        addresses(lab, other, f"del {old}/24 dev vec0 && systemctl restart docker")
        cluster.settled()
        cluster.whole(120)
        # And all of it back.
        addresses(lab, other, f"add {old}/24 dev vec0")
        cluster.give("node1", swarm_node_advertise_addr=old, ansible_host=old)
        cluster.converge(patience=120)
        # This one is what node1 connects from, since it was there first: without a restart there is no quorum for long.
        addresses(lab, old, f"del {other}/24 dev vec0 && systemctl restart docker")
        del cluster.own["node1"]
        cluster.arrange(managers=["node1", "node2"])
        cluster.converge(patience=120)
        assert manager_address(cluster, "node1") == old


def test_it_grows_to_three_managers_and_two_workers_with_labels(cluster, hosts):
    cluster.arrange(managers=MANAGERS)
    if SOAK:
        cluster.converge()
    cluster.give("node4", swarm_node_labels={"disk": "fast", "rack": 4})
    cluster.give("node5", swarm_node_labels={"disk": "slow"})
    cluster.arrange(workers=["node4", "node5"])
    cluster.converge()
    # Whichever of them is asked: all three say the same.
    asked = {output(hosts[name], "docker node ls -q | sort") for name in MANAGERS}
    assert len(asked) == 1, asked
    assert cluster.labels("node4") == {"disk": "fast", "rack": "4"}
    assert cluster.labels("node5") == {"disk": "slow"}


def test_a_service_with_a_secret_runs_on_all_of_them(cluster, secrecy, asker):
    value = "of-the-application-4711"
    secrecy.note(**{"secret of the service": value})
    output(cluster.first, f"printf {value} | docker secret create hidden -")
    output(cluster.first, "echo plain | docker config create plain -")
    output(
        cluster.first,
        f"docker service create --quiet --detach --name web --replicas {REPLICAS} --publish 8080:80 --network apps "
        f"--secret hidden --config source=plain,target=/etc/plain --label team=a "
        f'--entrypoint sh nginx:1 -c "{LINGERS}"',
    )
    cluster.serves("web", REPLICAS)
    assert cluster.running("web") == ALL
    with asker(*ALL) as client:
        until(lambda: client.asked > 20, 60)
    assert (client.failures, client.passed_over) == ([], 0)


def test_a_manager_becomes_a_worker_and_a_manager_again_while_its_tasks_run_on(cluster, asker):
    before = task_ids(cluster)
    with asker(*ALL) as client:
        cluster.arrange(managers=["node1", "node2"], workers=["node3", "node4", "node5"])
        cluster.converge()
        cluster.arrange(managers=MANAGERS, workers=["node4", "node5"])
        cluster.converge()
    assert client.failures == [], client.failures
    assert client.asked > 50
    assert task_ids(cluster) == before


if SOAK:

    def test_a_dead_worker_delays_nobody_and_is_told(cluster, lab):
        lab.machine("node5").kill()
        cluster.give("node4", swarm_node_labels={"disk": "huge", "rack": 4})
        start = time.monotonic()
        run = cluster.site()
        took = time.monotonic() - start
        sys.stdout.write(f"a run with a dead worker took {took:.1f} s\n")
        # 4 is Ansible's word for hosts out of reach, with nothing failed besides.
        assert run.code == 4, end(run)
        assert run.counts["node5"]["unreachable"] == 1
        assert "UNREACHABLE" in run.output
        assert {name: (row["failed"], row["unreachable"]) for name, row in run.counts.items() if name != "node5"} == {
            name: (0, 0) for name in ALL if name != "node5"
        }
        assert cluster.labels("node4") == {"disk": "huge", "rack": "4"}
        assert took < 120
        lab.machine("node5").boot()
        cluster.whole(90)
        assert cluster.labels("node5") == {"disk": "slow"}
        cluster.settled()

    def test_a_removal_that_loses_the_quorum_is_refused_with_the_numbers(cluster, lab):
        lab.machine("node3").kill()
        down = "node3 down active manager unreachable"
        assert until(lambda: down in cluster.listed(), 60)[0], cluster.listed()
        before = cluster.listed()
        run = cluster.play("-e", "swarm_remove=node2", name="remove")
        assert run.counts["node1"]["failed"] == 1, end(run)
        assert "node2" in flat(run)
        assert "of the 2 managers that would remain 1 would be reachable, and 2 are needed" in flat(run), end(run)
        assert run.changed == 0, end(run)
        assert cluster.listed() == before
        assert cluster.state("node2") == "active"
        lab.machine("node3").boot()
        cluster.whole(90)


def test_a_reimaged_worker_takes_the_place_of_its_dead_entry(cluster, lab, secrecy):
    secrecy.note()
    secrecy.ask("node4")
    before, labels = cluster.node("node4")["ID"], cluster.labels("node4")
    output(cluster.first, "docker node update --label-add byhand=1 node4")
    lab.reset("node4")
    cluster.converge()
    assert cluster.node("node4")["ID"] != before
    # Also what the inventory does not tell.
    assert cluster.labels("node4") == dict(labels, byhand="1")
    cluster.serves("web", REPLICAS)


def test_a_removed_worker_is_drained_first_and_is_no_member_any_more(cluster, asker):
    # A task for whoever has none: after the failures, some node may have two.
    replicas = 2 * REPLICAS
    output(cluster.first, f"docker service scale --detach web={replicas}")
    cluster.serves("web", replicas)
    assert "node5" in cluster.running("web")
    with asker("node1", "node2", "node3", "node4") as client:
        cluster.done("-e", "swarm_remove=node5", name="remove")
    # Nobody noticed: the tasks ran elsewhere before those on the node were ended.
    assert client.failures == [], client.failures
    assert "node5" not in cluster.running("web")
    cluster.serves("web", replicas)
    assert cluster.state("node5") == "inactive"
    cluster.arrange(workers=["node4"])
    cluster.whole()
    cluster.settled()


if SOAK:

    def test_a_worker_whose_entry_was_removed_by_hand_joins_anew(cluster):
        output(cluster.first, "docker node rm --force node4")
        left = [line.split()[0] for line in cluster.listed()]
        assert left == MANAGERS, left
        cluster.converge()
        assert cluster.labels("node4") == {"disk": "huge", "rack": "4"}

    def test_a_demotion_that_loses_the_quorum_is_refused_with_the_numbers(cluster, lab):
        lab.machine("node3").kill()
        down = "node3 down active manager unreachable"
        assert until(lambda: down in cluster.listed(), 60)[0], cluster.listed()
        cluster.arrange(managers=["node1", "node3"], workers=["node2", "node4"])
        run = cluster.site()
        assert run.counts["node1"]["failed"] == 1, end(run)
        assert "node2 cannot be made a worker: of the 2 managers that would remain 1 would be reachable" in flat(run)
        assert run.changed == 0, end(run)
        cluster.arrange(managers=MANAGERS, workers=["node4"])
        lab.machine("node3").boot()
        cluster.whole(90)
        cluster.settled()

    def test_a_worker_that_fell_out_joins_anew(cluster, hosts):
        certificate = "/var/lib/docker/swarm/certificates/swarm-node.crt"
        output(hosts["node4"], f"systemctl stop docker.socket docker.service && echo broken > {certificate}")
        output(hosts["node4"], "systemctl start docker.service")
        assert until(lambda: cluster.state("node4") == "error", 60)[0], cluster.state("node4")
        cluster.converge()
        assert cluster.labels("node4") == {"disk": "huge", "rack": "4"}

    @pytest.fixture
    def other_address(cluster, lab, address):
        """node4 has another address, and its old one no more; a boot gives it back."""
        other = reached_at(lab, address["node4"], 99)
        move(lab, "node4", other)
        cluster.give("node4", ansible_host=other)
        yield other
        cluster.give("node4", ansible_host=address["node4"])
        machine = lab.machine("node4")
        machine.kill()
        machine.boot()
        cluster.converge(patience=120)
        assert cluster.node("node4")["Status"]["Addr"] == address["node4"]

    def test_a_worker_with_another_address_is_known_by_it(cluster, other_address):
        cluster.converge(patience=120)
        assert cluster.node("node4")["Status"]["Addr"] == other_address
