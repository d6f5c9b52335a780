# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: a module whose secrets lie inside of other options."""

from __future__ import annotations

from ansible.module_utils.basic import AnsibleModule


class SecretiveModule(AnsibleModule):
    """Keeps such secrets out of the host's log as well.

    Every module writes its options there. Those that are lists or dicts it writes as Python does, with line breaks as ``\\n``: a
    key of several lines is not found in that, and stays readable.
    """

    def _log_invocation(self) -> None:
        self.no_log_values.update([repr(value)[1:-1] for value in self.no_log_values if isinstance(value, str)])
        super()._log_invocation()
