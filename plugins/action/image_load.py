# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The controller's half of image_load: sends the archive only to a host that lacks the image."""

from __future__ import annotations

import os

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):
    TRANSFERS_FILES = True

    def run(self, tmp=None, task_vars=None):
        super().run(tmp, task_vars)
        args = dict(self._task.args)
        if not args.get("src"):
            raise AnsibleActionFail("option src is missing: name the archive on the controller")
        try:
            source = self._loader.get_real_file(self._find_needle("files", args["src"]))
        except AnsibleError as exc:
            raise AnsibleActionFail("option src: no archive %s on the controller" % args["src"]) from exc
        asked = self._execute_module(module_args=dict(args, src=None), task_vars=task_vars)
        if asked.get("failed") or not asked["changed"] or self._task.check_mode:
            return asked
        folder = self._make_tmp_path()
        try:
            remote = self._transfer_file(source, self._connection._shell.join_path(folder, os.path.basename(source)))
            return self._execute_module(module_args=dict(args, src=remote), task_vars=task_vars)
        finally:
            self._remove_tmp_path(self._connection._shell.tmpdir)
