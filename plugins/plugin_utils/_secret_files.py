# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: the files of the controller's folder for secrets, plain or encrypted with Ansible Vault."""

from __future__ import annotations

import base64
import os
import secrets
import string
import tempfile

from ansible.errors import AnsibleError

from ..module_utils._core.atomic_files import sync_folder

OPTION = "swarm_cluster_secrets_dir"
VAULT = b"$ANSIBLE_VAULT;"
_KINDS = (string.ascii_lowercase, string.ascii_uppercase, string.digits)
LOCKED = (
    "%s is encrypted with Ansible Vault and cannot be decrypted (%s): give the password that it was encrypted with, by "
    "--vault-password-file FILE, --vault-id NAME@FILE or --ask-vault-pass"
)


class SecretFileError(AnsibleError):
    """The text names the file and what to do."""


def folder_problem(path, home):
    """What is wrong with the path of the folder, or None; pure.

    :param home: the environment variable ``HOME``, None where there is none.
    """
    path = str(path or "")
    remedy = "set %s to an absolute path on the controller, for example /srv/dockyard/secrets" % OPTION
    # A user's own inventory may say "{{ lookup('ansible.builtin.env', 'HOME') }}/.config/…", which begins with / then.
    if not home and (path == "~" or path.startswith(("~/", "/.config/"))):
        return "%s is %s, and the environment variable HOME is not set, as in timers and CI jobs: set HOME, or %s" % (
            OPTION, path, remedy,
        )  # fmt: skip
    if not os.path.isabs(os.path.expanduser(path)):
        what = "a user who does not exist" if path.startswith("~") else "no absolute path"
        return "%s is %r, which is %s; it would depend on where the playbook is started: %s" % (
            OPTION,
            path,
            what,
            remedy,
        )
    return None


def folder(path):
    """The folder with ``~`` expanded: the one place that does so."""
    problem = folder_problem(path, os.environ.get("HOME"))
    if problem:
        raise SecretFileError(problem)
    return os.path.normpath(os.path.expanduser(str(path)))


def by_loader(loader):
    """How a lookup or an action decrypts: by the run's own vault passwords."""

    def decrypt(path):
        return loader.get_text_file_contents(path) if hasattr(loader, "get_text_file_contents") else _old(loader, path)

    return decrypt


def _old(loader, path):  # ansible-core 2.18
    return loader._get_file_contents(path)[0].decode()


def by_environment(environment):
    """How a filter decrypts, which has no loader: by a lookup of the template that it stands in."""

    def decrypt(path):
        return environment.globals["query"]("dockyard.swarm.file_text", path)[0]

    return decrypt


def read(path, decrypt=None):
    """The content of a file as bytes, None where there is none."""
    try:
        with open(path, "rb") as handle:
            data = handle.read()
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as exc:
        reason = getattr(exc, "strerror", None) or str(exc)
        raise SecretFileError("%s on the controller cannot be read: %s" % (path, reason)) from None
    if not data.startswith(VAULT):
        return data
    if decrypt is None:
        raise SecretFileError(LOCKED % (path, "nothing here can"))
    try:
        return str(decrypt(path)).encode()
    except AnsibleError as exc:
        raise locked(path, exc) from exc


def locked(path, exc):
    """The error to raise where a file could not be decrypted."""
    none = "no vault secrets" in str(exc) or "no vault password" in str(exc)
    return SecretFileError(
        LOCKED % (path, "no vault password was given" if none else "the password given is another one")
    )


def is_encrypted(path):
    """Whether a file is encrypted with Ansible Vault."""
    return os.path.isfile(path) and _start(path) == VAULT


def _start(path):
    with open(path, "rb") as handle:
        return handle.read(len(VAULT))


def have_folder(path):
    """A folder for its owner alone, and so its missing parents; what is there stays as it is."""
    parent = os.path.dirname(path)
    if parent != path and not os.path.isdir(parent):
        have_folder(parent)
    os.makedirs(path, mode=0o700, exist_ok=True)


def make_once(path, data):
    """Write a file where there is none; whether it was this call. Of two runs at once, both see the same file afterwards."""
    parent = os.path.dirname(path)
    have_folder(parent)
    # It gets its name when it is whole, and only where nothing has that name.
    handle, scratch = tempfile.mkstemp(prefix=".%s." % os.path.basename(path), dir=parent)
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        try:
            os.link(scratch, path)
        except FileExistsError:
            return False
    finally:
        os.unlink(scratch)
    sync_folder(parent)
    return True


def has_all_kinds(text):
    """Whether a text has letters of both cases and a digit, without which none is taken for a random one."""
    return all(set(text) & set(kind) for kind in _KINDS)


def random_password(length):
    """Letters and digits, of each kind at least one."""
    return _of_all_kinds(lambda: "".join(secrets.choice("".join(_KINDS)) for _each in range(length)))


def random_key():
    """A key of 32 bytes, as text with letters of both cases and a digit."""
    return _of_all_kinds(lambda: base64.b64encode(os.urandom(32)).decode())


def _of_all_kinds(make):
    while True:
        text = make()
        if has_all_kinds(text):
            return text
