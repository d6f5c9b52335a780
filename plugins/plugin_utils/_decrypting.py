# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: the controller's half of modules that start a manager with its key decrypted."""

from __future__ import annotations

from ansible.plugins.action import ActionBase

from . import _node_key

# A manager that encrypted its key meanwhile needs it once more; more often than that, something is wrong.
_STEPS = 8


class DecryptingAction(ActionBase):
    """Asks the module for its plan, opens the key that the plan needs, and has it applied, until nothing is left to do.

    The unlock keys stay on the controller.
    """

    def run(self, tmp=None, task_vars=None):
        super().run(tmp, task_vars)
        args = dict(self._task.args)
        keys = args.pop("unlock_keys", None) or []
        plan, diff = [], []
        while True:
            asked = self._execute_module(module_args=dict(args, node_key=None), task_vars=task_vars)
            if not asked.get("failed") and asked["changed"]:
                # In check mode, too: without a key that fits there is nothing that could be done.
                needed = _node_key.for_plan(self, asked, keys, task_vars)
                if not self._task.check_mode:
                    asked = self._execute_module(module_args=dict(args, **needed), task_vars=task_vars)
            if asked.get("failed"):
                return asked
            asked.pop("key", None)
            plan += asked["plan"]
            diff += asked.get("diff") or []
            if self._task.check_mode or not asked["changed"] or len(plan) > _STEPS:
                return dict(asked, plan=plan, diff=diff, changed=bool(plan))
