"""The Engine's and the node's life: options that hide data, a swarm out of sight, tasks that end for good, two runs at once."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import time

import pytest

from tests.asker import Asker, Repeated
from tests.interrupt import Begun
from tests.support import INVENTORIES, NODES, ROOT, Run, begun, module, output, playbook, tasks, until

SOAK = bool(os.environ.get("DOCKYARD_SOAK"))
# The Engine and the swarm alone, without a strategy of its own.
UNPINNED = "unpinned"
PORT = 8089
# Replaced by a restart alone.
MTU = '{"swarm_engine_daemon_options": {"network-control-plane-mtu": %d}}'
OPTION = "network-control-plane-mtu"
LINGERS = "trap 'sleep 5; nginx -s quit' TERM; nginx -g 'daemon off;' & wait; wait"
RECORD = "/etc/dockyard/swarm.json"
OTHER = "/var/lib/dockyard-test"
DROP_IN = "/etc/systemd/system/docker.service.d/dockyard-test.conf"
POLLED = "/run/dockyard-test"


def flat(run: Run) -> str:
    """What a run said, without the breaks of lines."""
    return " ".join(run.output.split())


def nodes(manager) -> dict[str, str]:
    rows = output(manager, "docker node ls --format '{{.Hostname}} {{.Status}}/{{.Availability}}'")
    return dict(row.split() for row in rows.splitlines())


def in_service(manager) -> bool:
    return manager.run("docker node ls").rc == 0 and set(nodes(manager).values()) == {"Ready/Active"}


def swarm_labels(manager) -> dict[str, str]:
    text = output(manager, "curl -s --unix-socket /run/docker.sock http://docker/swarm || true")
    if text:
        return json.loads(text)["Spec"]["Labels"]
    return json.loads(output(manager, "docker info --format '{{json .Swarm.Cluster.Spec.Labels}}'")) or {}


def members(hosts) -> dict[str, str]:
    """Which node each machine says that it is."""
    ask = "docker info --format '{{.Swarm.LocalNodeState}} {{.Swarm.NodeID}}'"
    return {name: hosts[name].run(ask).stdout.strip() for name in NODES}


@pytest.fixture(scope="module", autouse=True)
def kept(hosts, manager):
    """The machines are as they were, also after a failure."""
    before = members(hosts)
    yield
    output(manager, "docker service rm once web 2> /dev/null || true")
    assert until(lambda: in_service(manager), 90)[0], nodes(manager)
    after = members(hosts)
    for name in NODES[: 2 if SOAK else 3]:  # in a soak, node3 leaves and joins again
        assert after[name] == before[name]
    assert "dockyard.swarm.out-of-service" not in swarm_labels(manager)


def test_hosts_have_a_record_of_their_swarm(hosts, manager):
    """Also those whose swarm is older than the record, after one run; then there is nothing to do."""
    missing = [name for name in NODES if hosts[name].run(f"test -e {RECORD}").rc != 0]
    if missing:
        run = playbook("--check")
        assert all(f"record membership of node {name}: not recorded" in flat(run) for name in missing), run.output
        first = playbook()
        assert first.code == 0, first.output
        idle = playbook()
        assert (idle.code, idle.changed) == (0, 0), idle.output
    swarm = output(manager, "docker info --format '{{.Swarm.Cluster.ID}}'")
    for name, said in members(hosts).items():
        assert json.loads(output(hosts[name], f"cat {RECORD}")) == {"cluster_id": swarm, "node_id": said.split()[1]}
        assert output(hosts[name], f"stat -c %a {RECORD}") == "600"


def test_an_option_that_hides_the_swarm_is_refused(hosts):
    before = members(hosts)
    run = playbook("-e", '{"swarm_engine_daemon_options": {"userns-remap": "default"}}', "--check")
    said = flat(run)
    assert (run.code != 0, run.changed) == (True, 0), run.output
    for name in NODES:
        assert (
            f"{name}: option swarm_engine_daemon_options: daemon option userns-remap would become dockremap" in said
        ), said
    assert "swarm and volumes" in said
    assert members(hosts) == before
    # By itself the module does not, either.
    alone = module("daemon_config", "node2", options={"userns-remap": "default"})
    assert alone["failed"], alone
    assert "daemon option userns-remap would become dockremap instead of off" in alone["msg"], alone


@pytest.fixture
def elsewhere(hosts, manager):
    """Engines of machines that were given another data folder by hand, and get the first one back."""
    given = []

    def give(*names: str) -> None:
        edit = edited(f"d['data-root'] = '{OTHER}'")
        for name in names:
            given.append(name)
            output(hosts[name], f"cp -a /etc/docker/daemon.json /run/daemon.json && {edit}")
        at_once(hosts, names, "systemctl restart docker")
        for name in names:
            assert until(lambda name=name: members(hosts)[name].startswith("inactive"), 30)[0]

    yield give
    at_once(hosts, given, f"cp -a /run/daemon.json /etc/docker/ && systemctl restart docker && rm -rf {OTHER}")
    assert until(lambda: in_service(manager), 60)[0]


def edited(change: str) -> str:
    """A command that edits daemon.json."""
    code = f"import json; p='/etc/docker/daemon.json'; d=json.load(open(p)); {change}; json.dump(d, open(p, 'w'), indent=2)"
    return f"python3 -c {shlex.quote(code)}"


def at_once(hosts, names, command: str) -> None:
    """The same on several machines, side by side."""
    script = shlex.quote(f"({command}); echo $? > {POLLED}-rc")
    for name in names:
        output(hosts[name], f"rm -f {POLLED}-rc; nohup sh -c {script} > /dev/null 2>&1 &")
    for name in names:
        assert until(lambda name=name: hosts[name].run(f"cat {POLLED}-rc").stdout.strip() == "0", 90)[0], name


def test_a_swarm_out_of_sight_is_a_question(hosts, elsewhere):
    """On one machine it is no reason to rejoin; in a soak, on all of them no reason for a new swarm."""
    chosen = NODES if SOAK else NODES[2:]
    was = members(hosts)
    elsewhere(*chosen)
    run = playbook()
    said = flat(run)
    assert (run.code != 0, run.changed) == (True, 0), run.output
    for name in chosen:
        assert f"{name}: it was node {was[name].split()[1]} of swarm" in said, said
    assert f"its Engine, which has its data in {OTHER}, is in none" in said, said
    assert ("no new swarm is made" if SOAK else "it does not join again by itself") in said, said
    assert {members(hosts)[name].split()[0] for name in chosen} == {"inactive"}


@pytest.fixture
def once(manager):
    """A service whose task is not started again."""
    output(
        manager,
        "docker service create --quiet --detach --name once --restart-condition none --constraint node.hostname==node2 "
        "--stop-grace-period 1s busybox:1 sleep 3600",
    )
    assert until(lambda: any(item["CurrentState"].startswith("Running") for item in tasks(manager, "once")), 60)[0]
    yield
    output(manager, "docker service rm once")


@pytest.mark.usefixtures("once")
def test_a_task_that_ends_for_good_is_named_before_any_node_is_touched(manager):
    for more in ([], ["--check"]) if SOAK else [[]]:
        run = playbook("-e", MTU % 1400, *more, name=UNPINNED)
        assert (run.code != 0, run.changed) == (True, 0), run.output
        assert "service once on node2: its restart condition is none" in flat(run), run.output
        assert "swarm_engine_unreplaced_tasks: end" in flat(run)
        assert in_service(manager)
    assert [item["CurrentState"].split()[0] for item in tasks(manager, "once")] == ["Running"]


def test_of_two_changes_of_a_host_the_second_waits_and_says_for_what(hosts):
    package = "rsyslog-relp"
    output(hosts["node2"], f"apt-get -q -y purge {package}")
    first = begun("packages", "node2", names=[package])
    seen, _took = until(lambda: "packages (process" in hosts["node2"].run("cat /run/dockyard.lock").stdout, 20, 0.1)
    assert seen
    second = module("packages", "node2", names=[package])
    assert not second.get("failed"), second
    assert second["changed"] is False
    assert first.wait(60) == 0
    assert hosts["node2"].package(package).is_installed
    output(
        hosts["node2"], "systemctl reset-failed dockyard-logging.service; systemctl restart dockyard-logging.service"
    )


if SOAK:

    class Downs(Repeated):
        """The moments at which Engines do not run, as the machines see them."""

        def __init__(self, hosts) -> None:
            self.hosts = [hosts[name] for name in NODES]
            self.lines: dict[str, list[float]] = {}

        def __enter__(self):
            script = f"while [ -e {POLLED} ]; do systemctl -q is-active docker || date +%s.%N >> {POLLED}.downs; sleep 0.1; done"
            for host in self.hosts:
                output(host, f"rm -f {POLLED}.downs; touch {POLLED}; nohup sh -c '{script}' > /dev/null 2>&1 &")
            return self

        def __exit__(self, *_):
            for name, host in zip(NODES, self.hosts, strict=True):
                text = output(host, f"rm -f {POLLED}; cat {POLLED}.downs 2> /dev/null || true")
                self.lines[name] = [float(line) for line in text.splitlines()]

        def at_once(self) -> list[tuple[str, str]]:
            """Pairs of machines whose Engines did not run at the same time; the clocks are those of one computer."""
            spans = {name: (min(found), max(found)) for name, found in self.lines.items() if found}
            names = sorted(spans)
            return [
                (one, other)
                for i, one in enumerate(names)
                for other in names[i + 1 :]
                if spans[one][0] < spans[other][1] and spans[other][0] < spans[one][1]
            ]

    @pytest.fixture
    def asker(manager, address):
        """A client of a service on all nodes."""
        output(
            manager,
            f"docker service create --quiet --detach --name web --replicas 3 --publish {PORT}:80 "
            f'--entrypoint sh nginx:1 -c "{LINGERS}"',
        )
        up = lambda: [item["CurrentState"].startswith("Running") for item in tasks(manager, "web")] == [True] * 3  # noqa: E731
        assert until(up, 120)[0], output(manager, "docker service ps --no-trunc web")
        yield Asker([address[name] for name in NODES], PORT)
        output(manager, "docker service rm web")

    @pytest.fixture
    def put_back(hosts, manager):
        """The option is gone again, on all machines at once."""
        yield
        at_once(hosts, NODES, edited(f"d.pop('{OPTION}', None)") + " && systemctl restart docker")
        assert until(lambda: in_service(manager), 90)[0]

    @pytest.mark.usefixtures("put_back")
    def test_under_another_strategy_one_engine_is_down_at_a_time(hosts, manager, asker, monkeypatch):
        monkeypatch.setenv("ANSIBLE_STRATEGY", "free")
        with asker, Downs(hosts) as downs:
            run = playbook("-e", MTU % 1410, name=UNPINNED)
        assert run.code == 0, run.output
        assert sorted(name for name, found in downs.lines.items() if found) == NODES
        assert downs.at_once() == [], downs.lines
        assert asker.failures == [], asker.failures
        assert in_service(manager)

    def site(*arguments: str) -> subprocess.Popen[str]:
        """A run of another controller."""
        words = [word for path in INVENTORIES for word in ("-i", path)]
        return subprocess.Popen(
            ["ansible-playbook", *words, f"molecule/inputs/{UNPINNED}.yml", *arguments],
            cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip

    @pytest.mark.usefixtures("put_back")
    def test_of_two_runs_at_once_one_waits(hosts, manager, asker):
        with asker, Downs(hosts) as downs:
            both = [site("-e", MTU % 1420), site("-e", MTU % 1420)]
            said = [process.communicate(timeout=600)[0] for process in both]
        assert [process.returncode for process in both] == [0, 0], said
        assert "waiting, at most" in said[0] + said[1], said
        assert downs.at_once() == [], downs.lines
        assert asker.failures == [], asker.failures
        assert in_service(manager)

    @pytest.mark.usefixtures("put_back")
    def test_a_run_that_was_killed_holds_nobody_up_for_long(manager):
        run = site("-e", MTU % 1430)
        assert until(lambda: "dockyard.swarm.out-of-service" in swarm_labels(manager), 60)[0]
        os.killpg(run.pid, signal.SIGKILL)
        run.wait()
        start = time.monotonic()
        again = playbook("-e", MTU % 1430, name=UNPINNED)
        assert again.code == 0, again.output
        assert time.monotonic() - start < 180
        assert in_service(manager)
        assert "dockyard.swarm.out-of-service" not in swarm_labels(manager)

    @pytest.fixture
    def other_root(hosts, manager):
        """The Engine of node3 takes another data folder with its next start."""
        text = f"[Service]\\nExecStart=\\nExecStart=/usr/sbin/dockerd -H fd:// --data-root {OTHER}\\n"
        output(hosts["node3"], f"mkdir -p $(dirname {DROP_IN}) && printf '{text}' > {DROP_IN}")
        yield
        put = f"rm -f {DROP_IN}; systemctl daemon-reload; systemctl restart docker; rm -rf {OTHER}"
        output(hosts["node3"], put)
        run = playbook(name=UNPINNED)
        assert run.code == 0, run.output
        assert until(lambda: in_service(manager), 60)[0]

    @pytest.mark.usefixtures("other_root")
    def test_a_node_is_not_back_as_long_as_it_says_otherwise(manager):
        """The managers list it as ready for a while after its Engine was started with other data."""
        start = time.monotonic()
        run = playbook(
            "-e", MTU % 1440, "-e", "swarm_engine_drain_timeout=20", "--limit", "node3", name=UNPINNED
        )  # fmt: skip
        took = time.monotonic() - start
        assert run.code != 0, run.output
        # Ansible prints each failure twice.
        assert flat(run).count("did not come back") == 2, run.output
        assert f"its state is inactive, with its data in {OTHER}" in flat(run), run.output
        assert took < 90
        assert nodes(manager)["node3"].endswith("/Drain")

    @pytest.fixture
    def outside(hosts, manager):
        """node3 has left, and cannot join; then it is a member as before, if under another ID."""
        rule = "OUTPUT -p tcp --dport 2377 -j REJECT"
        output(hosts["node3"], f"docker swarm leave --force && iptables -I {rule}")
        yield
        output(hosts["node3"], f"iptables -D {rule}")
        run = playbook()
        assert run.code == 0, run.output
        assert until(lambda: in_service(manager), 60)[0]

    @pytest.mark.usefixtures("outside")
    def test_after_a_join_that_failed_no_round_is_without_progress():
        run = playbook("-e", '{"swarm_cluster_probe": false}')
        assert run.counts["node3"]["failed"] == 1, run.output
        assert "not done, since node3 failed in this run: join node node3" in flat(run), run.output
        assert run.output.count("swarm_node : Apply the plan") <= 3, run.output
        assert {run.counts[name]["failed"] for name in NODES[:2]} == {0}, run.output

    def test_packages_of_a_run_whose_controller_was_killed_are_waited_for(hosts):
        package = "rsyslog-relp"
        output(hosts["node2"], f"apt-get -q -y purge {package}")
        run = Begun(*INVENTORIES)
        seen, _took = until(lambda: "packages (process" in hosts["node2"].run("cat /run/dockyard.lock").stdout, 60, 0.1)
        assert seen
        run.kill()
        again = playbook("--limit", "node2")
        assert again.code == 0, again.output
        assert hosts["node2"].package(package).is_installed
        idle = playbook()
        assert (idle.code, idle.changed) == (0, 0), idle.output
