# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: file_text
short_description: The text of a file on the controller, or an empty text where there is no such file
version_added: 0.1.0
description:
  - Reads a file as P(ansible.builtin.file#lookup) does, encrypted by Ansible Vault or not. Its last line break stays.
  - So a file that a run has yet to make reads as empty, which check mode shows as a change.
author:
  - The dockyard.swarm maintainers (@dockyard)
options:
  _terms:
    description: Paths of files.
    type: list
    elements: str
    required: true
  missing:
    description: The text for a file that is not there.
    type: str
    default: ""
"""

EXAMPLES = r"""
- name: Show the certificate of the certificate authority
  ansible.builtin.debug:
    msg: "{{ lookup('dockyard.swarm.file_text', '/srv/secrets/pki/ca.crt') or 'there is none yet' }}"
"""

RETURN = r"""
_raw:
  description: The text of each file.
  type: list
  elements: str
"""

import os

from ansible.plugins.lookup import LookupBase

from ..plugin_utils import _secret_files


class LookupModule(LookupBase):
    def run(self, terms, variables=None, missing=""):  # noqa: ARG002
        decrypt = _secret_files.by_loader(self._loader)
        paths = [os.path.abspath(os.path.expanduser(term)) for term in terms]
        return [
            _secret_files.read(path, decrypt).decode("utf-8", "surrogateescape") if os.path.isfile(path) else missing
            for path in paths
        ]
