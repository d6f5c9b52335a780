#!/usr/bin/python
# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: controller_secrets
short_description: Make passwords and keys on the controller, once
version_added: 0.1.0
description:
  - Makes random passwords and keys in files on the controller, for their owner alone. A file that is there stays as it is. Of two
    runs at once, both have the same file afterwards.
  - Runs on the controller whatever host it is for.
author:
  - The dockyard.swarm maintainers (@dockyard)
options:
  files:
    description: The files.
    type: list
    elements: dict
    required: true
    suboptions:
      path:
        description: The file on the controller. Its folder is made, too.
        type: path
        required: true
      length:
        description: Length of a password of letters and digits. Without it the file gets a key of 32 bytes, as text.
        type: int
extends_documentation_fragment:
  - dockyard.swarm.attributes
"""

EXAMPLES = r"""
- name: Have a password
  dockyard.swarm.controller_secrets:
    files:
      - {path: /srv/dockyard/secrets/registry/swarm.password, length: 32}
"""

RETURN = r"""
plan:
  description: The files made, or in check mode those that would be made.
  returned: success
  type: list
  elements: dict
"""
