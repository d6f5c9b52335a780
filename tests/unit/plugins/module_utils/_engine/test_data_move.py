# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A move that is cut short before the steps that it takes on the disk, in a soak before every single one. Real moves are made on
the machines.

The Engine here does what the real one does to its data: it starts on the place that its files name, writes to its swarm's
state and to a volume, and would start empty where there is nothing. It notices when it does not find what it wrote last.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import json
import os
import tempfile

import pytest

from ansible_collections.dockyard.swarm.plugins.module_utils._core import atomic_files, file_tree
from ansible_collections.dockyard.swarm.plugins.module_utils._core.engine_api import EngineError
from ansible_collections.dockyard.swarm.plugins.module_utils._core.plan import ApplyError, PlanError
from ansible_collections.dockyard.swarm.plugins.module_utils._engine import (
    data_engine,
    data_facts,
    data_move,
    data_plan,
    data_steps,
)
from ansible_collections.dockyard.swarm.plugins.module_utils._engine.containerd_config import root_of
from ansible_collections.dockyard.swarm.plugins.module_utils._engine.daemon_file import read_daemon_json

CONTAINER = "c" * 64
GOOD_DISK = {"point": "/", "type": "ext4", "options": [], "types": True, "free_mib": 10000, "free_files": None}


class Crash(BaseException):
    """The module is killed, or the host loses its power."""


class Host:
    """A host with a running Engine that writes, and remembers what it wrote."""

    def __init__(self, root):
        self.root = root
        self.docker, self.containerd = root + "/var/lib/docker", root + "/var/lib/containerd"
        self.target = root + "/srv/docker"
        self.boots = 1
        self.masked = set()
        self.active = {"docker.service", "docker.socket", "containerd.service"}
        self.refuses = []  # places on which the Engine does not start
        self.forgets = []  # places on which it starts without a container
        self.written = 0
        self.tried = False  # whether the new place was started on
        for path in ("/etc/docker", "/etc/containerd", "/srv", "/run"):
            os.makedirs(root + path)
        for path in ("swarm", "volumes/data/_data", "containers/" + CONTAINER, "image/overlay2/imagedb/content/sha256"):
            os.makedirs(os.path.join(self.docker, path))
        self._write("containers/%s/config.v2.json" % CONTAINER, "{}")
        self._write("image/overlay2/imagedb/content/sha256/abc", "{}")
        self._write("swarm/docker-state.json", "{}")
        os.makedirs(self.containerd + "/io.containerd.metadata.v1.bolt")
        self.work(self.docker, first=True)

    def _write(self, name, text):
        with open(os.path.join(self.docker, name), "w", encoding="ascii") as out:
            out.write(text)

    def work(self, place, first=False):
        """What a start of the Engine does to its data."""
        for name in ("swarm/state", "volumes/data/_data/file"):
            path = os.path.join(place, name)
            if not first:
                with open(path, encoding="ascii") as there:
                    assert int(there.read()) == self.written, "the Engine has lost %s at %s" % (name, place)
            with open(path, "w", encoding="ascii") as out:
                out.write(str(self.written + 1))
        self.written += 1

    @property
    def place(self):
        """Where the Engine would start now."""
        path = self.root + "/etc/docker/daemon.json"
        options = json.loads(atomic_files.read_text(path) or "{}")
        return os.path.realpath(options.get("data-root") or self.docker)

    def start(self):
        self.tried = self.tried or self.place == self.target
        if self.place in self.refuses:
            return 1, "refused"
        self.work(self.place)
        self.active.add("docker.service")
        return 0, ""

    def power_cut(self):
        """The host goes off, and comes up again: units that are not masked for good start."""
        self.boots += 1
        self.masked = set()
        self.active = {"containerd.service", "docker.socket"}
        self.start()

    # What the module asks of the host.

    def units(self, _names):
        unit = {"enabled": "enabled", "argv": ["/usr/sbin/dockerd", "-H", "fd://"]}
        return {
            name: dict(unit, active="active" if name in self.active else "inactive", masked=name in self.masked)
            for name in data_engine.UNITS
        }

    def act(self, verb, *names, fail=True):
        names = [name for name in names if not name.startswith("--")]
        if verb == "stop":
            self.active -= set(names)
        elif verb == "mask":
            self.masked |= set(names)
        elif verb == "unmask":
            self.masked -= set(names)

    def systemctl(self, verb, name, timeout=None):
        if verb == "start" and name not in self.active:
            assert name not in self.masked
            if name == "docker.service":
                return self.start()
            self.active.add(name)
        return 0, ""

    def answers(self):
        return "docker.service" in self.active

    def get(self, path, timeout=None):
        if not self.answers():
            raise EngineError(0, "no answer", path)
        place = self.place
        if path == "/info":
            return {"DockerRootDir": place, "Swarm": {"NodeID": "n1", "LocalNodeState": "active"}}
        if path == "/volumes":
            return {"Volumes": [{"Name": name} for name in os.listdir(place + "/volumes")]}
        folder = place + ("/containers" if "containers" in path else "/image/overlay2/imagedb/content/sha256")
        found = [] if place in self.forgets and "containers" in path else os.listdir(folder)
        return [{"Id": name} for name in found]

    def read_engine(self, active):
        facts = {"running": active, "info": {"data_root": self.place} if active else {}}
        return facts, {}


@pytest.fixture
def make_host(monkeypatch):
    """Make a new host, and let the module run on it. Thousands are made, so in memory."""
    numbers = itertools.count()
    with tempfile.TemporaryDirectory(dir="/dev/shm" if os.path.isdir("/dev/shm") else None) as folder:
        yield lambda: patched(Host(os.path.join(folder, str(next(numbers)))), monkeypatch)


@pytest.fixture
def host(make_host):
    return make_host()


def patched(host, monkeypatch):
    defaults = {data_plan.DOCKER: host.docker, data_plan.CONTAINERD: host.containerd}
    for name, path in defaults.items():
        monkeypatch.setitem(data_plan.DEFAULTS, name, path)
    for name in ("act", "systemctl"):
        monkeypatch.setattr(data_engine, name, getattr(host, name))
    monkeypatch.setattr(data_engine, "read_units", host.units)
    monkeypatch.setattr(data_engine, "shims", list)
    monkeypatch.setattr(data_move, "settled_units", host.units)
    monkeypatch.setattr(data_move, "Engine", lambda: host)
    monkeypatch.setattr(data_move, "journal_tail", lambda _unit: "")
    monkeypatch.setattr(data_steps, "DAEMON_JSON", host.root + "/etc/docker/daemon.json")
    monkeypatch.setattr(data_steps, "PREVIOUS", host.root + "/etc/docker/.previous")
    read = functools.partial(read_daemon_json, host.root + "/etc/docker/daemon.json")
    monkeypatch.setattr(data_move, "read_daemon_json", read)
    monkeypatch.setattr(data_facts, "MOVE_JOURNAL", host.root + "/etc/docker/.dockyard-data.json")
    monkeypatch.setattr(data_facts, "CONTAINERD_CONFIG", host.root + "/etc/containerd/config.toml")
    monkeypatch.setattr(data_facts, "_file_system", lambda _path, _table: GOOD_DISK)
    monkeypatch.setattr(data_facts, "shims", list)
    monkeypatch.setattr(data_steps, "writers", lambda _root: [])
    monkeypatch.setattr(data_steps, "boot_id", lambda: "boot %d" % host.boots)
    monkeypatch.setattr(file_tree, "flush", lambda _path: None)
    monkeypatch.setattr(os, "fsync", lambda _handle: None)  # what a disk forgets is not seen here
    return host


STEPS = ("rename", "mkdir", "rmdir", "symlink", "link", "unlink", "utime")


@contextlib.contextmanager
def cut_short(host, before_step, counts=lambda: True):
    """Let the module crash before its n-th step, of those that count."""
    left = [before_step]

    def counted(function):
        def step(*arguments, **options):
            left[0] -= counts()
            if left[0] == 0:
                raise Crash
            return function(*arguments, **options)

        return step

    with pytest.MonkeyPatch.context() as patch:
        for name in STEPS:
            patch.setattr(os, name, counted(getattr(os, name)))
        patch.setattr(file_tree, "exchange", counted(file_tree.exchange))
        for name in ("act", "systemctl"):
            patch.setattr(data_engine, name, counted(getattr(host, name)))
        yield


def run(host, check=False, **wanted):
    """A run of the module; gives what it planned."""
    params = dict(data_plan.WANTED, timeout=0, **wanted)
    data = data_move.DataMove(params, host.read_engine)
    state = data.read()
    plan = data.plan(state)
    if plan and not check:
        data.apply(plan, state)
    return ["%s %s" % (item["do"], item["to"].replace(host.root, "")) for item in plan]


def survives(host, **wanted):
    """A run after one that was cut short: it converges, at the latest with its second attempt."""
    with contextlib.suppress(ApplyError):
        run(host, **wanted)
    run(host, **wanted)
    assert run(host, **wanted) == []


def test_a_move_keeps_everything_and_a_second_run_has_nothing_to_do(host):
    assert run(host, check=True, data_root=host.target) == ["move /var/lib/docker"]
    assert (host.place, host.written) == (host.docker, 1)
    assert run(host, data_root=host.target) == ["move /var/lib/docker"]
    assert (host.place, host.written) == (host.target, 2)
    assert host.active == {"docker.service", "docker.socket", "containerd.service"}
    assert host.masked == set()
    assert run(host, data_root=host.target) == []
    assert not os.path.exists(host.docker)
    assert os.path.exists(host.docker + ".dockyard-old/swarm/state")


def test_an_old_copy_goes_when_it_is_not_wanted(host):
    run(host, data_root=host.target)
    wanted = {"data_root": host.target, "keep_old": False}
    assert run(host, check=True, **wanted) == ["remove /var/lib/docker.dockyard-old"]
    assert run(host, **wanted) == ["remove /var/lib/docker.dockyard-old"]
    assert not os.path.exists(host.docker + ".dockyard-old")
    assert not os.path.exists(data_facts.MOVE_JOURNAL)
    assert run(host, **wanted) == []


def test_there_and_back_again_and_there(host):
    for target in (host.target, host.docker, host.target):
        assert len(run(host, data_root=target)) == 1
        assert host.place == target
        assert run(host, data_root=target) == []
    assert sorted(os.listdir(host.root + "/var/lib")) == [
        "containerd", "docker.dockyard-old", "docker.dockyard-old-2",
    ]  # fmt: skip


def test_a_link_takes_the_place_of_the_data(host):
    wanted = {"data_root": host.target, "link": True}
    assert run(host, **wanted) == ["move /var/lib/docker"]
    assert os.readlink(host.docker) == host.target
    assert os.path.isdir(host.docker + ".dockyard-old")
    assert not os.path.exists(data_steps.DAEMON_JSON)
    assert run(host, **wanted) == []
    other = host.root + "/srv/other"
    run(host, data_root=other, link=True)
    assert os.readlink(host.docker) == other
    assert os.path.isdir(host.target + ".dockyard-old")
    run(host, data_root=host.target)
    assert not os.path.lexists(host.docker)
    host.refuses = [host.docker]
    with pytest.raises(ApplyError, match=r"it runs again at the old place"):
        run(host, data_root=host.docker)
    assert host.place == host.target


def test_a_place_that_is_a_mount_point_is_emptied_into_itself(host, monkeypatch):
    monkeypatch.setattr(data_facts, "is_mounted", lambda place, _table: place == host.docker)
    run(host, data_root=host.target)
    assert os.listdir(host.docker) == [".dockyard-old"]
    assert os.path.exists(host.docker + "/.dockyard-old/swarm/state")
    assert run(host, data_root=host.target) == []


def test_both_trees_move_with_one_stop(host):
    wanted = {"data_root": host.target, "containerd_root": host.root + "/srv/containerd"}
    assert run(host, **wanted) == ["move /var/lib/containerd", "move /var/lib/docker"]
    assert host.written == 2
    with open(data_facts.CONTAINERD_CONFIG, encoding="ascii") as config:
        assert root_of(config.read()) == host.root + "/srv/containerd"
    assert run(host, **wanted) == []


def test_an_engine_that_did_not_run_is_moved_and_left_stopped(host):
    host.active = set()
    run(host, data_root=host.target)
    assert (host.active, host.place, host.written) == (set(), host.target, 1)


def test_a_place_on_which_the_engine_does_not_start_is_given_up(host):
    host.refuses = [host.target]
    with pytest.raises(ApplyError, match=r"refused; it runs again at the old place"):
        run(host, data_root=host.target)
    assert (host.place, host.written) == (host.docker, 2)
    assert os.listdir(host.target) == []
    host.refuses = []
    run(host, data_root=host.target)
    assert host.place == host.target


def test_what_was_written_at_a_place_that_is_given_up_comes_along(host):
    host.forgets = [host.target]
    with pytest.raises(ApplyError, match=r"1 of its 1 containers are missing .*; it runs again at the old place"):
        run(host, data_root=host.target)
    assert (host.place, host.written) == (host.docker, 3)
    host.forgets = []
    survives(host, data_root=host.target)
    assert host.place == host.target


def test_no_space_is_told_before_anything_is_stopped(host, monkeypatch):
    monkeypatch.setattr(data_facts, "_file_system", lambda _path, _table: dict(GOOD_DISK, free_mib=1))
    with pytest.raises(PlanError, match=r"has 1 MiB and needs 65 MiB, 1 MiB are free at .*/srv/docker"):
        run(host, data_root=host.target)
    assert host.written == 1
    assert "docker.service" in host.active


def test_a_move_that_cannot_go_on_is_taken_back(host, monkeypatch):
    with pytest.raises(Crash), cut_short(host, 12):
        run(host, data_root=host.target)
    assert "docker.service" not in host.active
    monkeypatch.setattr(data_facts, "_file_system", lambda _path, _table: dict(GOOD_DISK, free_mib=1))
    with pytest.raises(ApplyError, match=r"an interrupted move was undone.*not enough space"):
        run(host, data_root=host.target)
    assert host.place == host.docker
    assert "docker.service" in host.active
    assert os.listdir(host.target) == []


def test_a_move_that_is_not_wanted_any_more_is_taken_back(host):
    with pytest.raises(Crash), cut_short(host, 12):
        run(host, data_root=host.target)
    (line,) = run(host)
    assert line.startswith("abandon move of")
    assert host.place == host.docker
    assert "docker.service" in host.active
    assert run(host) == []


WANTED = {
    "plain": lambda host: {"data_root": host.target},
    "link": lambda host: {"data_root": host.target, "link": True},
    "both": lambda host: {"data_root": host.target, "containerd_root": host.root + "/srv/containerd"},
    "both as links": lambda host: dict(WANTED["both"](host), link=True),
    "without old": lambda host: {"data_root": host.target, "keep_old": False},
}


def away_from_a_link(host):
    if host.place == host.docker:
        run(host, data_root=host.root + "/srv/first", link=True)
    return {"data_root": host.target}


WANTED["away from a link"] = away_from_a_link


# Every step, or every third: of a process that is killed other ones than of a power cut.
STRIDE = 1 if os.environ.get("DOCKYARD_SOAK") else 3


def crashes(make_host, wanted, power, prepare=None):
    """A new host for each chosen step that a run takes, on which it was cut short before that step.

    :param power: by a power cut, else the process was killed.
    :param prepare: makes the new place fail; then only what follows on that counts.
    """
    for step in itertools.count(1 + power % STRIDE, STRIDE):
        host = make_host()
        if prepare:
            prepare(host)
        with cut_short(host, step, lambda tried=host: tried.tried or not prepare):
            try:
                run(host, **wanted(host))
            except Crash:
                pass
            except ApplyError:
                return
            else:
                return
        yield step, host


@pytest.mark.parametrize("power", [False, True], ids=["kill", "power cut"])
@pytest.mark.parametrize("wanted", WANTED.values(), ids=WANTED)
def test_nothing_is_lost_wherever_a_move_is_cut_short(make_host, wanted, power):
    step = 0
    for step, host in crashes(make_host, wanted, power):
        if power:
            host.power_cut()
        assert run(host, check=True, **wanted(host)) or host.place == host.target, step
        run(host, **wanted(host))
        assert host.place == host.target, step
        assert "docker.service" in host.active
        assert run(host, **wanted(host)) == [], step
        host.power_cut()  # its start finds what was written last
    assert step > 40


def refuse(host):
    host.refuses = [host.target]


def forget(host):
    host.forgets = [host.target]


@pytest.mark.parametrize("power", [False, True], ids=["kill", "power cut"])
@pytest.mark.parametrize("failure", [refuse, forget])
@pytest.mark.parametrize("wanted", [WANTED["plain"], WANTED["both as links"]], ids=["plain", "both as links"])
def test_nothing_is_lost_wherever_the_way_back_is_cut_short(make_host, failure, wanted, power):
    step = 0
    for step, host in crashes(make_host, wanted, power, failure):
        if power:
            host.power_cut()
        with contextlib.suppress(ApplyError):
            run(host, **wanted(host))
        assert "docker.service" in host.active, step
        host.refuses = host.forgets = []
        survives(host, **wanted(host))
        assert host.place == host.target, step
    assert step > 20
