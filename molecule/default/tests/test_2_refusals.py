"""Wrong input, made for real: one clear message, and nothing changed."""

from __future__ import annotations

import json

import pytest

from tests.support import output, playbook


def refused(*arguments: str, words: list[str]) -> None:
    run = playbook(*arguments)
    assert run.code != 0, run.output
    flat = " ".join(run.output.split())
    for word in words:
        assert word in flat, run.output
    assert run.changed == 0, run.output


def extra(**variables) -> tuple[str, str]:
    return "-e", json.dumps(variables)


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        (
            {"swarm_engine_daemon_options": {"log-drivers": "journald"}},
            ["node2", "log-drivers", "did you mean log-driver"],
        ),
        ({"swarm_engine_daemon_options": {"graph": "/data"}}, ["removed in Engine 23.0", "use data-root"]),
        (
            {"swarm_cluster_manager_group": "nobody"},
            ["swarm_cluster_manager_group is 'nobody', and no host of the inventory is in a group", "swarm_managers"],
        ),
        (
            {"swarm_networks_overlays": [{"name": "apps", "subnet": "10.0.0.0/8"}]},
            ["network apps", "option subnet 10.0.0.0/8 overlaps the route to", "choose another"],
        ),
        (
            {
                "swarm_networks_overlays": [
                    {"name": "a", "subnet": "10.50.0.0/24"},
                    {"name": "b", "subnet": "10.50.0.0/25"},
                ]
            },
            ["network b", "overlaps", "network a"],
        ),
        ({"swarm_dns_records": [{"name": "x", "type": "NAPTR", "value": "y"}]}, ["NAPTR", "x"]),
        ({"swarm_dns_records": [{"name": "x", "type": "A", "value": "192.0.2.300"}]}, ["192.0.2.300", "x"]),
        ({"swarm_node_advertise_addr": "not-an-address"}, ["swarm_node_advertise_addr"]),
        (
            {"swarm_registry_port": "many"},
            ["node1, node2, node3: swarm_registry_port is the text", "and has to be a whole number from 1 to 65535"],
        ),
        (
            {"swarm_host_sysctls": "all"},
            ["node1, node2, node3: swarm_host_sysctls is the text", "and has to be a dictionary", "-e"],
        ),
    ],
)
def test_wrong_input_is_refused_before_anything_is_changed(variables, words):
    refused(*extra(**variables), words=words)


def test_even_number_of_managers_is_warned_about():
    groups = extra(swarm_cluster_manager_group="swarm_workers", swarm_cluster_worker_group="swarm_managers")
    run = playbook("--check", *groups, "--tags", "always")
    assert "2 managers: an even number survives no more failures than 1 would" in " ".join(run.output.split()), (
        run.output
    )


def test_unsupported_system_is_refused(hosts):
    host = hosts["node3"]
    output(host, "cp -a /etc/os-release /root/os-release && rm /etc/os-release")
    try:
        output(host, "printf 'ID=plan9\\nVERSION_ID=4\\nPRETTY_NAME=\"Plan 9\"\\n' > /etc/os-release")
        refused(words=["node3", "Plan 9 is not supported", "swarm_cluster_allow_unsupported_os"])
    finally:
        output(host, "rm /etc/os-release && mv /root/os-release /etc/os-release")


def test_daemon_that_does_not_start_gets_its_old_file_back(hosts):
    host = hosts["node3"]
    before = output(host, "cat /etc/docker/daemon.json")
    run = playbook("--limit", "node3", *extra(swarm_engine_daemon_options={"bridge": "nonesuch0"}))
    assert run.code != 0, run.output
    assert "the old file is restored and the daemon runs with it" in " ".join(run.output.split()), run.output
    assert output(host, "cat /etc/docker/daemon.json") == before
    assert output(host, "systemctl is-active docker") == "active"
    again = playbook()
    assert again.code == 0, again.output
    assert again.changed == 0, again.output
