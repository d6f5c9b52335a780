"""Runs from another controller than the one that made the cluster, with its folder in other states, and a cluster taken over."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
import uuid
from pathlib import Path

import pytest

from ansible_collections.dockyard.swarm.plugins.plugin_utils import _controller, _secret_files
from tests.cluster import end, flat
from tests.support import INVENTORY, ROOT, module, output, playbook, until

SOAK = bool(os.environ.get("DOCKYARD_SOAK"))
PAGE = ROOT / "docs" / "docsite" / "rst" / "controller.rst"
REGISTRY = "registry.swarm.test:5000"
LABEL = "dockyard.swarm.controller."
MISFIT = "is not the one that this cluster was made with"
TREES = "/etc/docker /etc/dockyard /etc/systemd/system /etc/rsyslog.d"
# Of a folder that a run has to leave alone.
LOOK = f"find {TREES} -xdev -type f -exec sha256sum {{}} + | sort; systemctl show -p ActiveEnterTimestamp docker dockyard-logging"


@pytest.fixture(scope="module")
def secrets(lab) -> Path:
    """The folder of the controller that made the cluster."""
    return lab.state.directory / "secrets"


@pytest.fixture
def home():
    """A home folder, with a short path since sockets are in it."""
    path = Path(tempfile.mkdtemp(prefix="home-", dir="/tmp"))
    yield path
    shutil.rmtree(path)


@pytest.fixture
def short():
    """A folder that is there, and empty."""
    path = Path(tempfile.mkdtemp(prefix="controller-", dir="/tmp"))
    yield path
    shutil.rmtree(path)


def swarm(manager) -> dict:
    """Everything that the swarm has, as a manager tells it."""
    ask = "docker {0} inspect $(docker {0} ls -q)".format
    found = {kind: json.loads(output(manager, ask(kind))) for kind in ("service", "secret", "config", "node")}
    for item in found["node"]:
        item.pop("Version"), item.pop("UpdatedAt")
    return found | {"spec": spec(manager)}


def spec(manager) -> dict:
    """The swarm's own settings."""
    return json.loads(output(manager, "docker info --format '{{json .Swarm.Cluster.Spec}}'"))


def everything(hosts) -> dict:
    """What a run that stops must not have changed."""
    return {name: output(host, LOOK) for name, host in hosts.items()} | {"swarm": swarm(hosts["node1"])}


def in_folder(path: Path, *more: str) -> list[str]:
    return ["-e", json.dumps({"swarm_cluster_secrets_dir": str(path)}), *more]


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_swarm_has_the_fingerprints_and_no_secret(manager, secrets):
    labels = spec(manager)["Labels"]
    names = {name.removeprefix(LABEL) for name in labels if name.startswith(LABEL)}
    assert names >= {"authority", "registry-password", "registry-http-secret"}
    password = (secrets / "registry" / "swarm.password").read_text().strip()
    assert password not in json.dumps(labels)
    assert all(re.fullmatch(r"sha256:[0-9a-f]{32,64}", labels[LABEL + name]) for name in names)


def test_a_second_controller_is_stopped_before_any_change(hosts, short):
    before = everything(hosts)
    run = playbook(*in_folder(short))
    assert run.code == 2, end(run)
    said = flat(run)
    assert said.count("fatal: ") == 1, end(run)
    assert MISFIT in said
    for what in (
        "certificate authority is missing (pki/ca.crt)",
        "registry's user swarm is missing (registry/swarm.password)",
    ):
        assert what in said, end(run)
    assert "-e swarm_cluster_take_over=true" in said
    assert run.changed == 0
    assert everything(hosts) == before
    assert list(short.iterdir()) == []

    run = playbook(*in_folder(short), name="secrets_check")
    assert run.code == 2, end(run)
    assert "certificate authority (pki/ca.crt): MISSING: the cluster has one" in flat(run)
    assert list(short.iterdir()) == []


def test_a_second_controller_makes_no_second_key_for_backups(manager, short, secrets):
    if SOAK:
        run = playbook(name="backup")
        assert run.code == 0, end(run)
        assert LABEL + "backup-key" in spec(manager)["Labels"]
    else:  # what a first backup leaves of its key, without the backup, which takes long
        _secret_files.make_once(str(secrets / "backup.key"), _secret_files.random_key().encode() + b"\n")
        fingerprint = _controller.of_random("backup-key", (secrets / "backup.key").read_text().strip())
        module("swarm_settings", "node1", labels={LABEL + "backup-key": fingerprint})
    run = playbook(*in_folder(short), name="backup")
    assert run.code == 2, end(run)
    assert "key of the backups (swarm_backup_key_file) is missing" in flat(run)
    assert list(short.iterdir()) == []


def commands() -> list[str]:
    """The commands of the guide, in its order."""
    text = PAGE.read_text(encoding="utf-8")
    blocks = re.findall(r"^\.\. code-block:: console\n\n((?:    .*\n)+)", text, re.MULTILINE)
    found = [line.strip() for block in blocks for line in block.splitlines()]
    assert len(found) == 6
    return found


def test_the_guides_commands_work_with_an_encrypted_folder(home, secrets):
    """Below ``~``, the folder is the same one; what is encrypted with Ansible Vault is read, and stays as it is."""
    folder = home / ".config" / "dockyard" / "swarm.example.org"
    shutil.copytree(secrets, folder)
    (home / ".vault-password").write_text("open sesame")
    known = "-e swarm_cluster_secrets_dir=~/.config/dockyard/swarm.example.org"
    before = None
    for command in commands():
        words = command.replace("inventories/yours", f"{INVENTORY} {known.replace('~', chr(92) + '~')}")
        words = (
            re.sub(r"dockyard\.swarm\.([a-z_]+)", r"playbooks/\1.yml", words)
            if words.startswith("ansible-playbook")
            else words
        )
        if "take_over" in words:  # of the folder as it is now
            words += " --vault-password-file ~/.vault-password"
            if not SOAK and "--check" not in words:
                continue
        environment = dict(os.environ, HOME=str(home), ANSIBLE_SSH_CONTROL_PATH_DIR=os.path.expanduser("~/.ansible/cp"))
        done = subprocess.run(
            words, shell=True, cwd=ROOT, env=environment, text=True, capture_output=True, timeout=300, check=False
        )
        assert done.returncode == 0, f"{command}\n{done.stdout[-6000:]}{done.stderr}"
        if "encrypt" in command:
            before = files(folder)
            assert before["pki/ca.key"].startswith(b"$ANSIBLE_VAULT;")
        elif words.startswith("ansible-playbook"):
            assert set(re.findall(r"changed=(\d+)", done.stdout)) == {"0"}, f"{command}\n{done.stdout[-6000:]}"
    assert files(folder) == before


# Asks the registry through a node's Engine again and again. On the node itself: a connection for each would slow the runs down.
ASK = f"while [ ! -e /run/asked.over ]; do docker login -u ci -p of-the-ci-4711 {REGISTRY}; sleep 0.3; done > /run/asked 2>&1"


@pytest.fixture
def asked(lab):
    """Starts asking on every node, and gives what the Engines answered."""

    def begin() -> None:
        for machine in lab.machines:
            machine.ssh(f"rm -f /run/asked.over; nohup setsid sh -c '{ASK}' > /dev/null 2>&1 < /dev/null &")

    def answers() -> dict[str, list[str]]:
        return {machine.name: machine.ssh("cat /run/asked").stdout.splitlines() for machine in lab.machines}

    yield begin, answers
    for machine in lab.machines:
        machine.ssh("touch /run/asked.over; sleep 1; rm -f /run/asked /run/asked.over; docker logout " + REGISTRY)


def printed(host) -> str:
    """A line that a container printed."""
    marker = uuid.uuid4().hex
    output(host, f"docker run --rm busybox:1 echo {marker}")
    return marker


def arrived(manager, markers) -> set[str]:
    """Which of these lines are at the collector."""
    found = manager.run(f"grep -rhoE '{'|'.join(markers)}' /var/log/swarm --include='*.log'").stdout
    return set(found.split()) & set(markers)


def authorities(host) -> dict[str, int]:
    """How many authorities each file of a host trusts."""
    paths = f"/etc/docker/certs.d/{REGISTRY}/ca.crt /etc/dockyard/logging/*-ca.crt"
    rows = output(host, f"grep -c BEGIN {paths}").splitlines()
    return {path: int(count) for path, count in (row.rsplit(":", 1) for row in rows)}


def test_a_cluster_is_taken_over_while_it_works(lab, hosts, manager, short, secrets, asked):
    """In the soak: pulls and log lines meanwhile, an interruption, and the way back. Else that check mode reports it."""
    users = ["-e", json.dumps({"swarm_registry_users": {"ci": "of-the-ci-4711"}})]
    if not SOAK:
        run = playbook(*in_folder(short), "--check", "-e", "swarm_cluster_take_over=true")
        assert run.code == 0, end(run)
        assert "take over certificate authority" in flat(run)
        assert list(short.iterdir()) == []
        return
    run = playbook(*users)
    assert run.code == 0, end(run)
    begin, answers = asked
    begin()
    markers = []
    ask = f"docker info --format '{{{{index .Swarm.Cluster.Spec.Labels \"{LABEL}authority\"}}}}'"

    def known() -> str:
        return lab.machine("node1").ssh(ask).stdout.strip()

    former = known()
    try:
        # Cut short after the swarm has the new fingerprints: the same controller goes on, and the former one is stopped.
        take_over = [*in_folder(short), *users, "-e", "swarm_cluster_take_over=true"]
        cut = subprocess.Popen(
            ["ansible-playbook", "-i", str(INVENTORY), "playbooks/site.yml", *take_over],
            cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        assert until(lambda: known() != former, 200, 1)[0], (short, known())
        os.killpg(cut.pid, 9)
        cut.wait()
        assert (short / "pki" / "former-ca.crt").is_file()
        stopped = playbook(*users)
        assert stopped.code == 2, end(stopped)
        assert MISFIT in flat(stopped)
        run = playbook(*take_over)
        assert run.code == 0, end(run)
        for host in hosts.values():
            markers.append(printed(host))
            assert set(authorities(host).values()) == {1}, authorities(host)
        assert not (short / "pki" / "former-ca.crt").exists()
        run = playbook(*take_over)
        assert (run.code, run.changed) == (0, 0), end(run)
    finally:
        # And back, by the folder of before.
        back = playbook("-e", "swarm_cluster_take_over=true")
    assert back.code == 0, end(back)
    markers += [printed(host) for host in hosts.values()]
    assert until(lambda: arrived(manager, markers) == set(markers), 30)[0], (markers, arrived(manager, markers))
    for name, said in answers().items():
        assert [line for line in said if "x509" in line or "certificate" in line] == [], name
        assert said.count("Login Succeeded") > 10, said
    run = playbook()
    assert (run.code, run.changed) == (0, 0), end(run)
    assert not (secrets / "pki" / "former-ca.crt").exists()
