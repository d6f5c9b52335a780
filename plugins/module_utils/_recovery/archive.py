# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: the archive of a backup, written on a manager and read on both sides.

A tar.gz that begins with ``manifest.json``, and where the managers are locked has the key as ``unlock-key``; the rest is the
Engine's swarm folder, below ``swarm``.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import stat
import tarfile
import zlib
from typing import IO, TYPE_CHECKING, Iterable

from .manifest import FORMAT, BackupError

if TYPE_CHECKING:
    from .manifest import File, Manifest


MANIFEST = "manifest.json"
UNLOCK_KEY = "unlock-key"
SWARM = "swarm"
CHUNK = 1 << 20
# What a manager cannot be without; a star stands for one name or more.
NEEDED = ("docker-state.json", "state.json", "certificates/swarm-node.crt", "certificates/swarm-node.key", "raft/")


def listing(folder: str) -> list[File]:
    """The files of a folder, as a manifest lists them: ``[{path, size, sha256}]``."""
    found: list[File] = []
    for top, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = os.path.join(top, name)
            if not stat.S_ISREG(os.lstat(path).st_mode):
                raise BackupError("%s is no plain file" % path)
            with open(path, "rb") as handle:
                size, digest = _copy(handle)
            found.append({"path": os.path.relpath(path, folder), "size": size, "sha256": digest})
    lacking = missing([item["path"] for item in found])
    if lacking:
        raise BackupError("%s has no %s" % (folder, ", ".join(lacking)))
    return found


def missing(paths: Iterable[str]) -> list[str]:
    """What a manager's state has to have, and these files do not."""
    return [
        need
        for need in NEEDED
        if not any(path == need or (need[-1] == "/" and path.startswith(need)) for path in paths)
    ]


def pack(folder: str, manifest: Manifest, unlock_key: str | None, target: str) -> None:
    """Write the archive of a folder, for root alone."""
    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as out:
        with _packed(out) as tar:
            _add(tar, MANIFEST, json.dumps(manifest, indent=1, sort_keys=True))
            if unlock_key:
                _add(tar, UNLOCK_KEY, unlock_key)
            tar.add(folder, SWARM)
        out.flush()
        os.fsync(out.fileno())


def _packed(out: IO[bytes]) -> tarfile.TarFile:
    return tarfile.open(fileobj=out, mode="w:gz", compresslevel=6)


def _add(tar: tarfile.TarFile, name: str, text: str) -> None:
    data = text.encode()
    item = tarfile.TarInfo(name)
    item.size, item.mode = len(data), 0o600
    tar.addfile(item, io.BytesIO(data))


def replace(data: bytes, path: str, content: bytes) -> bytes:
    """An archive, as bytes, with other content in one of its files, and in its list of files."""
    made = io.BytesIO()
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as old, _packed(made) as new:
        for item in old:
            if item.name == MANIFEST:
                manifest = json.loads(_read(old, item).decode())
                for entry in manifest["files"]:
                    if entry["path"] == path:
                        entry.update(size=len(content), sha256=hashlib.sha256(content).hexdigest())
                _add(new, MANIFEST, json.dumps(manifest, indent=1, sort_keys=True))
            elif item.name == "%s/%s" % (SWARM, path):
                item.size = len(content)
                new.addfile(item, io.BytesIO(content))
            else:
                new.addfile(item, old.extractfile(item) if item.isreg() else None)
    return made.getvalue()


def content(data: bytes, path: str) -> bytes:
    """One of the files of an archive that was checked."""
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as tar:
        return _read(tar, tar.getmember("%s/%s" % (SWARM, path)))


def check(source: IO[bytes], into: str | None = None) -> tuple[Manifest, str | None]:
    """Read an archive to its end and check all of it: ``(manifest, unlock key or None)``.

    :param source: a binary file object.
    :param into: a folder that is not there yet: it becomes the swarm folder.
    """
    try:
        with tarfile.open(fileobj=source, mode="r|gz") as tar:
            return _check(tar, into)
    except (tarfile.TarError, zlib.error, EOFError, OSError, ValueError, KeyError, TypeError) as exc:
        if isinstance(exc, OSError) and exc.errno:
            raise BackupError("the backup cannot be unpacked: %s" % exc) from exc
        raise BackupError("the backup is damaged: %s" % exc) from exc


def _check(tar: tarfile.TarFile, into: str | None) -> tuple[Manifest, str | None]:
    unlock_key: str | None = None
    seen: dict[str, tuple[int, str]] = {}
    dates: list[tuple[str, tarfile.TarInfo]] = []
    items = iter(tar)
    manifest = _manifest(tar, next(items, None))
    for item in items:
        if item.name == UNLOCK_KEY:
            unlock_key = _read(tar, item).decode()
        else:
            path = _inside(item)
            target = os.path.join(into, path) if into else None
            if item.isdir():
                if target:
                    os.makedirs(target, 0o700, exist_ok=True)
                    dates.append((target, item))
                continue
            seen[path] = _file(tar, item, target)
    wanted = {entry["path"]: (entry["size"], entry["sha256"]) for entry in manifest["files"]}
    wrong = sorted(path for path in set(wanted) | set(seen) if wanted.get(path) != seen.get(path))
    if wrong or missing(wanted):
        raise BackupError("the backup is damaged: %s" % ", ".join((wrong or missing(wanted))[:5]))
    if manifest["autolock"] and not unlock_key:
        raise BackupError("the backup is damaged: its managers are locked, and it has no key for them")
    for target, item in reversed(dates):
        _dress(target, item)
    return manifest, unlock_key


def _manifest(tar: tarfile.TarFile, item: tarfile.TarInfo | None) -> Manifest:
    if item is None or item.name != MANIFEST:
        raise BackupError("the backup is damaged: it does not begin with its list of files")
    manifest: Manifest = json.loads(_read(tar, item).decode())
    if manifest["format"] != FORMAT:
        raise BackupError(
            "the backup has format %s, and this collection reads %d: take the collection that made it"
            % (manifest["format"], FORMAT)
        )
    return manifest


def _inside(item: tarfile.TarInfo) -> str:
    """The path of a member in the swarm folder; nothing may lead out of it."""
    top, _sep, path = item.name.partition("/")
    if top != SWARM or not (item.isdir() or item.isreg()) or ".." in path.split("/"):
        raise BackupError("the backup is damaged: %s has no place in it" % item.name)
    return path


def _file(tar: tarfile.TarFile, item: tarfile.TarInfo, target: str | None) -> tuple[int, str]:
    source = _opened(tar, item)
    if not target:
        return _copy(source)
    with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        done = _copy(source, out)
        out.flush()
        os.fsync(out.fileno())
    _dress(target, item)
    return done


def _opened(tar: tarfile.TarFile, item: tarfile.TarInfo) -> IO[bytes]:
    found = tar.extractfile(item)
    if found is None:
        raise BackupError("the backup is damaged: %s is no file" % item.name)
    return found


def _read(tar: tarfile.TarFile, item: tarfile.TarInfo) -> bytes:
    return _opened(tar, item).read()


def _dress(target: str, item: tarfile.TarInfo) -> None:
    os.chown(target, item.uid, item.gid)
    os.chmod(target, item.mode)
    os.utime(target, (item.mtime, item.mtime))


def _copy(source: IO[bytes], target: IO[bytes] | None = None) -> tuple[int, str]:
    digest, size = hashlib.sha256(), 0
    while True:
        part = source.read(CHUNK)
        if not part:
            return size, digest.hexdigest()
        digest.update(part)
        size += len(part)
        if target:
            target.write(part)
