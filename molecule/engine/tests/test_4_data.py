"""The Engine's data goes to other places, on node1 and node2; whatever happens on the way, all of it is there afterwards."""

from __future__ import annotations

import json
import os

import pytest

from tests.support import Told, begun, module, output, power_cut, told, until

SOAK = bool(os.environ.get("DOCKYARD_SOAK"))
DEFAULT = "/var/lib/docker"
JOURNAL = "/etc/docker/.dockyard-data.json"
LOCK = "/run/dockyard-engine-data.lock"
DROP_IN = "/etc/systemd/system/docker.service.d/trouble.conf"
# As Python on the machine writes and reads it: nothing else there knows of attributes and devices.
PUT = """
import os, socket
v = os.popen('docker volume inspect -f {{.Mountpoint}} data').read().strip()
open(v + '/file', 'w').write('mine')
os.link(v + '/file', v + '/other')
os.chown(v + '/file', 1234, 5678)
os.chmod(v + '/file', 0o4751)
os.setxattr(v + '/file', 'trusted.dockyard', b'kept')
os.setxattr(v + '/file', 'security.capability', bytes.fromhex('0100000200040000' + 12 * '00'))
os.mknod(v + '/null', 0o20640, os.makedev(1, 3))
os.mkfifo(v + '/pipe')
socket.socket(socket.AF_UNIX).bind(v + '/socket')
os.symlink('nowhere', v + '/link')
with open(v + '/sparse', 'wb') as out:
    out.truncate(1 << 30)
    out.seek(1 << 29)
    out.write(b'in the middle')
os.makedirs(v + '/many')
for number in range(3000):
    open(f'{v}/many/{number}', 'w').write(str(number))
open(v + '/large', 'wb').write(os.urandom(1 << 26))
os.utime(v + '/file', (981158400, 981158400))
"""
LOOK = """
import hashlib, json, os
v = os.popen('docker volume inspect -f {{.Mountpoint}} data').read().strip()
s = os.lstat(v + '/file')
n = os.lstat(v + '/null')
print(json.dumps({
    'file': [open(v + '/file').read(), s.st_nlink, s.st_uid, s.st_gid, oct(s.st_mode), int(s.st_mtime)],
    'same': os.path.samefile(v + '/file', v + '/other'),
    'attributes': {name: os.getxattr(v + '/file', name).hex() for name in sorted(os.listxattr(v + '/file'))},
    'device': [oct(n.st_mode), os.major(n.st_rdev), os.minor(n.st_rdev)],
    'kinds': [oct(os.lstat(v + '/' + name).st_mode) for name in ('pipe', 'socket', 'link')],
    'sparse': [os.lstat(v + '/sparse').st_size, os.lstat(v + '/sparse').st_blocks < 100],
    'many': len(os.listdir(v + '/many')),
    'large': hashlib.sha256(open(v + '/large', 'rb').read()).hexdigest(),
}))
"""
# Ends the module, without a chance to tidy up, as soon as its journal tells the phase. The holder of the lock is the module.
KILL = """
import glob, json, os, sys, time
journal, lock, phase, place = sys.argv[1:]
end = time.monotonic() + 120
while time.monotonic() < end:
    try:
        move = json.load(open(journal))['move'] or {}
    except (OSError, ValueError):
        move = {}
    if move.get('phase') == phase and os.path.exists(place):
        for path in glob.glob('/proc/[0-9]*/fd/*'):
            try:
                if os.readlink(path) == lock:
                    os.kill(int(path.split('/')[2]), 9)
                    sys.exit('killed')
            except OSError:
                pass
    time.sleep(0.002)
sys.exit('never came to ' + phase)
"""


def role(*arguments: str, **variables) -> Told:
    """The role alone, on node1."""
    given = ["--limit", "node1", "-e", json.dumps(variables)]
    return told(*given, *arguments, name="../molecule/engine/engine")


def data_root(path: str, **variables) -> dict:
    return {"swarm_engine_daemon_options": {"data-root": path}, **variables}


def move(node: str, **options) -> dict:
    return module("engine_data", node, **options)


def python(host, script: str) -> str:
    return output(host, f"python3 - <<'END'\n{script}\nEND")


def seen(host) -> dict:
    """What must be the same at every place."""
    found = json.loads(python(host, LOOK))
    swarm = "docker info -f '{{.Swarm.NodeID}} {{.Swarm.LocalNodeState}} {{.Swarm.Cluster.ID}}'"
    found["swarm"] = until(lambda: (text := output(host, swarm)).split()[1] == "active" and text, 60)[0]
    found["images"] = output(host, "docker images --no-trunc -q | sort")
    found["volumes"] = output(host, "docker volume ls -q | sort")
    found["containers"] = output(host, "docker ps -aq --no-trunc --filter label=keep | sort")
    found["layer"] = output(host, "docker diff done | sort")
    return found


def place(host) -> str:
    return output(host, "docker info -f '{{.DockerRootDir}}'")


def started(host) -> str:
    return output(host, "systemctl show -P ActiveEnterTimestampMonotonic docker.service")


def runs_as_before(host, at: str, before: dict) -> None:
    assert place(host) == at
    assert seen(host) == before
    # Still the container that it was, and it starts.
    assert until(lambda: "Up" in output(host, "docker ps --filter name=writer --format '{{.Status}}'"), 60)[0]
    output(host, "docker start done && docker wait done")
    assert not host.file(f"{at}/.dockyard-incoming").exists
    assert host.run("systemctl is-enabled docker.service").stdout.strip() == "enabled"
    assert output(host, "systemctl is-active docker.service docker.socket containerd.service").split() == ["active"] * 3


def put_data(host, address: str) -> dict:
    """A swarm of one, an image that runs, a volume with all that files can have, and containers."""
    output(
        host,
        "tar -ch /bin/sh /bin/sleep /bin/date /bin/rm /lib/x86_64-linux-gnu/libc.so.6 /lib64/ld-linux-x86-64.so.2 "
        "| docker import - data:1 && docker volume create data",
    )
    python(host, PUT)
    output(
        host,
        "docker run -d --label keep --name writer --restart always -v data:/data data:1 "
        "/bin/sh -c 'while :; do date >> /data/log; sleep 0.2; done' && "
        # Without a file of its image, which is a device in its layer.
        "docker run --label keep --name done data:1 /bin/sh -c 'rm -f /bin/date; echo mine > /mine'",
    )
    if "active" not in output(host, "docker info -f '{{.Swarm.LocalNodeState}}'").split():
        output(host, f"docker swarm init --advertise-addr {address}")
    output(host, "docker service create --quiet --detach --name data_service data:1 /bin/sleep 1000000")
    return seen(host)


def logged(host) -> int:
    return int(output(host, "wc -l < $(docker volume inspect -f '{{.Mountpoint}}' data)/log"))


@pytest.fixture(scope="module")
def before(hosts, lab):
    """What node1 has."""
    return put_data(hosts["node1"], lab.machine("node1").address)


def disk(host, path: str, mib: int, options: str = "") -> None:
    """A file system of its own, mounted at a path."""
    output(
        host,
        "modprobe loop && (command -v mke2fs > /dev/null || apt-get -q -y install e2fsprogs) && "
        f"mkdir -p {path} && truncate -s {mib}M {path}.disk && mke2fs -q -t ext4 {options} {path}.disk && "
        f"mount -o loop {path}.disk {path}",
    )


def locked(host, path: str) -> None:
    disk(host, path, 1000)
    output(host, f"mount -o remount,ro {path}")


UNFIT = {
    "space": (
        "/mnt/small",
        lambda host: disk(host, "/mnt/small", 40),
        ["not enough space", "MiB are free at /mnt/small"],
    ),
    "unwritable": ("/mnt/locked", lambda host: locked(host, "/mnt/locked"), ["is mounted with ro"]),
}
# What unit tests show as well.
if SOAK:
    UNFIT |= {
        "d_type": ("/mnt/typeless", lambda host: disk(host, "/mnt/typeless", 1000, "-O ^filetype"), ["has no d_type"]),
        "tmpfs": ("/run/docker-data", lambda _host: None, ["is tmpfs", "needs ext4, xfs, btrfs or zfs"]),
        "inside": (f"{DEFAULT}/inside", lambda _host: None, [f"lies in {DEFAULT}"]),
        "not empty": ("/etc/docker", lambda _host: None, ["not empty", "daemon.json"]),
        "of another": (
            "/var/lib/containerd",
            lambda _host: None,
            ["lies in /var/lib/containerd", "data of another Engine"],
        ),
    }


@pytest.mark.usefixtures("before")
class TestRefused:
    """What cannot go well is told before anything is stopped."""

    @pytest.mark.parametrize(("path", "prepare", "words"), UNFIT.values(), ids=UNFIT)
    def test_a_place_that_is_not_fit(self, hosts, path, prepare, words):
        host = hosts["node1"]
        prepare(host)
        then = started(host)
        found = move("node1", data_root=path)
        assert found["failed"]
        for word in words:
            assert word in found["msg"], found
        assert started(host) == then
        assert place(host) == DEFAULT
        output(host, f"umount {path} 2>/dev/null; rm -f {path}.disk; true")

    def test_by_the_role_before_any_host_is_touched(self):
        run = role(**data_root("/run/docker-data"))
        assert run.code != 0
        assert run.changes == []
        assert "node1: data-root /run/docker-data: the file system at /run is tmpfs" in " ".join(run.output.split())

    def test_a_data_root_that_leaves_the_data_behind(self, hosts):
        found = module("daemon_config", "node1", options={"data-root": "/srv/empty"})
        assert found["failed"]
        assert "Move the data with module engine_data" in found["msg"]
        assert place(hosts["node1"]) == DEFAULT


class TestGoingBack:
    """A new place with which the Engine is not what it was is given up again."""

    @pytest.fixture(autouse=True)
    def _trouble_ends(self, hosts):
        yield
        output(hosts["node1"], f"rm -f {DROP_IN}; systemctl daemon-reload; rm -rf /srv/*")

    def trouble(self, host, command: str) -> None:
        line = f"ExecStartPre=/bin/sh -c 'if grep -q /srv/docker /etc/docker/daemon.json; then {command}; fi'"
        output(host, f'mkdir -p {os.path.dirname(DROP_IN)} && printf "%s\\n" "[Service]" "{line}" > {DROP_IN}')
        output(host, "systemctl daemon-reload")

    def test_it_does_not_start_there(self, hosts, before):
        host = hosts["node1"]
        self.trouble(host, "exit 1")
        found = move("node1", data_root="/srv/docker")
        assert found["failed"]
        assert found["rolled_back"] is True, found
        assert "it runs again at the old place" in found["msg"]
        runs_as_before(host, DEFAULT, before)
        assert not host.file("/srv/docker/.dockyard-incoming").exists
        assert not host.file(JOURNAL).exists

    if SOAK:

        def test_it_lacks_a_container_there_and_what_was_written_meanwhile_comes_back(self, hosts, before):
            host = hosts["node1"]
            victim = output(host, "docker ps -aq --no-trunc --filter name=done")
            self.trouble(host, f"rm -rf /srv/docker/containers/{victim}")
            lines = logged(host)
            found = move("node1", data_root="/srv/docker", timeout=30)
            assert found["failed"]
            assert "1 of its 2 containers are missing" in found["msg"], found
            assert found["rolled_back"] is True
            runs_as_before(host, DEFAULT, before)
            # Half a minute of writing at the other place.
            assert logged(host) > lines + 40


@pytest.mark.usefixtures("before")
class TestMoved:
    """Moved by the role, cut short in every way, and moved on from where it was."""

    def test_check_mode_tells_and_does_nothing(self, hosts):
        then = started(hosts["node1"])
        run = role("--check", "--diff", **data_root("/srv/docker"))
        assert run.code == 0, run.output
        ((_host, line),) = run.lines
        assert line.startswith("move /var/lib/docker: data-root is to be /srv/docker: ")
        assert "MiB are copied while the Engine is stopped" in line
        assert started(hosts["node1"]) == then

    def test_killed_while_it_copies_and_run_again(self, hosts, before):
        host = hosts["node1"]
        assert killed(host, "copy", "/srv/docker/.dockyard-incoming/volumes/data/_data/many", "/srv/docker")
        assert host.run("systemctl is-active docker.service").stdout.strip() == "inactive"
        run = role(**data_root("/srv/docker"))
        assert run.code == 0, run.output
        assert "finish move of /var/lib/docker to /srv/docker: it was interrupted" in [
            line for _host, line in run.lines
        ]
        runs_as_before(host, "/srv/docker", before)
        assert host.file(f"{DEFAULT}.dockyard-old/swarm/docker-state.json").exists
        assert not host.file(DEFAULT).exists

    def test_a_second_run_changes_nothing(self):
        run = role(**data_root("/srv/docker"))
        assert (run.code, run.changes, run.lines) == (0, [], []), run.output

    def test_old_copies_are_removed_when_they_are_not_wanted(self, hosts, before):
        run = role(**data_root("/srv/docker", swarm_engine_data_keep_old=False))
        assert run.code == 0, run.output
        assert [line.split(":")[0] for _host, line in run.lines] == [f"remove {DEFAULT}.dockyard-old"]
        assert not host_has(hosts["node1"], f"{DEFAULT}.dockyard-old")
        assert not host_has(hosts["node1"], JOURNAL)
        runs_as_before(hosts["node1"], "/srv/docker", before)

    if SOAK:

        def test_killed_after_the_switch_and_run_again(self, hosts, before):
            host = hosts["node1"]
            assert killed(host, "started", "/srv/second/swarm", "/srv/second", keep_old=False)
            found = move("node1", data_root="/srv/second", keep_old=False)
            assert found["changed"], found
            assert [item["do"] for item in found["plan"]] == ["finish", "remove"]
            runs_as_before(host, "/srv/second", before)
            assert output(host, "ls /srv") == "second"
            assert move("node1", data_root="/srv/second", keep_old=False)["changed"] is False

    if SOAK:

        def test_a_link_in_place_of_a_setting(self, hosts, before):
            host = hosts["node1"]
            run = role(**data_root("/srv/third", swarm_engine_data_link=True, swarm_engine_data_keep_old=False))
            assert run.code == 0, run.output
            assert output(host, f"readlink {DEFAULT}") == "/srv/third"
            assert "data-root" not in output(host, "cat /etc/docker/daemon.json")
            runs_as_before(host, "/srv/third", before)
            again = role(**data_root("/srv/third", swarm_engine_data_link=True, swarm_engine_data_keep_old=False))
            assert (again.code, again.changes) == (0, []), again.output


def host_has(host, path: str) -> bool:
    return host.run(f"test -e {path}").rc == 0


def killed(host, phase: str, path: str, target: str, **options) -> bool:
    """Begin to move node1's data, and kill the module on the machine when it comes to a phase."""
    output(
        host,
        f"cat > /run/kill.py <<'END'\n{KILL}\nEND\npython3 -B /run/kill.py {JOURNAL} {LOCK} {phase} {path} > /run/killed 2>&1 &",
    )
    found = move("node1", data_root=target, **options)
    assert found.get("failed") or found.get("unreachable"), found
    return output(host, "cat /run/killed") == "killed"


if SOAK:

    class TestPower:
        """Power is cut while data is on its way; the machine comes up on a whole Engine, and the next run goes on."""

        @pytest.mark.parametrize(
            ("phase", "path", "at"),
            [
                ("copy", "/srv/fourth/.dockyard-incoming/volumes/data/_data/many", "/srv/third"),
                ("started", "/srv/fifth/swarm", "/srv/fifth"),
            ],
            ids=["copy", "switch"],
        )
        def test_power_cut(self, lab, hosts, before, phase, path, at):
            target = "/".join(path.split("/")[:3])
            running = begun("engine_data", "node1", data_root=target)
            machine, host = lab.machine("node1"), hosts["node1"]
            assert until(
                lambda: f'"phase": "{phase}"' in host.run(f"cat {JOURNAL}").stdout and host_has(host, path), 120, 0.1
            )[0]
            power_cut(machine, running)
            assert until(lambda: host.run("docker info").rc == 0, 120)[0]
            runs_as_before_but_for_the_copy(host, at, before)
            found = move("node1", data_root=target)
            assert found["changed"], found
            runs_as_before(host, target, before)
            assert move("node1", data_root=target)["changed"] is False

    def runs_as_before_but_for_the_copy(host, at, before):
        assert place(host) == at
        assert seen(host) == before

    class TestDisks:
        """node2: both trees, to a disk of its own, and away from there, with links from the beginning."""

        def test_to_a_mount_point_and_away(self, hosts, lab):
            host = hosts["node2"]
            have = put_data(host, lab.machine("node2").address)
            disk(host, "/srv/disk", 2000)
            output(host, "mkdir /srv/disk2")
            wanted = {"data_root": "/srv/disk", "containerd_root": "/srv/containerd", "link": True}
            found = move("node2", **wanted)
            assert found["changed"], found
            assert output(host, f"readlink {DEFAULT} /var/lib/containerd").split() == ["/srv/disk", "/srv/containerd"]
            assert host.file(f"{DEFAULT}.dockyard-old").is_directory
            runs_as_before(host, "/srv/disk", have)
            assert move("node2", **wanted)["changed"] is False
            wanted = {"data_root": "/srv/disk2", "containerd_root": "/srv/containerd2", "link": True}
            assert move("node2", **wanted)["changed"]
            runs_as_before(host, "/srv/disk2", have)
            assert output(host, "ls -A /srv/disk").split() == [".dockyard-old", "lost+found"]
            found = move("node2", **wanted, keep_old=False)
            assert sorted(item["to"] for item in found["plan"]) == [
                "/srv/containerd.dockyard-old", "/srv/disk/.dockyard-old", "/var/lib/containerd.dockyard-old",
                f"{DEFAULT}.dockyard-old",
            ]  # fmt: skip
            runs_as_before(host, "/srv/disk2", have)
            assert move("node2", **wanted, keep_old=False)["changed"] is False
