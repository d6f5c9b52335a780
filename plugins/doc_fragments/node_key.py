# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  unlock_keys:
    description: Unlock keys of a swarm whose managers are locked when they start; all are tried.
    type: list
    elements: str
    default: []
  node_key:
    description: The manager's key, decrypted, or empty; the controller's half of the module sends it.
    type: str
  node_key_of:
    description: SHA-256 of the file that it replaces; the controller's half of the module sends it, too.
    type: str
"""
