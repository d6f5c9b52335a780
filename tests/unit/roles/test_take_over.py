# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A take-over, as Ansible itself runs the role's tasks and handler: what two hosts trust is a file of the computer."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ansible_collections.dockyard.swarm.plugins.plugin_utils import _controller
from tests.unit.host_example import facts

ROOT = Path(__file__).resolve().parents[3]
# What a role writes with the new authority alone, and what the file was before.
APPLY = """---
- name: Look at what is trusted
  ansible.builtin.copy:
    src: "{{ trusted }}"
    dest: "{{ trusted }}.before"
    mode: "0600"
    remote_src: true
- name: Trust the authority
  ansible.builtin.copy:
    content: "{{ swarm_cluster_authority }}"
    dest: "{{ trusted }}"
    mode: "0644"
"""


@pytest.fixture
def former(tmp_path):
    """The file by which both hosts trust the former authority."""
    path = tmp_path / "trusted.crt"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=former"]
        + ["-keyout", "/dev/null", "-out", str(path), "-days", "10"],
        check=True, capture_output=True, timeout=30,
    )  # fmt: skip
    return path


@pytest.fixture
def run(tmp_path, former):
    """Plays the first stage with the role's own files; only reading the hosts again is left out."""
    role = tmp_path / "roles" / "swarm_cluster"
    shutil.copytree(ROOT / "roles" / "swarm_cluster", role)
    (role / "tasks" / "read.yml").write_text("---\n- name: Read nothing\n  ansible.builtin.meta: noop\n")
    example = tmp_path / "roles" / "swarm_example" / "tasks"
    example.mkdir(parents=True)
    (example / "trust.yml").write_text(APPLY)
    # Writing what hosts trust needs root, as on a host.
    (role / "tasks" / "trust-file.yml").write_text(APPLY.replace(".before", ".first"))
    shown = {
        "sha256": hashlib.sha256(former.read_bytes()).hexdigest(),
        "mode": "0644",
        "uid": 0,
        "gid": 0,
        "link": None,
    }
    hosts = {
        name: {
            "ansible_connection": "local",
            "ansible_python_interpreter": sys.executable,
            "swarm_cluster_node": facts(number, files={str(former): shown}),
        }
        for number, name in enumerate(("m1", "w1"), 1)
    }
    groups = {"swarm_managers": {"hosts": {"m1": hosts["m1"]}}, "swarm_workers": {"hosts": {"w1": hosts["w1"]}}}
    (tmp_path / "hosts.json").write_text(json.dumps(groups))
    authority = {"name": "authority", "file": "pki/ca.crt", "trusted_by": [{"path": str(former)}]}
    wanted = {
        "forms_swarm": False,
        "secrets_dir": "{{ swarm_cluster_secrets_dir }}",
        "secrets": "{{ query('dockyard.swarm.contributions', 'secrets') | first }}",
        "take_over": "{{ swarm_cluster_take_over | bool }}",
    }
    play = {
        "hosts": "m1,w1",
        "gather_facts": False,
        "vars": {
            "trusted": str(former),
            "__swarm_cluster_wanted": wanted,
            "example_contributes": {"secrets": [{**authority, "apply": "swarm_example/tasks/trust.yml"}]},
        },
        "tasks": [
            {"ansible.builtin.import_role": {"name": "swarm_cluster", "tasks_from": "plan"}},
            {
                "ansible.builtin.include_role": {"name": "swarm_cluster", "tasks_from": "controller"},
                "when": "swarm_cluster_plan.controller.steps | length > 0",
            },
        ],
    }
    (tmp_path / "play.json").write_text(json.dumps([play]))

    def play_it(*arguments):
        return subprocess.run(
            ["ansible-playbook", "-i", str(tmp_path / "hosts.json"), str(tmp_path / "play.json"), *arguments]
            + ["-e", json.dumps({"swarm_cluster_secrets_dir": f"{tmp_path}/secrets"})],
            cwd=tmp_path, text=True, capture_output=True, timeout=180, check=False,
            env=dict(os.environ, ANSIBLE_ROLES_PATH=str(tmp_path / "roles"), ANSIBLE_CONFIG=str(ROOT / "ansible.cfg")),
        )  # fmt: skip

    return play_it


def test_both_authorities_are_trusted_until_all_hosts_are_done(run, former, tmp_path):
    old = former.read_text()
    done = run("-e", "swarm_cluster_take_over=true")
    assert done.returncode == 0, done.stdout + done.stderr
    new = (tmp_path / "secrets" / "pki" / "ca.crt").read_text()
    assert former.read_text() == new
    before = Path(f"{former}.before").read_text()
    assert old in before
    assert new in before
    assert _controller.fingerprint_of(old) != _controller.fingerprint_of(new)
    assert not (tmp_path / "secrets" / "pki" / _controller.FORMER).exists()
