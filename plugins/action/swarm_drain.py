# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The controller's half of swarm_drain: tells which run this is, knows which others of this controller have ended, and waits."""

from __future__ import annotations

import os
import time

from ansible.plugins.action import ActionBase

from ..plugin_utils import _runs

# Seconds between two questions to a manager.
INTERVAL = 3
PATIENCE = 900


class ActionModule(ActionBase):
    def run(self, tmp=None, task_vars=None):
        super().run(tmp, task_vars)
        args = dict(self._task.args, run=_runs.this_run(), by=_runs.controller())
        patience = int(args.get("patience", PATIENCE))
        returns = args.get("after_waiting") == "return"
        ended, seen, begun, waited = set(), None, time.monotonic(), False
        parent = os.getppid()
        while True:
            if os.getppid() != parent:
                # A worker outlives its run: nobody would put the node back.
                return dict(failed=True, waited=waited, msg="the run that this belongs to has ended")
            asked = self._ask(dict(args, ended=sorted(ended)), task_vars, only_look=waited and returns)
            held = asked.pop("held", None)
            # The only manager may be what is waited for.
            held = held or (seen if asked.pop("unanswered", False) and waited else None)
            if not held and waited and returns and not asked.get("failed"):
                return dict(changed=False, waited=True)
            if not held:
                return dict(asked, waited=waited)
            over = {item["run"] for item in held if _runs.has_ended(item["run"])} - ended
            if over:
                ended |= over
                continue
            if held != seen:
                seen, begun = held, time.monotonic()
            if time.monotonic() - begun >= patience:
                return dict(asked, waited=waited, msg="%s (waited %d s)" % (asked["msg"], time.monotonic() - begun))
            if not waited:
                self._display.display("%s: waiting, at most %d s: %s" % (self._host(task_vars), patience, asked["msg"]))
            waited = True
            time.sleep(min(INTERVAL, patience))

    def _ask(self, args, task_vars, only_look):
        before = self._task.check_mode
        try:
            self._task.check_mode = before or only_look
            return self._execute_module(module_args=args, task_vars=task_vars)
        finally:
            self._task.check_mode = before

    @staticmethod
    def _host(task_vars):
        return (task_vars or {}).get("inventory_hostname", "localhost")
