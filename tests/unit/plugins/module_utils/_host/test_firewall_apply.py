"""A command of the firewall that finds the kernel's table taken is run again; any other failure is told at once."""

from __future__ import annotations

import subprocess

import pytest

from ansible_collections.dockyard.swarm.plugins.module_utils._core.plan import ApplyError
from ansible_collections.dockyard.swarm.plugins.module_utils._host import firewall_apply as firewall


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
    assert firewall._run(command(2, "ERROR: initcaps [Errno 2] iptables: Directory not empty."))
    assert command.count() == 3
    assert not firewall._run(["true"])


def test_ufw_reads_its_files_again_where_a_rule_may_be_in_them_alone(monkeypatch):
    # ufw writes a rule down before it asks the kernel; the second time it skips what is there.
    said = [(1, b"ERROR: problem running"), (0, b"Skipping inserting existing rule"), (0, b"Firewall reloaded")]
    ran = []

    def once(arguments):
        ran.append(arguments)
        code, text = said[len(ran) - 1]
        return subprocess.CompletedProcess(arguments, code, text)

    monkeypatch.setattr(firewall, "PAUSE", 0)
    monkeypatch.setattr(firewall, "_once", once)
    monkeypatch.setattr(firewall.Firewall, "_commands", staticmethod(lambda plan, unit: [["ufw", "prepend", "allow"]]))
    module = firewall.Firewall({"rules": [], "keep": []})
    monkeypatch.setattr(module, "read", dict)
    monkeypatch.setattr(module, "plan", lambda state: [])
    module.apply([], {"unit": "ufw.service"})
    assert ran == [["ufw", "prepend", "allow"]] * 2 + [["ufw", "reload"]]


def test_table_that_stays_taken_is_told(command):
    with pytest.raises(ApplyError, match="initcaps"):
        firewall._run(command(99, "ERROR: initcaps"))
    assert command.count() == firewall.ATTEMPTS


def test_other_failure_is_told_at_once(command):
    with pytest.raises(ApplyError, match="bad port"):
        firewall._run(command(1, "ERROR: bad port"))
    assert command.count() == 1
