# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: backups as the controller keeps them, encrypted.

A file begins with a line with its format and the ID of its key; AES-GCM authenticates that line, too. What is inside is
only ever in the memory of this computer.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import io
import os
import re
import tempfile

from ansible.errors import AnsibleError

from ..module_utils._core.atomic_files import sync_folder
from ..module_utils._recovery import archive, backup_names
from ..module_utils._recovery.manifest import BackupError
from . import _node_key, _secret_files

TITLE = b"dockyard.swarm backup"
_HEADER = re.compile(rb"^%s (\d+) key ([0-9a-f]{16})\n" % re.escape(TITLE))
_FORMAT = 1
_NONCE = 12


class StoreError(AnsibleError):
    """The text names the file and what to do."""


def _cipher(key):
    try:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    except ImportError as exc:
        raise StoreError("the controller needs the Python library cryptography: %s" % exc) from exc
    return AESGCM(key)


def read_key(path, decrypt=None):
    """The key of a file.

    :param decrypt: see :func:`_secret_files.read`.
    """
    path = os.path.expanduser(path)
    try:
        text = _secret_files.read(path, decrypt)
        if text is None:
            raise StoreError(
                "there is no key %s: without the one that a backup was made with, it cannot be read. Copy it back from where you "
                "keep it, or name it in swarm_backup_key_file" % path
            )
        key = base64.b64decode(text.strip(), validate=True)
    except (OSError, ValueError) as exc:
        raise StoreError("the key %s cannot be read: %s" % (path, exc)) from exc
    if len(key) != 32:
        raise StoreError(
            "the key %s has %d bytes, and a key has 32: copy it back from where you keep it" % (path, len(key))
        )
    return key


def have_key(path, decrypt=None):
    """The key of a file, which is made where it is missing; another one is never put in its place."""
    path = os.path.expanduser(path)
    have_folder(os.path.dirname(path))
    try:
        _secret_files.make_once(path, _secret_files.random_key().encode() + b"\n")
    except OSError as exc:
        raise StoreError("the key %s cannot be made: %s" % (path, exc)) from exc
    return read_key(path, decrypt)


def have_folder(path):
    """A folder for its owner alone; one that is there stays as it is."""
    try:
        os.makedirs(path, mode=0o700, exist_ok=True)
    except OSError as exc:
        raise StoreError("the folder %s cannot be made: %s" % (path, exc)) from exc


def _key_id(key):
    return hashlib.sha256(b"dockyard.swarm backup key" + key).hexdigest()[:16].encode()


def encrypt(data, key):
    """The bytes of a file that holds ``data``."""
    header = b"%s %d key %s\n" % (TITLE, _FORMAT, _key_id(key))
    nonce = os.urandom(_NONCE)
    return header + nonce + _cipher(key).encrypt(nonce, data, header)


def decrypt(data, key, name):
    """What a file holds.

    :param name: what the file is called in messages.
    """
    match = _HEADER.match(data)
    if not match:
        raise StoreError("%s is no backup, or damaged: it does not begin as backups do" % name)
    if int(match.group(1)) != _FORMAT:
        raise StoreError(
            "%s has format %d, and this collection reads %d: take the collection that made it"
            % (name, int(match.group(1)), _FORMAT)
        )
    if match.group(2) != _key_id(key):
        raise StoreError(
            "%s was made with another key (%s) than the one that is here (%s): name its key in swarm_backup_key_file"
            % (name, match.group(2).decode(), _key_id(key).decode())
        )
    nonce, text = data[match.end() : match.end() + _NONCE], data[match.end() + _NONCE :]
    try:
        return _cipher(key).decrypt(nonce, text, match.group(0))
    except Exception as exc:  # cryptography's own, of which there are several
        raise StoreError("%s is damaged: take another backup" % name) from exc


def read(path, key):
    """(archive, manifest) of a backup, all of it checked."""
    try:
        with open(path, "rb") as handle:
            data = decrypt(handle.read(), key, path)
    except OSError as exc:
        raise StoreError("the backup %s cannot be read: %s" % (path, exc)) from exc
    return data, check(data, path)


def check(data, name):
    """The manifest of an archive, all of it checked."""
    try:
        return archive.check(io.BytesIO(data))[0]
    except BackupError as exc:
        raise StoreError("%s: %s" % (name, exc)) from exc


def with_decrypted_key(data, keys=()):
    """An archive, checked before, from which a manager can start without being unlocked; and all unlock keys.

    :param keys: unlock keys to try besides the archive's own.
    """
    own = archive.check(io.BytesIO(data))[1]
    keys = list(dict.fromkeys([*([own] if own else []), *keys]))
    text = archive.content(data, _node_key.PATH).decode("ascii", "replace")
    if _node_key.is_encrypted(text):
        try:
            data = archive.replace(data, _node_key.PATH, _node_key.decrypt_key(text, keys).encode())
        except _node_key.KeyFileError as exc:
            raise StoreError("the manager's key in it (%s) is encrypted, and %s" % (_node_key.PATH, exc)) from exc
    return data, keys


def find(folder, name=""):
    """The path of a backup by its name or path; without one, the newest."""
    folder = os.path.expanduser(folder)
    if name:
        path = os.path.expanduser(name)
        for there in (path, os.path.join(folder, path)):
            if os.path.isfile(there):
                return os.path.abspath(there)
        raise StoreError("option swarm_backup_file: there is no %s, neither here nor in %s" % (name, folder))
    names = backup_names.of_cluster(_names(folder), "")
    if not names:
        raise StoreError(
            "there is no backup in %s: name one in swarm_backup_file, or its folder in swarm_backup_dir" % folder
        )
    clusters = {item.split("-")[0] for item in names}
    if len(clusters) > 1:
        raise StoreError(
            "the backups in %s are of %d swarms: name the one that you want in swarm_backup_file, the newest are %s"
            % (folder, len(clusters), ", ".join(backup_names.of_cluster(names, item)[0] for item in sorted(clusters)))
        )
    return os.path.join(folder, names[0])


def _names(folder):
    try:
        return os.listdir(folder)
    except FileNotFoundError:
        return []


def keep(data, folder, key, most):
    """Keep an archive, and when that is certain, no more than ``most`` of its swarm: (path, paths that went)."""
    folder = os.path.expanduser(folder)
    have_folder(folder)
    manifest = check(data, "what the manager sent")
    cluster = manifest["cluster_id"]
    path = os.path.join(folder, backup_names.file_name(cluster, manifest["created"]))
    try:
        _write(path, encrypt(data, key))
        if read(path, key)[0] != data:
            raise StoreError("%s is not what was written to it" % path)
        gone = [
            os.path.join(folder, name)
            for name in backup_names.outdated(_names(folder), os.path.basename(path), cluster, most)
        ]
        for old in gone:
            os.unlink(old)
        sync_folder(folder)
    except OSError as exc:
        raise StoreError("the backup cannot be kept in %s: %s" % (folder, exc)) from exc
    return path, gone


def _write(path, data):
    handle, scratch = tempfile.mkstemp(prefix="." + os.path.basename(path) + ".", dir=os.path.dirname(path))
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        os.rename(scratch, path)
    except BaseException:
        os.unlink(scratch)
        raise
    sync_folder(os.path.dirname(path))


@contextlib.contextmanager
def as_file(data):
    """A path under which programs that this process starts find ``data``, which is in memory alone."""
    if not hasattr(os, "memfd_create"):
        raise StoreError(
            "a restore needs a controller that runs Linux, so that nothing unencrypted is written to a disk"
        )
    handle = os.memfd_create("backup")
    try:
        with os.fdopen(os.dup(handle), "wb") as out:
            out.write(data)
        yield "/proc/%d/fd/%d" % (os.getpid(), handle)
    finally:
        os.close(handle)
