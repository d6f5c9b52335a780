# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: files, folders and units of this host, read, written and restarted."""

from __future__ import annotations

import os
import shlex
import subprocess
from typing import TYPE_CHECKING, Any

from . import config_files
from .atomic_files import read_text, remove, write_text
from .file_facts import read_files
from .plan import ApplyError
from .systemd import act, journal_tail, read_units

if TYPE_CHECKING:
    from .config_files import Facts, Item
    from .plan import Change, Plan


class ConfigFiles:
    """Files, folders and units of this host."""

    def __init__(self, params: dict[str, Any]) -> None:
        self.params = params
        self.files = params["secret_files"] + params["files"]
        self.units = params["units"]

    def read(self) -> Facts:
        stamps = [unit["stamp"] for unit in self.units if unit["stamp"]]
        paths = [item["path"] for item in self.files + self.params["folders"]]
        units = [unit["name"] for unit in self.units]
        return {"files": read_files(stamps + paths), "units": read_units(units) if units else {}}

    def plan(self, state: Facts) -> Plan:
        return config_files.make_plan(state, self.files, self.units, self.params["folders"])

    def apply(self, plan: Plan, state: Facts) -> None:
        todo: dict[str, list[Change]] = {}
        for item in plan:
            todo.setdefault(item["do"], []).append(item)
        for item in plan:
            if item.get("stamp"):
                remove(item["stamp"])
        for item in todo.get("make", []) + todo.get("own", []):
            _make_folder(item["folder"])
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

    def _bring_up(self, unit: Item, changes: Plan, before: Any) -> None:
        actions = {item["do"]: item for item in changes}
        if not actions or "stop" in actions:
            return
        if unit["own"] and before and before["masked"]:
            act("unmask", unit["name"])
        if unit["own"] and ("enable" in actions or not before):
            act("enable", unit["name"])
        if "restart" in actions or "reload" in actions or "start" in actions:
            try:
                # After a few failed starts systemd refuses another one, also with correct files.
                act("reset-failed", unit["name"], fail=False)
                act("reload" if "reload" in actions and "start" not in actions else "restart", unit["name"])
            except ApplyError as exc:
                raise ApplyError(str(exc), journal=journal_tail(unit["name"])) from exc
        for item in changes:
            if item.get("stamp"):
                write_text(item["stamp"], item["stamped"] + "\n", keep=False)

    def shown(self, plan: Plan) -> list[dict[str, str]]:
        """The diff of each file that is no secret."""
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


def _make_folder(wanted: Item) -> None:
    mode = int(wanted["mode"], 8)
    os.makedirs(wanted["path"], mode=mode, exist_ok=True)
    os.chown(wanted["path"], 0, wanted["gid"])
    os.chmod(wanted["path"], mode)


def _write(item: Item) -> None:
    def check(path: str) -> None:
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
            raise ApplyError("%s was not changed: its new text cannot be checked: %s" % (item["path"], exc)) from exc
        if done.returncode:
            said = done.stdout.decode("utf-8", "replace").strip().replace(path, item["path"])
            raise ApplyError("%s was not changed: %s refuses its new text: %s" % (item["path"], words[0], said))

    write_text(
        item["path"], item["content"], mode=int(item["mode"], 8), keep=False, check=check if item["validate"] else None
    )
