"""The same look at a swarm that runs: the ports are in use, and nothing is disturbed."""

from __future__ import annotations

import pytest

from tests.paths import all_well, preflight
from tests.support import output, playbook


@pytest.fixture(scope="module", autouse=True)
def _converged():
    run = playbook("--skip-tags", "dns,registry,logging")
    assert run.code == 0, run.output
    # Packets were sent before the first host joined, and all was well: then nothing is said of it.
    assert "Send packets to the other hosts" in run.output
    assert "Report which paths are open" not in run.output


def test_a_run_in_which_nobody_joins_sends_nothing():
    run = playbook("--skip-tags", "dns,registry,logging")
    assert (run.code, run.changed) == (0, 0), run.output
    assert "Send packets to the other hosts" not in run.output


def test_ports_that_are_in_use_are_seen_to_be_open(manager):
    before = output(manager, "docker node ls --format '{{.Hostname}} {{.Status}}' | sort")
    started = output(manager, "systemctl show -P ActiveEnterTimestampMonotonic docker.service")
    all_well(preflight())
    assert output(manager, "docker node ls --format '{{.Hostname}} {{.Status}}' | sort") == before
    assert output(manager, "systemctl show -P ActiveEnterTimestampMonotonic docker.service") == started


def test_what_is_heard_of_it_is_little(hosts):
    """Three lines of a datagram from each of two other hosts, at the level of what can be passed over."""
    said = output(
        hosts["node3"], "journalctl -u docker --since=-2min -o cat | grep -c 'Decrypt packet\\|too short' || true"
    )
    assert int(said) <= 6


def test_no_listener_stays(hosts):
    for host in hosts.values():
        assert "dockyard-probe" not in output(host, "cat /proc/net/unix")
