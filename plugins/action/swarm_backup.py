# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The controller's half of swarm_backup: fetches the archive without writing it to a file, encrypts and keeps it."""

from __future__ import annotations

import base64
import os

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.plugins.action import ActionBase

from ..plugin_utils import _backup_store, _secret_files


class ActionModule(ActionBase):
    def run(self, tmp=None, task_vars=None):
        super().run(tmp, task_vars)
        args = dict(self._task.args)
        for name in ("dir", "key_file"):
            if not args.get(name):
                raise AnsibleActionFail("option %s is missing" % name)
        keep = int(args.get("keep", 7))
        if keep < 1:
            raise AnsibleActionFail("option keep: at least 1 has to stay, not %d" % keep)
        key = None
        if not self._task.check_mode:
            # Before the manager is asked for anything: nothing can be kept without a key.
            key = _backup_store.have_key(args["key_file"], _secret_files.by_loader(self._loader))
        made = self._execute_module(module_args=args, task_vars=task_vars)
        archive = made.pop("archive", None)
        if made.get("failed") or not archive:
            return made
        try:
            data = self._fetch(archive, task_vars)
            _backup_store.check(data, "what the manager sent")
            # What cannot be opened now could not be on the day it is needed.
            data = _backup_store.with_decrypted_key(data)[0]
            made["path"], made["removed"] = _backup_store.keep(data, args["dir"], key, keep)
            made["manifest"] = _backup_store.check(data, made["path"])
        except AnsibleError as exc:
            made.update(failed=True, msg="the swarm was not backed up: %s" % exc)
        finally:
            gone = self._execute_module(
                module_name="ansible.legacy.file",
                module_args={"path": os.path.dirname(archive), "state": "absent"},
                task_vars=task_vars,
            )
        if gone.get("failed"):
            made.update(
                failed=True,
                msg="%s is left on the manager, remove it: %s" % (os.path.dirname(archive), gone.get("msg")),
            )
        return made

    def _fetch(self, archive, task_vars):
        read = self._execute_module(
            module_name="ansible.legacy.slurp", module_args={"src": archive}, task_vars=task_vars
        )
        if read.get("failed"):
            raise AnsibleActionFail("the archive cannot be fetched: %s" % read.get("msg"))
        return base64.b64decode(read["content"])
