# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The controller's folder, as Ansible itself runs the tasks of the first stage, on a host that was read before."""

from __future__ import annotations

import json
import os
import stat
import subprocess
from pathlib import Path

import pytest

from tests.unit.host_example import facts

ROOT = Path(__file__).resolve().parents[3]
TASKS = ROOT / "roles" / "swarm_cluster" / "tasks"
VAULT = ["--vault-password-file", "password"]


@pytest.fixture
def run(tmp_path):
    """Plans, prepares the folder, makes a certificate with it, and says what it has."""
    trusted = "/etc/docker/certs.d/r:5000/ca.crt"
    variables = {
        "swarm_cluster_manager_group": "swarm_managers",
        "swarm_cluster_worker_group": "swarm_workers",
        "swarm_cluster_domain": "swarm.test",
        "swarm_cluster_secrets_dir": f"{tmp_path}/secrets",
        "swarm_cluster_folder": "{{ swarm_cluster_secrets_dir | dockyard.swarm.secrets_folder }}",
        "__swarm_cluster_only_looks": False,
        "__swarm_cluster_key": (
            "{{ __swarm_cluster_pki }}/{{ (__swarm_cluster_change.certificate or {}).name | default('ca') }}.key"
        ),
        "example_contributes": {
            "secrets": [
                {"name": "authority", "file": "pki/ca.crt", "trusted_by": [{"path": trusted}]},
                {"name": "password", "file": "app/password", "length": 32},
                {"name": "key", "file": "app.key"},
            ]
        },
        "__swarm_cluster_wanted": {
            "forms_swarm": False,
            "secrets_dir": "{{ swarm_cluster_secrets_dir }}",
            "secrets": "{{ query('dockyard.swarm.contributions', 'secrets') | first }}",
            "take_over": "{{ take_over | default(false) }}",
        },
        "swarm_cluster_certificates": [{"name": "app", "names": ["app.test"]}],
    }
    tasks = [
        {"ansible.builtin.import_tasks": str(TASKS / "plan.yml")},
        {
            "ansible.builtin.include_tasks": str(TASKS / "controller.yml"),
            "when": "swarm_cluster_plan.controller.steps | length > 0",
        },
        {"ansible.builtin.include_tasks": str(TASKS / "certificate.yml"), "when": "not ansible_check_mode"},
    ]
    play = {"hosts": "m1", "gather_facts": False, "vars": variables, "tasks": tasks}
    (tmp_path / "play.json").write_text(json.dumps([play]))
    (tmp_path / "password").write_text("open sesame")

    def play_it(*arguments, shown=None, **environment):
        files = {trusted: {"sha256": shown, "mode": "0644", "uid": 0, "gid": 0, "link": None}} if shown else {}
        member = {"ansible_connection": "local", "swarm_cluster_node": facts(1, files=files)}
        inventory = {"swarm_managers": {"hosts": {"m1": member}}, "swarm_workers": {"hosts": {}}}
        (tmp_path / "hosts.json").write_text(json.dumps(inventory))
        # Reading a host again is no part of this.
        words = ["ansible-playbook", "-i", str(tmp_path / "hosts.json"), str(tmp_path / "play.json"), *arguments]
        words = [str(tmp_path / word) if word == "password" else word for word in words]
        environ = dict(os.environ, ANSIBLE_CONFIG=str(ROOT / "ansible.cfg"), **environment)
        return subprocess.run(
            words, cwd=tmp_path, env=environ, text=True, capture_output=True, timeout=120, check=False
        )

    return play_it


def files(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_it_is_made_once_and_works_encrypted(run, tmp_path):
    folder = tmp_path / "secrets"
    done = run("--check")
    assert done.returncode == 0, done.stdout + done.stderr
    assert not folder.exists()

    done = run("--skip-tags", "never")
    assert done.returncode == 0, done.stdout + done.stderr
    made = files(folder)
    assert set(made) == {"pki/ca.crt", "pki/ca.key", "pki/app.crt", "pki/app.key", "app/password", "app.key"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*")} == {0o600, 0o700}

    encrypted = [folder / name for name in made]
    subprocess.run(
        ["ansible-vault", "encrypt", "--vault-password-file", str(tmp_path / "password"), *map(str, encrypted)],
        check=True, capture_output=True, timeout=60,
    )  # fmt: skip
    before = files(folder)
    done = run(*VAULT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "changed=0" in done.stdout
    assert files(folder) == before

    done = run()
    assert done.returncode == 2
    said = " ".join((done.stdout + done.stderr).split())
    assert "is encrypted with Ansible Vault and cannot be decrypted (no vault password was given)" in said
    assert "pki/ca" in said
    assert files(folder) == before

    # A certificate is signed by an encrypted key.
    (folder / "pki" / "app.crt").unlink()
    done = run(*VAULT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (folder / "pki" / "app.crt").read_bytes().startswith(b"-----BEGIN CERTIFICATE-----")
    assert {name: text for name, text in files(folder).items() if name != "pki/app.crt"} == {
        name: text for name, text in before.items() if name != "pki/app.crt"
    }


def test_another_folder_than_the_hosts_show_stops_it(run, tmp_path):
    done = run(shown="a" * 64)
    assert done.returncode == 2
    assert "is not the one that this cluster was made with: authority is missing (pki/ca.crt)" in " ".join(
        done.stdout.split()
    )
    assert not (tmp_path / "secrets").exists()


def test_a_missing_home_is_an_error(run, tmp_path):
    """Under a timer there is none; the folder must not become another one then."""
    for path in (
        "~/.config/dockyard/swarm.test",
        "{{ lookup('ansible.builtin.env', 'HOME') }}/.config/dockyard/swarm.test",
    ):
        done = run("-e", json.dumps({"swarm_cluster_secrets_dir": path}), HOME="")
        assert done.returncode == 2, done.stdout + done.stderr
        assert "the environment variable HOME is not set" in " ".join(done.stdout.split())
    assert not Path("/.config").exists()
