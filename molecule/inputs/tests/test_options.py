"""Options that come as text, as from ``-e name=value``; templates by which hosts are reached; a host without power."""

from __future__ import annotations

import os
import time

import pytest
import yaml

from tests.support import INVENTORY, NODES, SAY, output, playbook, told, until

SOAK = bool(os.environ.get("DOCKYARD_SOAK"))
# As they are by default, or as the inventory has them: nothing is to be done.
AS_TEXT = {
    "swarm_cluster_probe": "true", "swarm_cluster_allow_unsupported_os": "no", "swarm_dns_cache_size": "1000",
    "swarm_dns_manage_resolver": "yes", "swarm_engine_api": "false", "swarm_engine_allow_plain_tcp": "False",
    "swarm_engine_data_link": "off", "swarm_engine_hold": "1", "swarm_engine_parallel": "3", "swarm_host_firewall": "on",
    "swarm_logging_keep_days": "30", "swarm_logging_port": "6514", "swarm_node_data_path_port": "4789",
    "swarm_registry_port": "5000",
}  # fmt: skip


def extra(values):
    return [word for name, value in values.items() for word in ("-e", f"{name}={value}")]


@pytest.fixture(autouse=True)
def _settled(manager):
    """Every service has its tasks, whatever was done before: a run would wait for them, and say so."""
    counts = "docker service ls --format '{{.Replicas}}'"

    def complete():
        found = manager.run(counts).stdout.split()
        return found and all(len(set(item.split("/"))) == 1 for item in found if "/" in item)

    assert until(complete, 60)[0]


@pytest.fixture
def inventory(tmp_path):
    """A copy of the inventory whose hosts are reached by a template, with the address in a variable of their own."""
    folder = tmp_path / "inventory"
    folder.mkdir()
    content = yaml.safe_load((INVENTORY / "hosts.yml").read_text())
    for group in content["all"]["children"]["swarm"]["children"].values():
        for host in group["hosts"].values():
            host["inside"] = host["ansible_host"]
            host["ansible_host"] = "{{ hostvars[inventory_hostname].inside }}"
            host["swarm_node_advertise_addr"] = "{{ hostvars[inventory_hostname].inside }}"
    (folder / "hosts.yml").write_text(yaml.safe_dump(content))
    for path in INVENTORY.iterdir():
        if path.name != "hosts.yml":
            (folder / path.name).symlink_to(path)
    return folder


def test_text_that_means_what_is_there_changes_nothing(hosts):
    before = {
        name: output(host, "docker info -f '{{.ID}}'; systemctl show -P ActiveEnterTimestamp docker")
        for name, host in hosts.items()
    }
    run = told(*extra(AS_TEXT))
    assert run.code == 0, run.output
    assert run.lines == []
    assert run.changes == []
    assert [result["msg"] for task, _host, result in run.results if task == "Warn" and "4789" in str(result)] == []
    after = {
        name: output(host, "docker info -f '{{.ID}}'; systemctl show -P ActiveEnterTimestamp docker")
        for name, host in hosts.items()
    }
    assert after == before
    assert all(not host.socket("tcp://0.0.0.0:2376").is_listening for host in hosts.values())


def test_text_that_means_something_else_is_planned():
    run = told("--check", "-e", "swarm_dns_cache_size=100", "-e", "swarm_engine_api=false", "--tags", "dns")
    assert run.code == 0, run.output
    assert {host for host, _line in run.lines} == {"node1"}
    assert [line for _host, line in run.lines if "dnsmasq" in line or "dockyard" in line] != []


def test_text_that_means_nothing_is_one_message_with_all_that_is_wrong():
    run = playbook(
        "-e", "swarm_engine_api=maybe", "-e", "swarm_engine_parallel=0", "-e", "swarm_dns_servers=node1,node2"
    )
    assert run.code != 0
    assert run.changed == 0
    message = " ".join(run.output.split())
    for text in (
        "node1, node2, node3: swarm_engine_api is the text ''maybe'', and has to be true or false",
        "swarm_engine_parallel is the text ''0'', and has to be a whole number from 1 to 100000",
        "swarm_dns_servers is the text ''node1,node2'', and has to be a list",
    ):
        assert text in message, run.output
    assert SAY not in run.output


def test_hosts_are_reached_by_templates_that_name_other_variables(inventory):
    run = told("--check", inventory=inventory)
    assert run.code == 0, run.output
    assert run.lines == []


if SOAK:

    def test_a_host_that_lost_its_power_after_a_run_does_not_hold_the_next_one_up(lab, hosts):
        victim = "node3"
        assert playbook().code == 0
        machine = next(item for item in lab.machines if item.name == victim)
        others = [name for name in NODES if name != victim]
        machine.kill()
        try:
            begin = time.monotonic()
            run = playbook()
            took = time.monotonic() - begin
            assert took < 120, run.output
            assert run.counts[victim]["unreachable"] == 1, run.output
            assert all(run.counts[name]["failed"] == run.counts[name]["unreachable"] == 0 for name in others), (
                run.output
            )
        finally:
            machine.boot()
        ready = "docker node ls --format '{{.Hostname}} {{.Status}}'"
        assert until(lambda: f"{victim} Ready" in hosts["node1"].run(ready).stdout, 60)[0]
        assert playbook().code == 0
