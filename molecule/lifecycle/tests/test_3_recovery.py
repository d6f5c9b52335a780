"""All managers are gone and come back out of a backup; a lost quorum; and that no secret showed in all of the story."""

from __future__ import annotations

import json
import os
import re
import stat
from pathlib import Path

import pytest

from tests.cluster import end, flat
from tests.secrecy import PUBLIC
from tests.support import container, output, until

SOAK = bool(os.environ.get("DOCKYARD_SOAK"))
MANAGERS = ["node1", "node2", "node3"]
REPLICAS = 10


@pytest.fixture(scope="module")
def backups(tmp_path_factory) -> Path:
    """Where backups go: a disk of its own, apart from the machines."""
    return tmp_path_factory.mktemp("backups")


def wanted(backups: Path, **more) -> tuple[str, str]:
    return "-e", json.dumps({"swarm_backup_dir": str(backups), **more})


def files(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file()}


def test_a_backup_disturbs_nobody_and_as_many_are_kept_as_wanted(cluster, backups, secrecy, asker):
    keep = wanted(backups, swarm_backup_keep=1)
    with asker(*cluster.names) as client:
        cluster.done("-vvvv", *keep, name="backup")
        first = files(backups)
        cluster.done("-vvvv", *keep, name="backup")
    assert client.failures == [], client.failures
    second = files(backups)
    assert first
    assert first != second
    assert len(second) == len(first), (first, second)
    for path in second:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    secrecy.note()
    content = b"".join(path.read_bytes() for path in second)
    assert [name for value, name in secrecy.values.items() if value.encode() in content] == []
    cluster.whole()
    cluster.settled()


def test_a_swarm_without_any_manager_comes_back_out_of_its_backup(cluster, lab, hosts, backups, secrecy):
    cluster.serves("web", REPLICAS)
    made, spec, identity, secret = cluster.made(), cluster.spec(), cluster.identity(), cluster.secrets()
    assert {kind: len(items) for kind, items in made.items()} == {"service": 1, "secret": 1, "config": 1, "network": 2}
    secrecy.ask(*MANAGERS)
    lab.reset(*MANAGERS)
    for name in MANAGERS:
        assert until(lambda name=name: cluster.state(name) == "inactive", 60)[0], (name, cluster.state(name))
    cluster.done("-vvvv", *wanted(backups), name="restore")
    # One of them, the one whose address the backup's manager had; the others come by the next run.
    assert sorted(cluster.state(name) for name in MANAGERS) == ["active", "inactive", "inactive"]
    cluster.converge("-vvvv", patience=90)
    assert cluster.identity() == identity
    assert cluster.made() == made
    assert cluster.spec() == spec
    assert cluster.secrets() == secret
    # The services as well: they run, and have what was given to them.
    cluster.serves("web", REPLICAS, 240)
    where = hosts[cluster.running("web")[0]]
    mine = container(where, "web")
    assert output(where, f"docker exec {mine} cat /run/secrets/hidden /etc/plain") == "of-the-application-4711plain"
    secrecy.note()


def test_the_service_answers_through_every_node_of_the_restored_swarm(cluster, asker):
    def answers(name: str) -> bool:
        client = asker(name)
        client.once(0)
        return not client.failures

    for name in cluster.names:
        # The nodes tell each other where the tasks are; from then on, nobody misses an answer.
        assert until(lambda name=name: answers(name), 60)[0], name
        with asker(name) as client:
            until(lambda client=client: client.asked > 3, 30)
        assert (client.failures, client.passed_over) == ([], 0), name


if SOAK:

    def test_all_other_stages_find_their_place_on_the_restored_swarm(cluster, secrecy):
        del cluster.common["swarm_engine_image_archives"]
        cluster.arrange()
        run = cluster.play()
        assert run.code == 0, end(run)
        secrecy.note()
        again = cluster.play()
        assert (again.code, again.changed) == (0, 0), end(again)

    def test_a_lost_quorum_is_told_and_recovered_from_one_manager(cluster, lab, secrecy):
        made = cluster.made()
        secrecy.note()
        secrecy.ask("node2", "node3")
        for name in ("node2", "node3"):
            lab.machine(name).kill()
        asked = "timeout 5 docker node ls"
        assert until(lambda: cluster.first.run(asked).rc != 0, 60)[0]
        run = cluster.site()
        assert run.counts["node1"]["failed"] == 1, end(run)
        said = flat(run)
        assert "quorum" in said, end(run)
        assert re.search(r"\b1 of (the )?3\b|\bof (the )?3 managers,? (only )?1\b", said), end(run)
        assert "playbooks/recover.yml" in said, end(run)
        assert "swarm_recover=node1" in said, end(run)
        assert run.changed == 0, end(run)
        # The dead ones are out of reach for this run too.
        run = cluster.play("-vvvv", "-e", "swarm_recover=node1", name="recover")
        assert run.code in (0, 4), end(run)
        assert cluster.made() == made
        # Their state is of another time; they come back as new machines do.
        lab.reset("node2", "node3")
        cluster.converge(patience=120)
        assert cluster.made() == made
        cluster.serves("web", REPLICAS, 240)


def test_what_is_secret_on_the_controller_is_for_its_owner_alone(secrets):
    private = [path for path in secrets.rglob("*") if path.suffix not in PUBLIC]
    assert any(path.is_file() for path in private)
    loose = [(str(path), oct(path.stat().st_mode)) for path in private if stat.S_IMODE(path.stat().st_mode) & 0o077]
    assert loose == []


def test_no_secret_showed_in_any_run_or_on_any_machine(cluster, secrecy):
    secrecy.note()
    secrecy.ask(*cluster.names)
    secrecy.read()
    assert secrecy.leaks == set(), sorted(secrecy.leaks)
    # All this looked for the right things: old ones and new, and in runs that handled them, and told every option but these.
    kinds = list(secrecy.values.values())
    for kind in ("join-token -q worker", "join-token -q manager", "unlock-key -q"):
        assert kinds.count(kind) >= 2, kinds
    assert {"secret of the service", "backup.key"} <= set(kinds)
    hidden = re.compile("VALUE_SPECIFIED_IN_NO_LOG_PARAMETER|censored")
    verbose = {title.split()[0] for title, text in cluster.said if "-vvvv" in title and hidden.search(text)}
    assert {"stages", "rotate"} <= verbose, verbose
