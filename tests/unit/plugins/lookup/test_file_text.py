# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files of the controller, as a play reads them, with Ansible's own secrets of the vault."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from ansible.parsing.vault import VaultLib, VaultSecret

ROOT = Path(__file__).resolve().parents[4]


def test_files_are_read_as_they_are_and_what_is_not_there_is_empty(tmp_path):
    secret = VaultSecret(b"open sesame")
    (tmp_path / "password").write_bytes(secret.bytes)
    (tmp_path / "a.crt").write_bytes("key  \nwörd\r\n\n".encode())
    (tmp_path / "vault.key").write_bytes(VaultLib([("default", secret)]).encrypt("{{ the }} key\n", secret))
    asked = [f"{tmp_path}/a.crt", f"{tmp_path}/vault.key", f"{tmp_path}/missing.crt", str(tmp_path), "~/a.crt"]
    write = {
        "content": "{{ query('dockyard.swarm.file_text', *asked) | to_json }}",
        "dest": f"{tmp_path}/out.json",
    }
    task = {"ansible.builtin.copy": write, "vars": {"asked": asked}}
    play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": [task]}
    (tmp_path / "play.json").write_text(json.dumps([play]), encoding="utf-8")
    done = subprocess.run(
        ["ansible-playbook", "--vault-password-file", str(tmp_path / "password"), str(tmp_path / "play.json")],
        cwd=ROOT, env=dict(os.environ, HOME=str(tmp_path)), text=True, capture_output=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    assert found == ["key  \nwörd\r\n\n", "{{ the }} key\n", "", "", "key  \nwörd\r\n\n"]
