# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The controller's half of swarm_restore: reads and checks the backup, and sends it to a host that lacks what is in it."""

from __future__ import annotations

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.plugins.action import ActionBase

from ..plugin_utils import _backup_store, _node_key, _secret_files


class ActionModule(ActionBase):
    TRANSFERS_FILES = True

    def run(self, tmp=None, task_vars=None):
        super().run(tmp, task_vars)
        args = dict(self._task.args, archive=None)
        for name in ("src", "key_file"):
            if not args.get(name):
                raise AnsibleActionFail("option %s is missing" % name)
        key = _backup_store.read_key(args["key_file"], _secret_files.by_loader(self._loader))
        data, manifest = _backup_store.read(args["src"], key)
        # The list of files is in the archive, too.
        args["manifest"] = dict(manifest, files=[])
        given = args.pop("unlock_keys", None) or []  # they stay on the controller
        asked = self._execute_module(module_args=args, task_vars=task_vars)
        if asked.get("failed") or not asked["changed"]:
            asked.pop("key", None)
            return asked
        try:
            data, keys = _backup_store.with_decrypted_key(data, given)
        except AnsibleError as exc:
            raise AnsibleActionFail(
                "%s: %s. %s, or take another backup" % (args["src"], exc, _node_key.REMEDY)
            ) from exc
        if self._task.check_mode:
            asked.pop("key", None)
            return asked
        folder = self._make_tmp_path()
        remote = self._connection._shell.join_path(folder, "archive")
        try:
            with _backup_store.as_file(data) as path:
                self._transfer_file(path, remote)
            done, diff = [], []
            while True:
                needed = _node_key.for_plan(self, asked, keys, task_vars)
                made = self._execute_module(module_args=dict(args, archive=remote, **needed), task_vars=task_vars)
                if made.get("failed"):
                    return made
                done += made["plan"]
                diff += made.get("diff") or []
                # A manager that encrypted its key meanwhile needs it once more: for the last restart.
                asked = self._execute_module(module_args=args, task_vars=task_vars)
                if asked.get("failed") or not asked["changed"] or len(done) > 8:
                    made.pop("key", None)
                    return dict(made, plan=done, diff=diff) if not asked.get("failed") else asked
        finally:
            self._remove_tmp_path(self._connection._shell.tmpdir)
