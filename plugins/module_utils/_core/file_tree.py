# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: whole trees of files, measured, copied, compared; and what is mounted in them.

A copy has all that ``cp -a`` keeps (hard links, holes, extended attributes with ACLs and capabilities, owners, modes,
times, devices, pipes, sockets), and can be brought up to date, which ``cp`` cannot: ``cp -u`` takes a half-written file for
a new one. Here a file gets its time last.
"""

from __future__ import annotations

import os
import shutil
import stat
from typing import Any, Callable, Collection, Dict, Iterable, Tuple

# Attributes that belong to a file. Others belong to a file system (btrfs.*) or are for the kernel alone to write.
KEPT_ATTRIBUTES = ("user.", "trusted.", "security.", "system.posix_acl_")
NOT_OURS = ("security.evm",)
CHUNK = 1 << 20

Mount = Dict[str, Any]
Inode = Tuple[int, int]


class TreeError(Exception):
    """A tree cannot be copied. The text names the path."""


def mounts(path: str = "/proc/self/mountinfo") -> list[Mount]:
    """What is mounted: ``[{point, root, type, device, options}]``, in the order in which it was mounted."""
    found = []
    with open(path, encoding="utf-8", errors="surrogateescape") as handle:
        for line in handle:
            words = line.split()
            rest = words[words.index("-") + 1 :]
            found.append(
                {
                    "point": _unescape(words[4]),
                    "root": _unescape(words[3]),
                    "device": words[2],
                    "type": rest[0],
                    "options": words[5].split(","),
                }
            )
    return found


def _unescape(text: str) -> str:
    head, *rest = text.split("\\")
    return head + "".join(chr(int(part[:3], 8)) + part[3:] for part in rest)


def mount_of(path: str, table: Iterable[Mount]) -> Mount:
    """The mount that a path lies on; of several at one point, the last is the one that is seen."""
    fitting = [item for item in table if is_below(path, item["point"])]
    return max(enumerate(fitting), key=lambda pair: (len(pair[1]["point"]), pair[0]))[1]


def is_below(path: str, folder: str) -> bool:
    """Whether a path is a folder or lies in it."""
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def existing(path: str) -> str:
    """The path itself, or the nearest folder above it that is there."""
    while not os.path.exists(path):
        path = os.path.dirname(path)
    return path


def measure(root: str, skip: Collection[str] = ()) -> tuple[int, int]:
    """(bytes on the disk, files) of a tree that may be in use. Folders in ``skip``, mount points, are left out."""
    size = count = 0
    seen = set()
    stack = [root]
    while stack:
        try:
            entries = list(os.scandir(stack.pop()))
        except OSError:
            continue
        for entry in entries:
            try:
                facts = entry.stat(follow_symlinks=False)
            except OSError:
                continue  # it went meanwhile
            if facts.st_nlink > 1 and not stat.S_ISDIR(facts.st_mode):
                if (facts.st_dev, facts.st_ino) in seen:
                    continue
                seen.add((facts.st_dev, facts.st_ino))
            count += 1
            size += facts.st_blocks * 512
            if stat.S_ISDIR(facts.st_mode) and entry.path not in skip:
                stack.append(entry.path)
    return size, count


def sync(source: str, target: str, since: float = 0.0) -> None:
    """Make ``target`` a copy of ``source``, which nobody writes to.

    :param since: when an earlier copy to ``target`` began, as time since the epoch, if nothing of it can have been lost
        since. Files that are equal there are then kept, unless their source was touched after that. 0 copies everything again.
    """
    links: dict[Inode, str] = {}
    stack = [("", False)]
    while stack:
        name, leave = stack.pop()
        from_, to = os.path.join(source, name), os.path.join(target, name)
        if leave:
            dress(from_, to)
            continue
        stack.append((name, True))
        inside = sorted(os.scandir(from_), key=lambda entry: entry.name)
        for surplus in _have_folder(to) - {entry.name for entry in inside}:
            remove_tree(os.path.join(to, surplus))
        for entry in inside:
            if entry.is_dir(follow_symlinks=False):
                stack.append((os.path.join(name, entry.name), False))
            else:
                facts = entry.stat(follow_symlinks=False)
                _sync_file(entry.path, os.path.join(to, entry.name), facts, since, links)


def _have_folder(path: str) -> set[str]:
    """Make a folder, and give the names that are in it."""
    try:
        os.mkdir(path, 0o700)
    except FileExistsError:
        if stat.S_ISDIR(os.lstat(path).st_mode):
            return set(os.listdir(path))
        os.unlink(path)
        os.mkdir(path, 0o700)
    return set()


def _sync_file(from_: str, to: str, facts: os.stat_result, since: float, links: dict[Inode, str]) -> None:
    there = _lstat(to)
    key = (facts.st_dev, facts.st_ino)
    if key in links:
        if there is None or not os.path.samestat(there, os.lstat(links[key])):
            remove_tree(to)
            os.link(links[key], to, follow_symlinks=False)
        return
    if facts.st_nlink > 1:
        links[key] = to
    # The kernel's clock for files goes in steps.
    if there and facts.st_ctime < since - 1 and difference(from_, facts, to, there) is None:
        return
    remove_tree(to)
    if stat.S_ISREG(facts.st_mode):
        _copy_content(from_, to, facts)
    elif stat.S_ISLNK(facts.st_mode):
        os.symlink(os.readlink(from_), to)
    else:
        os.mknod(to, facts.st_mode, facts.st_rdev)
    dress(from_, to)


def _copy_content(from_: str, to: str, facts: os.stat_result) -> None:
    source = os.open(from_, os.O_RDONLY | os.O_NOFOLLOW | os.O_NOATIME)
    try:
        target = os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            for start, end in _data(source, facts):
                os.lseek(target, start, os.SEEK_SET)
                while start < end:
                    sent = os.sendfile(target, source, start, min(end - start, 1 << 30))
                    if not sent:
                        raise TreeError("%s shrank while it was copied: something still writes to it" % from_)
                    start += sent
            os.ftruncate(target, facts.st_size)
        finally:
            os.close(target)
    finally:
        os.close(source)


def _data(handle: int, facts: os.stat_result) -> list[tuple[int, int]]:
    """The parts of a file that are no holes, as (start, end); what is reserved on the disk and not written yet is one, too."""
    parts, end = [], 0
    while end < facts.st_size:
        try:
            start = os.lseek(handle, end, os.SEEK_DATA)
        except OSError:
            break  # only a hole is left
        end = min(os.lseek(handle, start, os.SEEK_HOLE), facts.st_size)
        parts.append((start, end))
    return parts


def dress(from_: str, to: str) -> None:
    """Owner, mode, attributes and last the times: a changed owner takes capabilities away, and all else changes times."""
    facts = os.lstat(from_)
    os.lchown(to, facts.st_uid, facts.st_gid)
    if not stat.S_ISLNK(facts.st_mode):
        os.chmod(to, stat.S_IMODE(facts.st_mode))
    wanted, have = attributes(from_), attributes(to)
    for name in have:
        if name not in wanted:
            os.removexattr(to, name, follow_symlinks=False)
    for name, value in wanted.items():
        if have.get(name) != value:
            try:
                os.setxattr(to, name, value, follow_symlinks=False)
            except OSError as exc:
                raise TreeError("%s cannot have the attribute %s of %s: %s" % (to, name, from_, exc.strerror)) from exc
    os.utime(to, ns=(facts.st_atime_ns, facts.st_mtime_ns), follow_symlinks=False)


def attributes(path: str) -> dict[str, bytes]:
    """The extended attributes of a file that a copy has to have: name -> value."""
    try:
        names = os.listxattr(path, follow_symlinks=False)
    except OSError:
        return {}
    kept = (name for name in names if name.startswith(KEPT_ATTRIBUTES) and name not in NOT_OURS)
    return {name: os.getxattr(path, name, follow_symlinks=False) for name in kept}


def difference(from_: str, facts: os.stat_result, to: str, there: os.stat_result) -> str | None:
    """How a copy differs from its source, content aside, as a text; None where it does not."""
    if stat.S_IFMT(facts.st_mode) != stat.S_IFMT(there.st_mode):
        return "type"
    if facts.st_mode != there.st_mode:
        return "mode %04o instead of %04o" % (stat.S_IMODE(there.st_mode), stat.S_IMODE(facts.st_mode))
    if (facts.st_uid, facts.st_gid) != (there.st_uid, there.st_gid):
        return "owner %d:%d instead of %d:%d" % (there.st_uid, there.st_gid, facts.st_uid, facts.st_gid)
    if stat.S_ISREG(facts.st_mode) and facts.st_size != there.st_size:
        return "size %d instead of %d" % (there.st_size, facts.st_size)
    if stat.S_ISLNK(facts.st_mode) and os.readlink(from_) != os.readlink(to):
        return "target of the symbolic link"
    if (stat.S_ISCHR(facts.st_mode) or stat.S_ISBLK(facts.st_mode)) and facts.st_rdev != there.st_rdev:
        return "device number"
    if not _same_time(facts.st_mtime_ns, there.st_mtime_ns):
        return "time of its last change"
    if attributes(from_) != attributes(to):
        return "extended attributes"
    return None


def _same_time(wanted: int, have: int) -> bool:
    seconds = wanted // 10**9
    return have in (wanted, seconds * 10**9)  # some file systems store whole seconds


def compare(source: str, target: str, exact: Callable[[str, int], bool] | None = None, most: int = 5) -> list[str]:
    """How the tree ``target`` differs from ``source``: texts, at most ``most`` of them; none where it is a true copy.

    :param exact: ``(name, size) -> bool``: whether the content of a file is compared, too, as without it that of all is.
        ``name`` is the path in the tree.
    """
    found: list[str] = []
    links: dict[tuple[str, int, int], Inode] = {}
    stack = [""]
    while stack and len(found) < most:
        folder = stack.pop()
        from_, to = os.path.join(source, folder), os.path.join(target, folder)
        text = difference(from_, os.lstat(from_), to, os.lstat(to))
        if text:
            found.append("%s: %s" % (to, text))
        inside = {entry.name: entry for entry in os.scandir(from_)}
        names = set(os.listdir(to))
        found += ["%s is missing" % os.path.join(to, name) for name in sorted(set(inside) - names)]
        found += ["%s is surplus" % os.path.join(to, name) for name in sorted(names - set(inside))]
        for name in sorted(names & set(inside)):
            path, copy = os.path.join(folder, name), os.path.join(to, name)
            facts, there = inside[name].stat(follow_symlinks=False), os.lstat(copy)
            if stat.S_ISDIR(facts.st_mode) and stat.S_ISDIR(there.st_mode):
                stack.append(path)
                continue
            text = difference(inside[name].path, facts, copy, there) or _other_links(facts, there, links)
            if not text and stat.S_ISREG(facts.st_mode) and (exact is None or exact(path, facts.st_size)):
                text = None if same_content(inside[name].path, copy) else "content"
            if text:
                found.append("%s: %s" % (copy, text))
    return found[:most]


def _other_links(facts: os.stat_result, there: os.stat_result, links: dict[tuple[str, int, int], Inode]) -> str | None:
    """Whether two files are one file in only one of the two trees."""
    if facts.st_nlink == 1 and there.st_nlink == 1:
        return None
    here, copy = (facts.st_dev, facts.st_ino), (there.st_dev, there.st_ino)
    paired = links.setdefault(("source",) + here, copy) == copy and links.setdefault(("copy",) + copy, here) == here
    return None if paired else "hard links"


def same_content(one: str, other: str) -> bool:
    """Whether two files hold the same bytes."""
    with open(one, "rb") as left, open(other, "rb") as right:
        while True:
            part = left.read(CHUNK)
            if part != right.read(CHUNK):
                return False
            if not part:
                return True


def remove_tree(path: str) -> None:
    """Remove a file, or a folder with all that is in it; one that is not there is fine."""
    there = _lstat(path)
    if there is None:
        return
    if stat.S_ISDIR(there.st_mode):
        shutil.rmtree(path)
    else:
        os.unlink(path)


def _lstat(path: str) -> os.stat_result | None:
    try:
        return os.lstat(path)
    except FileNotFoundError:
        return None


def flush(path: str) -> None:
    """Have everything of the file system at ``path`` on its disk, or raise OSError."""
    handle = os.open(path, os.O_RDONLY)
    try:
        _checked("syncfs", handle)
    finally:
        os.close(handle)


def exchange(one: str, other: str) -> None:
    """Let two paths of one file system change places, at once: at no time is one of them not there."""
    at_cwd, both = -100, 2  # AT_FDCWD, RENAME_EXCHANGE
    _checked("renameat2", at_cwd, os.fsencode(one), at_cwd, os.fsencode(other), both)


def tells_types(folder: str) -> bool:
    """Whether the file system tells the type of a file with its name, which overlay2 needs (``d_type``)."""
    import ctypes

    class Entry(ctypes.Structure):
        _fields_ = (
            ("inode", ctypes.c_uint64),
            ("offset", ctypes.c_int64),
            ("length", ctypes.c_uint16),
            ("type", ctypes.c_uint8),
            ("name", ctypes.c_char * 256),
        )

    libc = ctypes.CDLL(None, use_errno=True)
    libc.opendir.restype = ctypes.c_void_p
    libc.readdir.argtypes, libc.readdir.restype = [ctypes.c_void_p], ctypes.POINTER(Entry)
    libc.closedir.argtypes = [ctypes.c_void_p]
    stream = libc.opendir(os.fsencode(folder))
    if not stream:
        raise OSError(ctypes.get_errno(), "cannot be listed", folder)
    try:
        entry = libc.readdir(stream)
        return bool(entry) and entry.contents.type != 0
    finally:
        libc.closedir(stream)


def _checked(name: str, *arguments: int | bytes) -> None:
    import ctypes  # costs a module more than the rest of this file

    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(*arguments) != 0:
        code = ctypes.get_errno()
        raise OSError(code, "%s: %s" % (name, os.strerror(code)))
