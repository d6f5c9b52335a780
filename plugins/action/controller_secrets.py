# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All of controller_secrets, which has no half on a host: makes passwords and keys where the controller has none."""

from __future__ import annotations

import os

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ..module_utils._core.plan import as_diff, change, public
from ..plugin_utils import _secret_files


class ActionModule(ActionBase):
    def run(self, tmp=None, task_vars=None):
        super().run(tmp, task_vars)
        files = self._task.args.get("files")
        if not isinstance(files, list) or not all(isinstance(item, dict) and item.get("path") for item in files):
            raise AnsibleActionFail("option files: give a list of dictionaries, each with a path")
        plan = []
        for item in files:
            path = os.path.expanduser(item["path"])
            if not os.path.exists(path) and (self._task.check_mode or self._make(path, item.get("length"))):
                plan.append(change("create", path, "missing"))
        return {"changed": bool(plan), "plan": public(plan), "diff": [as_diff(plan, "files on the controller")]}

    def _make(self, path, length):
        text = _secret_files.random_password(int(length)) if length else _secret_files.random_key()
        try:
            return _secret_files.make_once(path, text.encode() + b"\n")
        except OSError as exc:
            raise AnsibleActionFail("%s cannot be made on the controller: %s" % (path, exc)) from exc
