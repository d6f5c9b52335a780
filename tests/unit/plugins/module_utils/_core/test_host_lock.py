# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One change at a time on a host: others wait, with an end, and learn for what. The kernel ends the lock with its process."""

from __future__ import annotations

import multiprocessing
import subprocess
import time

import pytest

from ansible_collections.dockyard.swarm.plugins.module_utils._core import host_lock, plan

FORK = multiprocessing.get_context("fork")


@pytest.fixture
def path(tmp_path, monkeypatch):
    found = tmp_path / "dockyard.lock"
    monkeypatch.setattr(host_lock, "LOCK", str(found))
    yield found
    host_lock.give_back()


def holds(name, begun, seconds):
    host_lock.take(name)
    begun.set()
    time.sleep(seconds)


@pytest.fixture
def holder(path):
    """Another process that makes a change, and is killed in the end."""
    begun = FORK.Event()
    process = FORK.Process(target=holds, args=("dockyard.swarm.packages", begun, 60))
    process.start()
    assert begun.wait(10)
    yield process
    process.kill()
    process.join()


def test_nobody_is_waited_for_where_nobody_is(path):
    assert host_lock.take("dockyard.swarm.packages") is None
    assert path.stat().st_mode & 0o777 == 0o600


def test_the_second_stops_after_a_while_and_names_the_first(holder):
    with pytest.raises(host_lock.BusyError) as told:
        host_lock.take("dockyard.swarm.daemon_config", patience=0.3)
    assert "dockyard.swarm.packages (process %d, since 20" % holder.pid in str(told.value)
    assert "Nothing was changed" in str(told.value)


def test_one_that_was_killed_holds_nobody_up(holder):
    holder.kill()
    holder.join()
    assert host_lock.take("dockyard.swarm.daemon_config", patience=0) is None


def test_the_second_goes_on_when_the_first_is_done(path):
    begun = FORK.Event()
    process = FORK.Process(target=holds, args=("dockyard.swarm.packages", begun, 0.5))
    process.start()
    assert begun.wait(10)
    waited = host_lock.take("dockyard.swarm.daemon_config", patience=10)
    process.join()
    assert waited.startswith("waited 0 s for dockyard.swarm.packages (process %d" % process.pid)
    assert path.read_text().startswith("dockyard.swarm.daemon_config (process ")


def test_a_program_that_is_started_meanwhile_does_not_inherit_it(path):
    host_lock.take("dockyard.swarm.packages")
    with subprocess.Popen(["sleep", "60"], close_fds=False) as child:
        host_lock.give_back()
        try:
            assert host_lock.take("dockyard.swarm.daemon_config", patience=0) is None
        finally:
            child.kill()


class Ended(BaseException):
    """What exit_json and fail_json do."""


class Module:
    """As much of a module as `run` needs."""

    def __init__(self, check_mode=False):
        self.check_mode, self._name, self.said, self.warned = check_mode, "dockyard.swarm.example", {}, []

    def exit_json(self, **said):
        self.said = said
        raise Ended

    def fail_json(self, **said):
        self.said = dict(said, failed=True)
        raise Ended

    def warn(self, text):
        self.warned.append(text)


def runs(module, **options):
    with pytest.raises(Ended):
        plan.run(module, "example", dict, lambda _state: [], lambda _plan, _state: None, **options)
    return module.said


def test_a_module_that_changes_the_host_waits_and_stops(holder, monkeypatch):
    monkeypatch.setattr(host_lock.take, "__defaults__", (0.2, None))
    assert "another change of this host" in runs(Module())["msg"]


@pytest.mark.parametrize(("check_mode", "alone"), [(True, True), (False, False)])
def test_a_look_and_a_change_of_the_swarm_wait_for_nobody(holder, check_mode, alone):
    assert runs(Module(check_mode), alone=alone)["changed"] is False


def test_waiting_is_told(path):
    begun = FORK.Event()
    process = FORK.Process(target=holds, args=("dockyard.swarm.packages", begun, 0.5))
    process.start()
    assert begun.wait(10)
    module = Module()
    assert runs(module)["changed"] is False
    process.join()
    assert len(module.warned) == 1
    assert "for dockyard.swarm.packages" in module.warned[0]
