# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Backups on the controller: encrypted, whole or not there, and never fewer than before."""

from __future__ import annotations

import base64
import os
import stat
import subprocess
from pathlib import Path

import pytest

from ansible_collections.dockyard.swarm.plugins.module_utils._recovery.archive import content, listing, pack
from ansible_collections.dockyard.swarm.plugins.plugin_utils import _backup_store as store
from tests.unit.plugins.module_utils._recovery.test_archive import make_state
from tests.unit.plugins.plugin_utils.test_node_key import ENCRYPTED, OTHER, UNLOCK
from tests.unit.recovery_example import CLUSTER, MANIFEST

SECRET = b"the certificate authority's key"


@pytest.fixture
def archive(tmp_path):
    """``(day, **changes) -> bytes`` of an archive with a secret in it."""

    def make(day=1, unlock_key=None, node_key=SECRET, **changes):
        folder = make_state(tmp_path / f"state{day}", key=node_key)
        manifest = {
            **MANIFEST,
            "created": f"2026-03-{day:02}T00:00:00Z",
            "files": listing(folder),
            **changes,
        }
        path = tmp_path / f"archive{day}"
        pack(folder, manifest, unlock_key, str(path))
        return path.read_bytes()

    return make


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "secrets" / "backups"


@pytest.fixture
def key(folder):
    return store.have_key(str(folder.parent / "backup.key"))


def mode(path):
    return stat.S_IMODE(os.stat(path).st_mode)


def test_kept_for_its_owner_alone_and_encrypted(archive, folder, key):
    made = archive()
    path, gone = store.keep(made, str(folder), key, 3)
    assert path == str(folder / "7b5gqv0vkrcz-20260301T000000Z.backup")
    assert gone == []
    assert (mode(path), mode(folder), mode(folder.parent / "backup.key")) == (0o600, 0o700, 0o600)
    text = (folder / path).read_bytes()
    assert SECRET not in text
    assert CLUSTER.encode() not in text
    data, manifest = store.read(path, key)
    assert data == made
    assert manifest["cluster_id"] == CLUSTER
    assert os.listdir(folder) == [os.path.basename(path)]


def test_the_key_is_never_replaced(folder, key):
    path = folder.parent / "backup.key"
    assert store.have_key(str(path)) == key
    path.write_text("broken")
    with pytest.raises(store.StoreError, match="cannot be read"):
        store.have_key(str(path))
    assert path.read_text() == "broken"
    assert os.listdir(folder.parent) == ["backup.key"]


def test_no_key(folder):
    with pytest.raises(store.StoreError, match=r"there is no key .*backup\.key"):
        store.read_key(str(folder / "backup.key"))


def test_another_key(archive, folder, key):
    path, _gone = store.keep(archive(), str(folder), key, 3)
    with pytest.raises(store.StoreError, match="was made with another key"):
        store.read(path, os.urandom(32))


@pytest.mark.parametrize("place", [5, 60, 200, -1])
def test_a_changed_byte_is_found(archive, folder, key, place):
    path, _gone = store.keep(archive(), str(folder), key, 3)
    data = bytearray((folder / path).read_bytes())
    data[place] ^= 1
    (folder / path).write_bytes(data)
    with pytest.raises(store.StoreError, match="damaged"):
        store.read(path, key)


@pytest.mark.parametrize("length", [0, 20, 45, 300, -1])
def test_one_cut_short_is_found(archive, folder, key, length):
    path, _gone = store.keep(archive(), str(folder), key, 3)
    (folder / path).write_bytes((folder / path).read_bytes()[:length])
    with pytest.raises(store.StoreError, match="damaged"):
        store.read(path, key)


def test_another_format(archive, folder, key):
    path, _gone = store.keep(archive(), str(folder), key, 3)
    data = (folder / path).read_bytes()
    (folder / path).write_bytes(data.replace(b"backup 1 key", b"backup 2 key", 1))
    with pytest.raises(store.StoreError, match="has format 2, and this collection reads 1"):
        store.read(path, key)
    with pytest.raises(store.StoreError, match="format 2"):
        store.keep(archive(2, format=2), str(folder), key, 3)


def test_the_oldest_go_once_the_new_one_is_there(archive, folder, key):
    paths = [store.keep(archive(day), str(folder), key, 2) for day in (1, 2, 3)]
    assert [gone for _path, gone in paths] == [[], [], [paths[0][0]]]
    assert sorted(os.listdir(folder)) == [os.path.basename(path) for path, _gone in paths[1:]]


def test_nothing_goes_where_the_new_one_is_bad(archive, folder, key, monkeypatch):
    first, _gone = store.keep(archive(1), str(folder), key, 1)
    with pytest.raises(store.StoreError, match="damaged"):
        store.keep(archive(2)[:-200], str(folder), key, 1)
    assert os.listdir(folder) == [os.path.basename(first)]
    # A disk that gives back something else than what was written.
    monkeypatch.setattr(store, "_write", lambda path, data: Path(path).write_bytes(data[:-1]))
    with pytest.raises(store.StoreError, match="damaged"):
        store.keep(archive(3), str(folder), key, 1)
    assert os.path.basename(first) in os.listdir(folder)


def test_found_by_name_path_or_as_the_newest(archive, folder, key):
    paths = [store.keep(archive(day), str(folder), key, 5)[0] for day in (1, 2)]
    assert store.find(str(folder)) == paths[1]
    assert store.find(str(folder), os.path.basename(paths[0])) == paths[0]
    assert store.find("/elsewhere", paths[0]) == paths[0]
    with pytest.raises(store.StoreError, match=r"there is no x\.backup"):
        store.find(str(folder), "x.backup")
    with pytest.raises(store.StoreError, match="there is no backup in"):
        store.find(str(folder / "none"))


def test_the_newest_of_two_swarms_has_to_be_named(archive, folder, key):
    store.keep(archive(1), str(folder), key, 5)
    store.keep(archive(2, cluster_id="otherswarm0000000"), str(folder), key, 5)
    with pytest.raises(store.StoreError, match="of 2 swarms"):
        store.find(str(folder))


def test_other_programs_find_it_in_memory(archive, tmp_path):
    data = archive()
    with store.as_file(data) as path:
        done = subprocess.run(["cat", path], capture_output=True, check=True)
        assert os.path.isfile(path)
    assert done.stdout == data
    assert not os.path.exists(path)


def test_keys_are_text(folder, key):
    assert base64.b64decode((folder.parent / "backup.key").read_text()) == key


class TestLocked:
    """A manager that is locked cannot start alone, so that its key is opened when the backup is made."""

    def test_opened(self, archive, folder, key):
        data = archive(unlock_key=UNLOCK, node_key=ENCRYPTED.encode(), autolock=True)
        opened, keys = store.with_decrypted_key(data)
        assert keys == [UNLOCK]
        text = content(opened, "certificates/swarm-node.key").decode()
        assert text.startswith("-----BEGIN PRIVATE KEY-----")
        # All else is as it was, and the list of files tells of the new one.
        path = store.keep(opened, str(folder), key, 3)[0]
        old, new = (
            {item["path"]: item["sha256"] for item in store.check(made, "x")["files"]}
            for made in (data, store.read(path, key)[0])
        )
        assert [name for name in old if old[name] != new[name]] == ["certificates/swarm-node.key"]
        assert store.with_decrypted_key(opened)[0] == opened

    def test_an_older_one_with_a_key_that_the_controller_keeps(self, archive):
        data = archive(unlock_key=OTHER, node_key=ENCRYPTED.encode(), autolock=True)
        assert store.with_decrypted_key(data, [UNLOCK])[0] != data
        with pytest.raises(store.StoreError, match="is encrypted, and none of 1 unlock keys opens it"):
            store.with_decrypted_key(data)

    def test_one_of_a_swarm_that_locks_nobody(self, archive):
        data = archive()
        assert store.with_decrypted_key(data) == (data, [])
