# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A process that stands still while it is copied goes on whatever becomes of the one that stopped it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ansible_collections.dockyard.swarm.plugins.module_utils._core.plan import ApplyError
from ansible_collections.dockyard.swarm.plugins.module_utils._recovery import process_freeze

BUSY = """
import threading, time
def work():
    while True:
        time.sleep(0.001)
for _ in range(5):
    threading.Thread(target=work, daemon=True).start()
print("ready", flush=True)
work()
"""


@pytest.fixture
def process():
    with subprocess.Popen([sys.executable, "-c", BUSY], stdout=subprocess.PIPE) as running:
        running.stdout.readline()
        yield running
        running.kill()


def goes_on(pid, seconds=3.0):
    end = time.monotonic() + seconds
    while process_freeze.stands_still(pid):
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def test_all_threads_stand_still_and_go_on(process):
    with process_freeze.frozen(process.pid):
        assert process_freeze.stands_still(process.pid)
    assert goes_on(process.pid)


def test_it_goes_on_after_an_error(process):
    with pytest.raises(OSError), process_freeze.frozen(process.pid):
        raise OSError
    assert goes_on(process.pid)


def test_what_takes_too_long_does_not_count(process):
    with pytest.raises(ApplyError, match="was continued before"), process_freeze.frozen(process.pid, limit=0.3):
        assert goes_on(process.pid)
    assert goes_on(process.pid)


def test_one_that_somebody_else_let_go_on_does_not_count(process):
    def let_go_on():
        os.kill(process.pid, signal.SIGCONT)
        return goes_on(process.pid)

    with pytest.raises(ApplyError, match="was continued before"), process_freeze.frozen(process.pid):
        assert let_go_on()


def started(lines):
    """A process of its own that freezes another one."""
    root = Path(process_freeze.__file__).parents[6]
    code = (
        "from ansible_collections.dockyard.swarm.plugins.module_utils._recovery import process_freeze\n"
        f"import contextlib, time\n{lines}\n"
    )
    environment = dict(os.environ, PYTHONPATH=f"{root}:{os.environ.get('PYTHONPATH', '')}")
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, env=environment)


def test_it_goes_on_where_the_one_that_stopped_it_is_killed(process):
    code = f"with process_freeze.frozen({process.pid}, limit=60):\n    print('still', flush=True); time.sleep(60)"
    with started(code) as freezer:
        assert freezer.stdout.readline() == b"still\n"
        assert process_freeze.stands_still(process.pid)
        freezer.kill()
    assert goes_on(process.pid)


def test_a_process_that_is_not_there():
    with pytest.raises(ProcessLookupError), process_freeze.frozen(2**22 - 1):
        raise AssertionError


def test_the_guard_of_a_process_that_is_not_there_does_not_go_on_as_its_parent():
    code = (
        f"with contextlib.suppress(ProcessLookupError), process_freeze.frozen({2**22 - 1}):\n    pass\n"
        "print('once', flush=True)"
    )
    with started(code) as freezer:
        assert freezer.stdout.read() == b"once\n"
    assert freezer.returncode == 0
