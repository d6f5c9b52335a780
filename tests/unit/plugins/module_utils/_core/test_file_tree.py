# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Copies on this computer's own disk; owners, devices and capabilities are seen to on the machines."""

from __future__ import annotations

import os
import stat
import time

import pytest

from ansible_collections.dockyard.swarm.plugins.module_utils._core import file_tree

LONG_AGO = 1_000_000_000_123_456_789


@pytest.fixture
def source(tmp_path):
    root = tmp_path / "source"
    inner = root / "overlay2" / "l"
    inner.mkdir(parents=True)
    (root / "file").write_text("x" * 100)
    os.chmod(root / "file", 0o4750)
    os.setxattr(root / "file", "user.dockyard", b"1")
    os.link(root / "file", inner / "other name")
    os.symlink("../nowhere", inner / "link")
    os.utime(inner / "link", ns=(LONG_AGO, LONG_AGO), follow_symlinks=False)
    os.mkfifo(root / "pipe", 0o640)
    os.mknod(root / "socket", stat.S_IFSOCK | 0o600)
    with open(root / "sparse", "wb") as out:
        out.seek(1 << 20)
        out.write(b"end")
        out.truncate(1 << 21)
    (root / os.fsdecode(b"\xff")).write_bytes(b"")
    os.setxattr(inner, "user.opaque", b"y")
    os.utime(inner, ns=(LONG_AGO, LONG_AGO))
    return root


def sync(source, target, since=0.0):
    file_tree.sync(str(source), str(target), since)


def compare(source, target):
    return file_tree.compare(str(source), str(target))


def test_a_copy_is_like_its_source_and_has_its_holes(source, tmp_path):
    target = tmp_path / "target"
    sync(source, target)
    assert compare(source, target) == []
    assert os.path.samefile(target / "file", target / "overlay2" / "l" / "other name")
    assert os.stat(target / "sparse").st_blocks <= os.stat(source / "sparse").st_blocks
    assert os.stat(target / "overlay2" / "l").st_mtime_ns == LONG_AGO


def change_content(root):
    facts = os.stat(root / "file")
    (root / "file").write_text("y" * 100)
    os.utime(root / "file", ns=(facts.st_atime_ns, facts.st_mtime_ns))


def unlink_one(root):
    os.unlink(root / "overlay2" / "l" / "other name")
    (root / "overlay2" / "l" / "other name").write_text("x" * 100)


def retype(root):
    os.unlink(root / "pipe")
    (root / "pipe").mkdir()


CHANGES = [
    (change_content, "content"),
    (unlink_one, "mode|time|hard links"),
    (retype, "type"),
    (lambda root: os.unlink(root / "sparse"), "missing"),
    (lambda root: (root / "surplus").write_text(""), "surplus"),
    (lambda root: os.chmod(root / "file", 0o640), "mode 0640 instead of 4750"),
    (lambda root: os.truncate(root / "sparse", 5), "size 5 instead of"),
    (lambda root: os.setxattr(root / "file", "user.dockyard", b"2"), "extended attributes"),
    (lambda root: os.removexattr(root / "overlay2" / "l", "user.opaque"), "extended attributes"),
    (lambda root: os.utime(root / "pipe"), "time of its last change"),
]


@pytest.mark.parametrize(("harm", "words"), CHANGES)
def test_what_is_wrong_with_a_copy_is_told_and_made_right(source, tmp_path, harm, words):
    target = tmp_path / "target"
    sync(source, target)
    harm(target)
    found = "; ".join(compare(source, target))
    assert any(word in found for word in words.split("|")), found
    sync(source, target)
    assert compare(source, target) == []


@pytest.mark.parametrize(("harm", "_words"), CHANGES)
def test_a_copy_that_was_begun_is_brought_up_to_date(source, tmp_path, harm, _words):
    target, begun = tmp_path / "target", time.time()
    time.sleep(0.02)
    sync(source, target)
    harm(source)
    sync(source, target, begun)
    assert compare(source, target) == []


def test_what_has_not_changed_is_not_copied_twice(source, tmp_path):
    target = tmp_path / "target"
    sync(source, target)
    before = os.stat(target / "sparse").st_ctime_ns
    time.sleep(0.02)
    sync(source, target, time.time() + 10)
    assert os.stat(target / "sparse").st_ctime_ns == before
    sync(source, target, 0.0)
    assert os.stat(target / "sparse").st_ctime_ns != before


def test_half_a_file_is_not_taken_for_a_whole_one(source, tmp_path):
    target = tmp_path / "target"
    sync(source, target)
    with open(target / "file", "w", encoding="ascii") as out:
        out.write("x" * 50)
    sync(source, target, time.time() + 10)
    assert compare(source, target) == []


def test_hard_links_are_paired_though_names_outside_share_them(source, tmp_path):
    os.link(source / "sparse", tmp_path / "outside")
    sync(source, tmp_path / "target")
    assert compare(source, tmp_path / "target") == []


def test_two_files_made_one_are_told(source, tmp_path):
    (source / "a").write_text("same")
    (source / "b").write_text("same")
    for name in ("a", "b"):
        os.utime(source / name, ns=(LONG_AGO, LONG_AGO))
    sync(source, tmp_path / "target")
    os.unlink(tmp_path / "target" / "b")
    os.link(tmp_path / "target" / "a", tmp_path / "target" / "b")
    os.utime(tmp_path / "target", ns=(LONG_AGO, os.stat(source).st_mtime_ns))
    assert any("hard links" in text for text in compare(source, tmp_path / "target"))


def test_size_counts_what_is_on_the_disk_once_and_not_what_is_mounted(source):
    size, files = file_tree.measure(str(source))
    assert 100 < size < 1 << 19  # the holes are not there
    assert files == 8
    assert file_tree.measure(str(source), [str(source / "overlay2" / "l")])[1] == 7


MOUNTINFO = """
22 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw
30 22 8:2 / /srv rw - xfs /dev/sdb rw
31 22 8:1 /var/lib/docker /var/lib/docker rw shared:9 - ext4 /dev/sda1 rw
32 31 0:40 / /var/lib/docker/overlay2/x\\040y/merged rw - overlay overlay rw
33 30 8:3 / /srv ro,noexec - ext4 /dev/sdc rw
"""


def test_mounts_are_read_and_the_upper_one_counts(tmp_path):
    (tmp_path / "mountinfo").write_text(MOUNTINFO.lstrip())
    table = file_tree.mounts(str(tmp_path / "mountinfo"))
    assert table[3]["point"] == "/var/lib/docker/overlay2/x y/merged"
    assert file_tree.mount_of("/srv/docker", table)["type"] == "ext4"
    assert file_tree.mount_of("/srvx", table)["point"] == "/"
    assert file_tree.mount_of("/var/lib/docker/volumes", table)["root"] == "/var/lib/docker"


def test_paths_change_places_at_once(tmp_path):
    (tmp_path / "folder").mkdir()
    os.symlink("folder", tmp_path / "link")
    file_tree.exchange(str(tmp_path / "folder"), str(tmp_path / "link"))
    assert (tmp_path / "folder").is_symlink()
    assert (tmp_path / "link").is_dir()
    with pytest.raises(OSError, match="renameat2"):
        file_tree.exchange(str(tmp_path / "folder"), str(tmp_path / "nothing"))


def test_file_systems_that_tell_types(tmp_path):
    assert file_tree.tells_types(str(tmp_path)) is True
    with pytest.raises(OSError, match="cannot be listed"):
        file_tree.tells_types(str(tmp_path / "nothing"))
