# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: generated_password
short_description: A password that was made once and is kept in a file on the controller
version_added: 0.1.0
description:
  - Reads the password from its file, encrypted with Ansible Vault or not. Makes no file, which
    M(dockyard.swarm.controller_secrets) does.
  - Where there is no such file, the result is another random text each time, as in check mode before the first run. So options
    can be checked before it is clear whether this controller may make a password.
author:
  - The dockyard.swarm maintainers (@dockyard)
options:
  _terms:
    description: Paths of files.
    type: list
    elements: str
    required: true
  length:
    description: Length of the random text.
    type: int
    default: 32
"""

EXAMPLES = r"""
- name: Show how long it is
  ansible.builtin.debug:
    msg: "{{ lookup('dockyard.swarm.generated_password', '/srv/secrets/registry/swarm.password') | length }}"
"""

RETURN = r"""
_raw:
  description: The password of each file.
  type: list
  elements: str
"""

from ansible.plugins.lookup import LookupBase

from ..plugin_utils import _secret_files


class LookupModule(LookupBase):
    def run(self, terms, variables=None, length=32):  # noqa: ARG002
        decrypt = _secret_files.by_loader(self._loader)
        texts = [_secret_files.read(path, decrypt) for path in terms]
        return [_secret_files.random_password(int(length)) if text is None else _password(text) for text in texts]


def _password(text):
    """The first line; ``ansible.builtin.password`` may have written a salt behind the password."""
    lines = text.decode("utf-8", "replace").splitlines()
    return lines[0].split(" salt=")[0] if lines else ""
