"""What a run says: before it, check mode says all of it; after a failure, who failed, and what was not done because of it."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support import INVENTORY, Told, output, told, until

REGISTRY = "registry.swarm.test:5000"
# It has the driver, and does not start with it: there is no such region.
NOWHERE = {"storage": {"s3": {"region": "nowhere", "bucket": "images"}}}


@pytest.fixture(scope="module", autouse=True)
def as_found() -> Iterator[None]:
    """The machines as the inventory wants them, before and after."""
    run = told()
    assert run.code == 0, run.output
    yield
    run = told()
    assert run.code == 0, run.output


@pytest.fixture
def rearranged() -> Iterator[Any]:
    """A function that writes an inventory beside the lab's own, from the lab's with changes."""
    path = INVENTORY / ".says.yml"

    def write(change: Any) -> Path:
        content = yaml.safe_load((INVENTORY / "hosts.yml").read_text())
        change({name: group["hosts"] for name, group in content["all"]["children"]["swarm"]["children"].items()})
        path.write_text(yaml.safe_dump(content))
        return path

    yield write
    path.unlink(missing_ok=True)


def wanting(**variables: object) -> tuple[str, str]:
    return ("-e", json.dumps(variables))


def kept(manager) -> list[str]:
    """Secrets and configs of the swarm."""
    return output(manager, "docker secret ls --format '{{.Name}}'; docker config ls --format '{{.Name}}'").splitlines()


def messages(run: Told, task: str) -> dict[str, str]:
    """What a task said, by host, where it was not skipped."""
    return {
        host: str(result["msg"]) for name, host, result in run.results if name == task and not result.get("skipped")
    }


def test_users_and_storage_that_can_never_work_are_refused_before_any_change():
    run = told(
        *wanting(
            swarm_registry_users={"a:b": "hunter22", "ci": "hunt\ner22"},
            swarm_registry_config={"storage": {"s3": {}, "gcs": {}}},
        )
    )
    assert (run.code != 0, run.changes, run.lines) == (True, [], [])
    for words in (
        "swarm_registry_users: user 'a:b': a name cannot have a colon",
        "swarm_registry_users: user 'ci': the password has a control character",
        "swarm_registry_config: storage names s3 and gcs, and the registry takes exactly one storage driver",
    ):
        assert words in run.output
    assert "hunt" not in json.dumps(run.results)


def test_check_mode_says_all_that_a_new_password_leads_to():
    run = told("--check", *wanting(swarm_registry_users={"swarm": "another-word\n"}))
    assert run.code == 0, run.output
    patterns = [
        "write password file on the controller: users or passwords differ",
        "create secret registry_htpasswd_[0-9a-f]{12}: .*",
        "update service registry_registry: secrets: .*registry_htpasswd_.* → .*registry_htpasswd_.*",
        "remove secret registry_htpasswd_[0-9a-f]{12}: .*",
    ]
    assert {host for host, _line in run.lines} == {"node1"}
    said = [line for _host, line in run.lines]
    assert [bool(re.fullmatch(pattern, line)) for pattern, line in zip(patterns, said, strict=True)] == [True] * 4, said
    assert "another-word" not in json.dumps(run.results)


def test_a_registry_that_does_not_start_leaves_nothing_behind_and_others_say_at_once_what_waits(manager, hosts, lab):
    before = kept(manager)
    start = time.monotonic()
    run = told(*wanting(swarm_registry_config=NOWHERE, swarm_logging_node_max_use="900M"))
    took = time.monotonic() - start
    assert run.code != 0
    ((task, host, failure),) = [item for item in run.results if item[2].get("failed")]
    assert (task, host) == ("Deploy the registry", "node1")
    # The registry's own words, and what was left.
    assert "invalid region" in failure["msg"]
    assert re.search(r"Removed again: secret registry_config_[0-9a-f]{12}", failure["msg"])
    assert "run again" not in failure["msg"]
    assert sorted(kept(manager)) == sorted(before)
    # The collector is on the same host.
    waits = messages(run, "Say what waits for a host that failed")
    assert sorted(waits) == ["node2", "node3"]
    assert all(text.startswith("node1 failed in stage registry earlier in this run") for text in waits.values())
    (listed,) = messages(run, "List what was not done because a host failed").values()
    assert "node1 failed in stage registry; not reached there: logging" in listed
    assert "node2, node3: stage logging waits, with: write /etc/systemd/journald.conf.d/dockyard.conf" in listed
    assert {host for host, _task in run.changes} <= {"node1"}, run.changes
    # No host waited for another one's port.
    assert took < 90, took
    # The former registry answers again.
    password = (lab.state.directory / "secrets" / "registry" / "swarm.password").read_text().strip()
    login = f"docker login -u swarm -p {password} {REGISTRY}"
    assert until(lambda: hosts["node2"].run(login).rc == 0, 30)[0], hosts["node2"].run(login).stderr
    output(hosts["node2"], f"docker logout {REGISTRY}")


def test_once_more_without_the_mistake_there_is_nothing_to_do():
    run = told()
    assert (run.code, run.changes) == (0, []), run.lines


def test_a_host_that_was_never_up_has_no_record_and_breaks_nobody(rearranged):
    def ghost(groups: dict[str, dict[str, Any]]) -> None:
        groups["swarm_workers"]["ghost.example"] = {}

    run = told(inventory=rearranged(ghost))
    assert [host for _task, host, result in run.results if result.get("unreachable")] == ["ghost.example"]
    assert [item for item in run.results if item[2].get("failed")] == []
    assert run.changes == [], run.lines
    (warning,) = messages(run, "Warn").values()
    assert "ghost.example: could not be read and is not in the swarm" in warning
    (listed,) = messages(run, "List what was not done because a host failed").values()
    assert "ghost.example could not be reached" in listed


def test_a_manager_that_is_down_has_the_address_that_the_swarm_knows_and_an_unreadable_host_one_message(
    rearranged, address
):
    def changed(groups: dict[str, dict[str, Any]]) -> None:
        own = groups["swarm_workers"].pop("node3")
        groups["swarm_managers"]["node3.example"] = dict(own, ansible_host="node3.invalid")
        groups["swarm_managers"]["ghost.example"] = {}
        groups["swarm_workers"]["node2"]["ansible_python_interpreter"] = "/usr/bin/no-python"

    run = told("--check", inventory=rearranged(changed))
    down = [host for _task, host, result in run.results if result.get("unreachable")]
    assert sorted(down) == ["ghost.example", "node3.example"]
    assert [(task, host) for task, host, result in run.results if result.get("failed")] == [
        ("Read everything that the roles decide on", "node2")
    ]
    # The Engine's option has the addresses of both DNS servers, and no name.
    (dns,) = [line for host, line in run.lines if host == "node1" and line.startswith("set daemon.json: dns:")]
    assert {address["node1"], address["node3"]} <= set(re.findall(r"[\d.]+\d", dns))
    assert "ghost" not in dns
    assert "example" not in dns
    (listed,) = messages(run, "List what was not done because a host failed").values()
    for words in (
        "node2 could not be read",
        "node3.example could not be reached",
        "ghost.example could not be reached",
    ):
        assert words in listed
