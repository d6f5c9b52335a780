# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The controller's half of swarm_unlock: decrypts the key of a locked manager."""

from __future__ import annotations

from ..plugin_utils._decrypting import DecryptingAction


class ActionModule(DecryptingAction):
    """swarm_unlock, with the manager's key."""
