"""Power cuts, strangers and new disks, made for real; the next run brings everything back."""

from __future__ import annotations

import os
import sys

from tests.support import output, playbook, tasks, until

# Docker declares a worker dead after three missed heartbeats of 5 s and starts its tasks elsewhere at once. How long that
# takes is printed; the deadline is there for what hangs.
DEADLINE = 240
SOAK = bool(os.environ.get("DOCKYARD_SOAK"))


def converged(*arguments):
    run = playbook(*arguments)
    assert run.code == 0, run.output
    return run


def test_power_cut_of_a_worker_moves_its_tasks_and_a_run_after_boot_changes_nothing(lab, manager):
    # Spread anew, so that there is a task to be moved: what ran before may have left the node empty.
    output(manager, "docker service update --force --quiet demo_web")
    assert "node3" in {task["Node"] for task in tasks(manager, "demo_web")}
    lab.machine("node3").kill()

    def moved():
        running = [task for task in tasks(manager, "demo_web") if task["CurrentState"].startswith("Running")]
        return len(running) == 3 and all(task["Node"] != "node3" for task in running)

    came, took = until(moved, DEADLINE, 0.5)
    assert came, (took, tasks(manager, "demo_web"))
    sys.stdout.write(f"tasks of the dead worker ran elsewhere after {took:.1f} s\n")
    lab.machine("node3").boot()
    ready = "docker node inspect --format '{{.Status.State}}' node3"
    assert until(lambda: output(manager, ready) == "ready", DEADLINE, 0.5)[0]
    assert converged().changed == 0


def test_host_of_another_swarm_is_refused_and_joins_once_it_has_left(lab, hosts, manager):
    host = hosts["node3"]
    _leave(host)
    output(host, f"docker swarm init --advertise-addr {lab.machine('node3').address}")
    run = playbook()
    flat = " ".join(run.output.split())
    assert run.code != 0
    assert "node3" in flat
    assert "there is another one" in flat, run.output
    assert run.changed == 0
    _leaves_and_joins_anew(host, manager)
    if SOAK:
        assert converged().changed == 0


def test_host_that_left_a_moment_ago_joins_anew_though_the_swarm_still_lists_it_as_up(hosts, manager):
    _leaves_and_joins_anew(hosts["node3"], manager)
    assert converged().changed == 0


def _leave(host):
    """Under load the Engine may stop waiting for its own node ("context deadline exceeded"), which ends nevertheless."""

    def left():
        host.run("docker swarm leave --force")
        return output(host, "docker info --format '{{.Swarm.LocalNodeState}}'") == "inactive"

    assert until(left, DEADLINE, 0.5)[0]


def _leaves_and_joins_anew(host, manager):
    _leave(host)
    assert converged("--limit", "node3").counts["node3"]["changed"] > 0
    names = output(manager, "docker node ls --format '{{.Hostname}} {{.Status}}'").splitlines()
    assert sorted(names) == ["node1 Ready", "node2 Ready", "node3 Ready"]


if SOAK:
    # That its node joins anew is seen in scenario lifecycle each time; here it is about all the other roles.
    def test_reimaged_machine_is_back_under_its_old_name(lab, manager):
        lab.reset("node2")
        converged()
        names = output(manager, "docker node ls --format '{{.Hostname}} {{.Status}}'").splitlines()
        assert sorted(names) == ["node1 Ready", "node2 Ready", "node3 Ready"]
        assert converged().changed == 0
