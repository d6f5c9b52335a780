"""Settings of a running swarm, a swarm that is locked when its managers come up, and everything secret exchanged."""

from __future__ import annotations

import copy
import os
import re
import stat

import pytest

from tests.support import output, until

SOAK = bool(os.environ.get("DOCKYARD_SOAK"))
HOUR, SECOND = 3600 * 10**9, 10**9
CERTIFICATES = "/var/lib/docker/swarm/certificates"
ROOT = f"{CERTIFICATES}/swarm-root-ca.crt"
EVERYTHING = ["worker_token", "manager_token", "unlock_key", "ca"]


def key_file(cluster, secrets):
    return secrets / "swarm" / "unlock" / f"{cluster.identity()}.keys"


def keys(cluster, secrets) -> list[str]:
    """The keys on the controller, the newest first."""
    return key_file(cluster, secrets).read_text().split()


def runs_tasks_and_is_sealed(cluster) -> None:
    """See that every node takes a task that has a network, and that the managers' keys are encrypted on their disks."""
    output(cluster.first, "docker service create --quiet --detach --name each --mode global --network apps nginx:1")
    found, _took = until(lambda: cluster.running("each") == sorted(cluster.names), 90)
    assert found, output(cluster.first, "docker service ps --no-trunc each")
    output(cluster.first, "docker service rm each")
    for name in cluster.managers:
        assert "ENCRYPTED" in output(cluster.hosts[name], f"cat {CERTIFICATES}/swarm-node.key"), name


def cut_power(cluster, names) -> None:
    """All at once, as when the building has none; then all are switched on."""
    for name in names:
        cluster.lab.machine(name).kill()
    cluster.lab.boot(*names)


def test_settings_are_changed_and_others_stay(cluster, secrecy):
    output(cluster.first, "docker swarm update --dispatcher-heartbeat 7s")
    before = cluster.spec()
    assert before["EncryptionConfig"]["AutoLockManagers"] is False
    cluster.arrange(swarm_node_settings={"autolock": True, "task_history_limit": 3, "node_cert_expiry": 720})
    cluster.converge("-vvvv")
    wanted = copy.deepcopy(before)
    wanted["EncryptionConfig"]["AutoLockManagers"] = True
    wanted["Orchestration"]["TaskHistoryRetentionLimit"] = 3
    wanted["CAConfig"]["NodeCertExpiry"] = 720 * HOUR
    assert cluster.spec() == wanted
    assert wanted["Dispatcher"]["HeartbeatPeriod"] == 7 * SECOND
    secrecy.note()


def test_the_unlock_key_is_on_the_controller_for_its_owner_alone(cluster, secrets):
    path = key_file(cluster, secrets)
    assert keys(cluster, secrets)[0] == cluster.secrets()["unlock_key"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for folder in (path.parent, path.parent.parent):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700, folder


def test_managers_that_come_up_locked_are_unlocked(cluster):
    cut_power(cluster, cluster.managers)
    for name in cluster.managers:
        assert until(lambda name=name: cluster.state(name) == "locked", 60)[0], (name, cluster.state(name))
    cluster.converge("-vvvv", patience=90)
    assert {cluster.state(name) for name in cluster.managers} == {"active"}
    # An Engine that is just unlocked has no networks; who finds out is the application.
    runs_tasks_and_is_sealed(cluster)
    cluster.serves("web", 10)


def rotated(cluster, secrecy, *what: str) -> tuple[dict[str, str], dict[str, str]]:
    """Rotate; gives what there was and what there is."""
    secrecy.note()
    before = cluster.secrets()
    cluster.done("-vvvv", "-e", f"swarm_rotate={','.join(what)}", name="rotate")
    secrecy.note()
    return before, cluster.secrets()


def trusted(cluster, authority: str) -> None:
    """See that all nodes have certificates of this authority, and believe no other."""
    rows = output(cluster.first, "docker node ls --format '{{.Hostname}} {{.TLSStatus}}'").splitlines()
    assert sorted(rows) == [f"{name} Ready" for name in cluster.names]
    for name in cluster.names:
        assert output(cluster.hosts[name], f"cat {ROOT}") == authority, name
    cluster.whole()


def test_everything_secret_is_exchanged_and_all_nodes_go_along(cluster, secrets, secrecy):
    before, after = rotated(cluster, secrecy, *EVERYTHING)
    assert {name for name in before if before[name] != after[name]} == set(EVERYTHING)
    assert re.fullmatch(r"-----BEGIN CERTIFICATE-----\n[^-]+\n-----END CERTIFICATE-----", after["ca"])
    assert keys(cluster, secrets)[:2] == [after["unlock_key"], before["unlock_key"]]
    assert stat.S_IMODE(key_file(cluster, secrets).stat().st_mode) == 0o600
    trusted(cluster, after["ca"])
    cluster.serves("web", 10)


def test_a_host_joins_with_the_new_tokens(cluster, secrecy):
    cluster.arrange(workers=["node4", "node5"])
    cluster.converge()
    assert cluster.labels("node5") == {"disk": "slow"}
    secrecy.note()


if SOAK:

    @pytest.mark.parametrize("what", EVERYTHING)
    def test_one_secret_alone_is_exchanged(cluster, secrets, secrecy, what):
        before, after = rotated(cluster, secrecy, what)
        changed = {name for name in before if before[name] != after[name]}
        # A token has the fingerprint of the authority in it.
        assert changed == ({"ca", "worker_token", "manager_token"} if what == "ca" else {what})
        assert keys(cluster, secrets)[0] == after["unlock_key"]
        trusted(cluster, after["ca"])
        cluster.settled()

    def test_a_manager_that_was_off_during_a_rotation_is_unlocked(cluster, lab, secrets, secrecy):
        """Its own key is the one that was in force when its power was cut."""
        secrecy.note()
        old = cluster.secrets()["unlock_key"]
        lab.machine("node3").kill()
        cluster.play("-vvvv", "-e", "swarm_rotate=unlock_key", name="rotate")
        assert cluster.secrets()["unlock_key"] != old
        assert keys(cluster, secrets)[:2] == [cluster.secrets()["unlock_key"], old]
        lab.machine("node3").boot()
        assert until(lambda: cluster.state("node3") == "locked", 60)[0], cluster.state("node3")
        cluster.converge("-vvvv", patience=90)
        secrecy.note()
        runs_tasks_and_is_sealed(cluster)
