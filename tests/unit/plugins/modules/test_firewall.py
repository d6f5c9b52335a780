"""A command of the firewall that finds the kernel's table taken is run again; any other failure is told at once."""

from __future__ import annotations

import pytest

from ansible_collections.dockyard.swarm.plugins.module_utils._plan import ApplyError
from ansible_collections.dockyard.swarm.plugins.modules import firewall


@pytest.fixture
def command(tmp_path, monkeypatch):
    """A program that fails with a text the first times it is run, and how often it was run."""
    monkeypatch.setattr(firewall, "PAUSE", 0.01)
    runs = tmp_path / "runs"

    def make(failures, text):
        script = f"echo >> {runs}; test $(wc -l < {runs}) -gt {failures} && exit 0; echo '{text}'; exit 1"
        return ["sh", "-c", script]

    make.count = lambda: len(runs.read_text().splitlines())
    return make


def test_taken_table_is_waited_for(command):
    firewall._run(command(2, "ERROR: initcaps [Errno 2] iptables: Directory not empty."))
    assert command.count() == 3


def test_table_that_stays_taken_is_told(command):
    with pytest.raises(ApplyError, match="initcaps"):
        firewall._run(command(99, "ERROR: initcaps"))
    assert command.count() == firewall.ATTEMPTS


def test_other_failure_is_told_at_once(command):
    with pytest.raises(ApplyError, match="bad port"):
        firewall._run(command(1, "ERROR: bad port"))
    assert command.count() == 1
