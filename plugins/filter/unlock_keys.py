# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: unlock_keys
short_description: The unlock keys of swarms that the controller keeps
version_added: 0.1.0
description:
  - Reads the files C(swarm/unlock/CLUSTER_ID.keys) below the folder for secrets, which have a key a line, the newest first. Blank
    lines, and those that begin with C(#), are passed over.
  - Files that are encrypted with Ansible Vault are decrypted with the passwords of the run.
  - All files are read, since a locked manager does not report which swarm it is in; the one that was changed last comes first.
  - The keys are secrets. Use the filter in tasks with C(no_log), or with modules of this collection that keep them on the
    controller.
author:
  - The dockyard.swarm maintainers (@dockyard)
options:
  _input:
    description: The folder for secrets, C(swarm_cluster_secrets_dir).
    type: path
    required: true
"""

EXAMPLES = r"""
- name: Unlock the manager
  dockyard.swarm.swarm_unlock:
    unlock_keys: "{{ swarm_cluster_secrets_dir | dockyard.swarm.unlock_keys }}"
"""

RETURN = r"""
_value:
  description: The keys, each once.
  type: list
  elements: str
"""

import os

from ansible.errors import AnsibleFilterError
from jinja2 import pass_environment

from ..plugin_utils import _secret_files

FOLDER = os.path.join("swarm", "unlock")
SUFFIX = ".keys"


def unlock_keys(secrets_dir, decrypt=None):
    """The keys of all files below ``secrets_dir``, of the file that was changed last first.

    :param decrypt: see :func:`_secret_files.read`.
    """
    return list(dict.fromkeys(key for text in _texts(secrets_dir, decrypt) for key in _keys(text)))


@pass_environment
def _unlock_keys(environment, secrets_dir):
    return unlock_keys(secrets_dir, _secret_files.by_environment(environment))


def unlock_key_file(secrets_dir, cluster_id):
    """Where the next key of a swarm is written to. A file that is encrypted with Ansible Vault stays as it is."""
    path = os.path.join(_folder(secrets_dir), cluster_id + SUFFIX)
    if os.path.exists(path) and _secret_files.is_encrypted(path):
        return os.path.join(_folder(secrets_dir), cluster_id + "-new" + SUFFIX)
    return path


def unlock_key_added(key, secrets_dir, cluster_id):
    """The text of a swarm's file with ``key`` as its newest; what else is in it stays, comments too."""
    lines = _read(unlock_key_file(secrets_dir, cluster_id), None).splitlines()
    if _keys("\n".join(lines))[:1] != [key]:
        lines = [key] + [line for line in lines if line.strip() != key]
    return "".join("%s\n" % line for line in lines)


def _folder(secrets_dir):
    return os.path.join(_secret_files.folder(secrets_dir), FOLDER)


def _keys(text):
    lines = [line.strip() for line in text.splitlines()]
    return [line for line in lines if line and not line.startswith("#")]


def _texts(secrets_dir, decrypt):
    folder = _folder(secrets_dir)
    try:
        # A file that is just being written has a name with a dot in front.
        names = [name for name in os.listdir(folder) if name.endswith(SUFFIX) and not name.startswith(".")]
        paths = [os.path.join(folder, name) for name in sorted(names)]
        return [_read(path, decrypt) for path in sorted(paths, key=lambda path: -os.stat(path).st_mtime)]
    except FileNotFoundError:
        return []
    except OSError as exc:
        raise AnsibleFilterError("cannot read the unlock keys on the controller: %s" % exc) from exc


def _read(path, decrypt):
    return (_secret_files.read(path, decrypt) or b"").decode("utf-8", "replace")


class FilterModule:
    """The filters of this file."""

    def filters(self):
        return {
            "unlock_keys": _unlock_keys,
            "unlock_key_file": unlock_key_file,
            "unlock_key_added": unlock_key_added,
        }
