# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The controller's folder: its path, files made once, and files of Ansible Vault."""

from __future__ import annotations

import os
import stat
from concurrent.futures import ThreadPoolExecutor

import pytest
from ansible.parsing.vault import VaultLib, VaultSecret

from ansible_collections.dockyard.swarm.plugins.plugin_utils import _controller, _secret_files

PASSWORD = "Abcdefghijklmnopqrstuvwxyz012345"


@pytest.mark.parametrize(
    ("path", "home", "wrong"),
    [
        ("/srv/x", None, None),
        ("~/x", "/home/me", None),
        ("~root/x", None, None),
        ("~/x", None, "HOME is not set"),
        ("~", "", "HOME is not set"),
        # As an inventory has it that asks for the variable itself.
        ("/.config/dockyard/swarm.internal", None, "HOME is not set"),
        ("secrets", "/home/me", "is 'secrets', which is no absolute path"),
        ("", "/home/me", "no absolute path"),
        ("~nobody-here/x", "/home/me", "a user who does not exist"),
    ],
)  # fmt: skip
def test_the_folder_is_an_absolute_path(path, home, wrong):
    found = _secret_files.folder_problem(path, home)
    assert (found is None) == (wrong is None)
    if wrong:
        assert wrong in found
        assert found.startswith("swarm_cluster_secrets_dir is ")
        assert "set swarm_cluster_secrets_dir to an absolute path on the controller" in found


def test_the_home_folder_is_expanded_in_one_place(monkeypatch):
    monkeypatch.setenv("HOME", "/home/me")
    assert _secret_files.folder("~/x/") == "/home/me/x"
    monkeypatch.delenv("HOME")
    with pytest.raises(_secret_files.SecretFileError, match="HOME is not set"):
        _secret_files.folder("~/x")


def test_of_many_runs_at_once_one_makes_the_file(tmp_path):
    path = str(tmp_path / "a" / "b" / "password")
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda number: _secret_files.make_once(path, b"%d" % number), range(40)))
    assert sum(made) == 1
    assert _secret_files.read(path) == b"%d" % made.index(True)
    assert os.listdir(tmp_path / "a" / "b") == ["password"]
    assert [stat.S_IMODE(os.stat(item).st_mode) for item in (path, tmp_path / "a")] == [0o600, 0o700]


def test_an_encrypted_file_needs_its_password(tmp_path):
    secret = VaultSecret(b"open sesame")
    path = tmp_path / "key"
    path.write_bytes(VaultLib([("default", secret)]).encrypt("text\n", secret))
    assert _secret_files.is_encrypted(path)
    with pytest.raises(
        _secret_files.SecretFileError, match="key is encrypted with Ansible Vault and cannot be decrypted"
    ):
        _secret_files.read(str(path))
    assert _secret_files.read(str(path), lambda _path: "text\n") == b"text\n"


def test_fingerprints_tell_random_texts_apart_and_nothing_of_others():
    mine = _controller.of_random("a", PASSWORD)
    assert mine.startswith("sha256:")
    assert len({mine, _controller.of_random("b", PASSWORD), _controller.of_random("a", PASSWORD[::-1])}) == 3
    for guessable in ("hunter2", "correct horse battery staple and so on", "a" * 40, "0123456789" * 5):
        assert _controller.of_random("a", guessable) == _controller.NO_FINGERPRINT


def test_what_several_roles_say_of_one_secret_is_put_together():
    items = [
        {"name": "authority", "file": "pki/ca.crt", "trusted_by": [{"path": "/a"}], "apply": "a.yml"},
        {
            "name": "authority",
            "file": "pki/ca.crt",
            "what": "authority",
            "trusted_by": [{"path": "/a"}, {"path": "/b"}],
        },
    ]
    (found,) = _controller.merged(items)
    assert (found["trusted_by"], found["apply"], found["what"]) == (
        [{"path": "/a"}, {"path": "/b"}],
        ["a.yml"],
        "authority",
    )
    with pytest.raises(Exception, match=r"secret authority is in pki/ca\.crt for one role and in x for another"):
        _controller.merged([*items, {"name": "authority", "file": "x"}])


def test_generated_passwords_have_letters_and_digits():
    for _try in range(50):
        assert _controller.of_random("a", _secret_files.random_password(32)) != _controller.NO_FINGERPRINT
        assert _controller.of_random("a", _secret_files.random_key()) != _controller.NO_FINGERPRINT


def test_a_key_without_a_digit_is_drawn_again(monkeypatch):
    drawn = iter([bytes(32), bytes(range(32))])
    monkeypatch.setattr(_secret_files.os, "urandom", lambda _size: next(drawn))
    assert _secret_files.random_key() == "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
