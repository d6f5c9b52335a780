#!/usr/bin/python
# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: config_files
short_description: Manage configuration files, their folders and the units that read them
version_added: 0.1.0
description:
  - Writes any number of files and restarts the systemd units that read them, in one call, where the usual modules take one
    call for each file, folder and unit.
  - A file is replaced as a whole or not at all, also in a power cut. One with O(files[].validate) is first read by that command.
  - A run that is cut short after the files were written and before a unit was restarted is made good by the next one, by
    the unit's O(units[].stamp).
author:
  - The dockyard.swarm maintainers (@dockyard)
options:
  folders:
    description: Folders, which belong to root. Those that files lie in need not be named.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: The folder.
        type: path
        required: true
      mode:
        description: Its mode, four octal digits.
        type: str
        default: "0755"
      gid:
        description: The number of its group.
        type: int
        default: 0
  files:
    description: Files, which belong to root, in the order in which they are to be written.
    type: list
    elements: dict
    default: []
    suboptions: &file
      path:
        description: The file. A symbolic link there is replaced by a file.
        type: path
        required: true
      content:
        description: The text.
        type: str
        default: ""
      mode:
        description: Its mode, four octal digits.
        type: str
        default: "0644"
      unit:
        description: The unit that reads it when it starts.
        type: str
      present:
        description: Whether the file is wanted; one that is not is removed.
        type: bool
        default: true
      validate:
        description: A command that has to accept the new text before it is put in place; C(%s) stands for its path.
        type: str
  secret_files:
    description: The same for files whose content is never shown. They are written first.
    type: list
    elements: dict
    default: []
    suboptions: *file
  units:
    description: Units, in the order in which they are to be started.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: The unit.
        type: str
        required: true
      stamp:
        description:
          - A file that tells with which files the unit was last started. Without it, an interruption between writing
            and restarting stays unnoticed.
        type: path
      own:
        description:
          - Whether the unit has to run and to start at boot. One that has not belongs to the host, and is restarted
            where it runs.
        type: bool
        default: true
      present:
        description: Whether the unit is wanted; one that is not is stopped and disabled.
        type: bool
        default: true
      restart:
        description: Whether it is to be restarted whatever its files say.
        type: bool
        default: false
      reload:
        description: Whether a reload takes the place of a restart where it runs.
        type: bool
        default: false
extends_documentation_fragment:
  - dockyard.swarm.attributes
"""

EXAMPLES = r"""
- name: Have the proxy's configuration in force
  dockyard.swarm.config_files:
    files:
      - path: /etc/haproxy/haproxy.cfg
        content: "{{ lookup('ansible.builtin.template', 'haproxy.cfg.j2') }}"
        validate: haproxy -c -f %s
        unit: haproxy.service
    secret_files:
      - path: /etc/haproxy/site.pem
        content: "{{ haproxy_key }}"
        mode: "0600"
        unit: haproxy.service
    units:
      - name: haproxy.service
        stamp: /etc/haproxy/.started
"""

RETURN = r"""
plan:
  description: The changes made, or in check mode those that would be made, each with its reason.
  returned: success
  type: list
  elements: dict
  sample:
    - {do: write, to: /etc/haproxy/haproxy.cfg, before: old content, after: new content, why: its content differs}
    - {do: restart, to: haproxy.service, before: null, after: null, why: its files change}
"""

import os
import shlex
import subprocess

from ..module_utils._core import config_files
from ..module_utils._core.atomic_files import read_text, remove, write_text
from ..module_utils._core.file_facts import read_files
from ..module_utils._core.no_log import SecretiveModule
from ..module_utils._core.plan import ApplyError, run
from ..module_utils._core.systemd import act, journal_tail, read_units


class ConfigFiles:
    """Files, folders and units of this host."""

    def __init__(self, params):
        self.params = params
        self.files = params["secret_files"] + params["files"]
        self.units = params["units"]

    def read(self):
        stamps = [unit["stamp"] for unit in self.units if unit["stamp"]]
        paths = [item["path"] for item in self.files + self.params["folders"]]
        units = [unit["name"] for unit in self.units]
        return {"files": read_files(stamps + paths), "units": read_units(units) if units else {}}

    def plan(self, state):
        return config_files.make_plan(state, self.files, self.units, self.params["folders"])

    def apply(self, plan, state):
        todo = {}
        for item in plan:
            todo.setdefault(item["do"], []).append(item)
        for item in plan:
            if item.get("stamp"):
                remove(item["stamp"])
        for item in todo.get("make", []) + todo.get("own", []):
            _have_folder(item["folder"])
        by_path = {item["path"]: item for item in self.files}
        for item in todo.get("write", []):
            _write(by_path[item["to"]])
        for item in todo.get("stop", []):
            act("disable", "--now", item["to"])
        for item in todo.get("remove", []):
            remove(item["to"])
        touched = {item["to"] for item in todo.get("write", []) + todo.get("remove", [])}
        if "read" in todo or any(path.startswith("/etc/systemd/system/") for path in touched):
            act("daemon-reload")
        for unit in self.units:
            self._bring_up(
                unit, [item for item in plan if item["to"] == unit["name"]], state["units"].get(unit["name"])
            )

    def _bring_up(self, unit, changes, before):
        told = {item["do"]: item for item in changes}
        if not told or "stop" in told:
            return
        if unit["own"] and before and before["masked"]:
            act("unmask", unit["name"])
        if unit["own"] and ("enable" in told or not before):
            act("enable", unit["name"])
        if "restart" in told or "reload" in told or "start" in told:
            try:
                # After a few failed starts systemd refuses to try again, also with files that are right.
                act("reset-failed", unit["name"], fail=False)
                act("reload" if "reload" in told and "start" not in told else "restart", unit["name"])
            except ApplyError as exc:
                raise ApplyError(str(exc), journal=journal_tail(unit["name"])) from exc
        for item in changes:
            if item.get("stamp"):
                write_text(item["stamp"], item["stamped"] + "\n", keep=False)

    def shown(self, plan):
        """What becomes of each file that is no secret, as a diff."""
        touched = {item["to"] for item in plan}
        return [
            {
                "before_header": item["path"],
                "after_header": item["path"],
                "before": read_text(item["path"]) or "",
                "after": item["content"] if item["present"] else "",
            }
            for item in self.params["files"]
            if item["path"] in touched
        ]


def _have_folder(wanted):
    mode = int(wanted["mode"], 8)
    os.makedirs(wanted["path"], mode=mode, exist_ok=True)
    os.chown(wanted["path"], 0, wanted["gid"])
    os.chmod(wanted["path"], mode)


def _write(item):
    def check(path):
        words = [word.replace("%s", path) for word in shlex.split(item["validate"])]
        try:
            done = subprocess.run(
                words,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=60,
                check=False,
            )
        except (OSError, subprocess.SubprocessError) as exc:
            raise ApplyError("%s is left alone: its new text cannot be checked: %s" % (item["path"], exc)) from exc
        if done.returncode:
            said = done.stdout.decode("utf-8", "replace").strip().replace(path, item["path"])
            raise ApplyError("%s is left alone: %s refuses its new text: %s" % (item["path"], words[0], said))

    write_text(
        item["path"], item["content"], mode=int(item["mode"], 8), keep=False, check=check if item["validate"] else None
    )


def main():
    def file_options(secret):
        return dict(
            path=dict(type="path", required=True),
            content=dict(type="str", default="", no_log=secret),
            mode=dict(type="str", default="0644"),
            unit=dict(type="str"),
            present=dict(type="bool", default=True),
            validate=dict(type="str"),
        )

    module = SecretiveModule(
        argument_spec=dict(
            folders=dict(
                type="list",
                elements="dict",
                default=[],
                options=dict(
                    path=dict(type="path", required=True),
                    mode=dict(type="str", default="0755"),
                    gid=dict(type="int", default=0),
                ),
            ),
            files=dict(type="list", elements="dict", default=[], options=file_options(False)),
            # The content of each is what is not shown.
            secret_files=dict(type="list", elements="dict", default=[], options=file_options(True), no_log=False),
            units=dict(
                type="list",
                elements="dict",
                default=[],
                options=dict(
                    name=dict(type="str", required=True),
                    stamp=dict(type="path"),
                    own=dict(type="bool", default=True),
                    present=dict(type="bool", default=True),
                    restart=dict(type="bool", default=False),
                    reload=dict(type="bool", default=False),
                ),
            ),
        ),
        supports_check_mode=True,
    )
    files = ConfigFiles(module.params)
    run(module, "files and units", files.read, files.plan, files.apply, shown=files.shown)


if __name__ == "__main__":
    main()
