# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The archive of a backup, and the steps of a restore on the disk, which may be cut short anywhere."""

from __future__ import annotations

import io
import json
import os
import stat
import tarfile

import pytest

from ansible_collections.dockyard.swarm.plugins.module_utils._recovery import archive
from ansible_collections.dockyard.swarm.plugins.module_utils._recovery import restore_steps as steps
from ansible_collections.dockyard.swarm.plugins.module_utils._recovery.manifest import BackupError
from tests.unit.recovery_example import MANIFEST


def make_state(folder, key=b"key"):
    """A swarm folder as the Engine has it; its path."""
    for name, content in {
        "docker-state.json": b"{}",
        "state.json": b"[]",
        "certificates/swarm-node.crt": b"certificate",
        "certificates/swarm-node.key": key,
        "raft/wal-v3-encrypted/0-0.wal": b"\0" * 300_000,
    }.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.write_bytes(content)
    (folder / "certificates" / "swarm-node.key").chmod(0o600)
    (folder / "raft" / "empty").mkdir(exist_ok=True)
    os.utime(folder / "state.json", (1_700_000_000, 1_700_000_000))
    return str(folder)


@pytest.fixture
def made(tmp_path):
    """``(**changes of the manifest) -> path of an archive``."""

    def make(unlock_key=None, **changes):
        folder = make_state(tmp_path / "state")
        path = tmp_path / "archive"
        path.unlink(missing_ok=True)
        manifest = {**MANIFEST, "files": archive.listing(folder), **changes}
        archive.pack(folder, manifest, unlock_key, str(path))
        return path

    return make


def check(path, into=None):
    with open(path, "rb") as source:
        return archive.check(source, into)


def test_all_comes_back_as_it_was(made, tmp_path):
    path = made()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    manifest, unlock_key = check(path, str(tmp_path / "new"))
    assert unlock_key is None
    assert manifest["cluster_id"] == MANIFEST["cluster_id"]
    assert archive.listing(str(tmp_path / "new")) == manifest["files"]
    assert (tmp_path / "new" / "raft" / "empty").is_dir()
    for name in ("certificates/swarm-node.key", "state.json", "raft"):
        old, new = (os.stat(tmp_path / top / name) for top in ("state", "new"))
        assert (old.st_mode, old.st_uid, int(old.st_mtime)) == (new.st_mode, new.st_uid, int(new.st_mtime))


def test_a_locked_swarm_has_its_key_with_it(made):
    assert check(made("SWMKEY-1-x", autolock=True))[1] == "SWMKEY-1-x"
    with pytest.raises(BackupError, match="has no key"):
        check(made(None, autolock=True))


def test_a_state_without_what_a_manager_needs(tmp_path):
    folder = make_state(tmp_path / "state")
    os.unlink(f"{folder}/certificates/swarm-node.key")
    with pytest.raises(BackupError, match=r"has no certificates/swarm-node\.key"):
        archive.listing(folder)


def test_other_content_than_its_list_tells(made):
    files = archive.listing(make_state(made().parent / "state"))
    files[0]["sha256"] = "0" * 64
    with pytest.raises(BackupError, match=f"damaged: {files[0]['path']}"):
        check(made(files=files))
    with pytest.raises(BackupError, match="damaged"):
        check(made(files=files[1:]))


def test_another_format(made):
    with pytest.raises(BackupError, match="has format 2, and this collection reads 1"):
        check(made(format=2))


def test_damage(made, tmp_path):
    path = made()
    data = path.read_bytes()
    for wrong in (b"", b"text", data[:200], data[: len(data) // 2]):
        path.write_bytes(wrong)
        with pytest.raises(BackupError):
            check(path)


@pytest.mark.parametrize("name", ["swarm/../../x", "/x", "other/x", "swarm/link"])
def test_nothing_leads_out_of_the_folder(tmp_path, name):
    path = tmp_path / "archive"
    with tarfile.open(path, "w:gz") as tar:
        for member, text in (("manifest.json", json.dumps({**MANIFEST, "files": []})), (name, "x")):
            item = tarfile.TarInfo(member)
            item.size = len(text)
            if member == "swarm/link":
                item.type, item.linkname, item.size = tarfile.SYMTYPE, "/etc", 0
            tar.addfile(item, io.BytesIO(text.encode()))
    with pytest.raises(BackupError, match="has no place in it"):
        check(path, str(tmp_path / "new"))
    assert not (tmp_path / "x").exists()


class TestSteps:
    @pytest.fixture
    def root(self, tmp_path):
        (tmp_path / "root" / "swarm").mkdir(parents=True)
        (tmp_path / "root" / "swarm" / "old").touch()
        return tmp_path / "root"

    def unpack(self, made, root):
        with open(made(), "rb") as source:
            steps.unpack(source, str(root))

    def test_one_after_the_other(self, made, root):
        self.unpack(made, root)
        assert os.listdir(root / "swarm") == ["old"]
        steps.place(str(root))
        steps.clear(str(root))
        assert (root / "swarm" / "state.json").is_file()
        assert not (root / "swarm" / "old").exists()
        assert os.listdir(root) == ["swarm"]

    def test_where_there_is_no_folder_yet(self, made, root):
        (root / "swarm" / "old").unlink()
        (root / "swarm").rmdir()
        self.unpack(made, root)
        steps.place(str(root))
        assert (root / "swarm" / "state.json").is_file()

    def test_what_an_earlier_run_left_goes(self, made, root):
        """Cut short while it was unpacked, or after the two changed places."""
        (root / steps.INCOMING / "raft").mkdir(parents=True)
        (root / steps.INCOMING / "rest").touch()
        self.unpack(made, root)
        assert not (root / steps.INCOMING / "rest").exists()
        steps.place(str(root))
        self.unpack(made, root)
        steps.place(str(root))
        steps.clear(str(root))
        assert os.listdir(root) == ["swarm"]
        assert (root / "swarm" / "state.json").is_file()

    def test_a_damaged_one_leaves_nothing(self, made, root):
        data = made().read_bytes()
        with pytest.raises(BackupError):
            steps.unpack(io.BytesIO(data[:-300]), str(root))
        assert os.listdir(root) == ["swarm"]
        assert os.listdir(root / "swarm") == ["old"]
