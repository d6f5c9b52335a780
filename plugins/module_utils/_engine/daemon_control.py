# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: the Docker daemon of this host: reads, plans and applies its configuration, with rollback."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from typing import TYPE_CHECKING, Any, Mapping, NoReturn, Sequence, cast

from .._core.atomic_files import read_text, remove, write_text
from .._core.config_files import unit_plan
from .._core.engine_api import Engine, EngineError
from .._core.file_facts import read_files
from .._core.plan import ApplyError, PlanError
from .._core.systemd import RUNNING, act, journal_tail, read_units, release, systemctl
from .._core.wait import wait_for
from . import daemon_json, hidden_data, unit_environment
from .daemon_file import PREVIOUS, read_daemon_json
from .data_facts import data_kinds, left_behind
from .data_plan import DEFAULTS, DOCKER

if TYPE_CHECKING:
    from .._core.plan import Change, Plan
    from .daemon_json import Options

    State = dict[str, Any]

UNIT = "docker.service"
SOCKET = "docker.socket"


class Daemon:
    """The daemon of this host."""

    def __init__(self, params: Mapping[str, Any]) -> None:
        self.params = params
        self.path = params["path"]
        self.engine = Engine()

    def read(self) -> State:
        unit = read_units([UNIT]).get(UNIT)
        environment = unit_environment.read(unit)
        return dict(
            read_daemon_json(self.path),
            text=read_text(self.path),
            interrupted=read_text(PREVIOUS) is not None,
            installed=unit is not None,
            running=bool(unit and unit["active"] == "active"),
            unit=unit,
            argv=unit["argv"] if unit else [],
            flags=unit_environment.flags(unit["argv"], environment) if unit else [],
            command=unit_environment.expanded(unit["argv"], environment) if unit else [],
            drop_in=read_files([daemon_json.DROP_IN]).get(daemon_json.DROP_IN),
            drop_in_text=read_text(daemon_json.DROP_IN),
            left_behind=self._left_behind(),
            rules_missing=self.params["flushed"],
        )

    def _left_behind(self) -> tuple[str, str] | None:
        """(old, new) where the wanted data-root would leave the daemon's data behind, else None."""
        current = read_daemon_json(self.path)["options"]
        return left_behind(current, daemon_json.merge(current, self.params["options"], self.params["remove"]))

    def plan(self, state: State) -> Plan:
        wanted = self.params["options"]
        version = self._version(state)
        problems = daemon_json.check_file(state, version, state["running"], self.path)
        problems += daemon_json.check_options(
            wanted, version, self.params["swarm"], state["argv"], self.params["allow_plain_tcp"]
        )
        merged = daemon_json.merge(state["options"], wanted, self.params["remove"])
        problems += daemon_json.check_flags(state["flags"], merged, state["running"])
        both = sorted(set(wanted) & set(self.params["remove"]))
        problems += ["daemon option %s is both wanted and to be removed" % name for name in both]
        environment = self.params["environment"]
        problems += daemon_json.check_environment(environment or {})
        problems += daemon_json.check_data_root(state["left_behind"])
        problems += hidden_data.check(
            self._kinds(state),
            state["options"],
            wanted,
            self.params["remove"],
            self._info(state).get("Driver"),
            os.uname()[1],
        )
        if problems:
            raise PlanError("; ".join(problems))
        plan = daemon_json.make_plan(state, wanted, self.params["remove"], environment)
        if plan and state["installed"] and self.params["validate"]:
            self._validate(state)
        return plan + self._plan_unit(state, plan)

    def _plan_unit(self, state: State, plan: Plan) -> Plan:
        if not (self.params["started"] and state["installed"]):
            return []
        restarts = any(item["do"] == "restart" for item in plan)
        found = unit_plan({"units": {UNIT: state["unit"]}}, UNIT)
        return [cast("Change", dict(item, of_unit=True)) for item in found if not (restarts and item["do"] == "start")]

    def _version(self, state: State) -> str | None:
        """The Engine's version; None where it is unknown or not installed."""
        if not state["installed"]:
            return None
        if not state["running"]:
            # Docker version 26.1.5+dfsg1, build a72d7cd
            words = _output([self._program(state), "--version"]).replace(",", " ").split()
            return words[2] if len(words) > 2 else None
        try:
            version: str = self.engine.get("/version")["Version"]
            return version
        except EngineError:
            return None

    def _info(self, state: State) -> dict[str, Any]:
        """What a running daemon tells of itself."""
        if not state["running"]:
            return {}
        try:
            found: dict[str, Any] = self.engine.get("/info")
        except EngineError:
            return {}
        return found

    def _kinds(self, state: State) -> list[str]:
        """What data the Engine has, by its folder, and of images by itself, since containerd may have them."""
        root = self._info(state).get("DockerRootDir") or state["options"].get("data-root") or DEFAULTS[DOCKER]
        return data_kinds(str(root)) + (["images"] if self._info(state).get("Images") else [])

    @staticmethod
    def _program(state: State) -> str:
        return state["argv"][0] if state["argv"] else "dockerd"

    def apply(self, plan: Plan, state: State) -> None:
        verbs = {item["do"] for item in plan if item.get("of_unit")}
        config = [item for item in plan if not item.get("of_unit")]
        if "enable" in verbs:
            if state["unit"]["masked"]:
                act("unmask", UNIT, SOCKET)
                act("unmask", "--runtime", UNIT, SOCKET)
            act("enable", UNIT)
        restarts = "start" in verbs or any(item["do"] == "restart" for item in config)
        if "read" in verbs and not restarts:
            act("daemon-reload")
        if config:
            self._configure(config, state)
        if "start" in verbs:
            self._start()

    def _start(self) -> None:
        problem = self._restart()
        if problem:
            said = journal_tail(UNIT)
            raise ApplyError(
                "the daemon does not start: %s" % (daemon_json.failure_reason(said) or problem),
                journal=said,
                rolled_back=False,
            )

    def _configure(self, plan: Plan, state: State) -> None:
        merged = daemon_json.merge(state["options"], self.params["options"], self.params["remove"])
        text = self._text(state, merged)
        action = plan[-1]["do"] if plan[-1]["to"] == UNIT else None
        if action is None:
            self._write(text, self._drop_in(state))
            return
        previous = self._remember(state)
        self._write(text, self._drop_in(state))
        problem = self._reload(merged) if action == "reload" else self._restart()
        if problem:
            self._roll_back(previous, problem, action)
        remove(PREVIOUS)

    def _text(self, state: State, merged: Options) -> str | None:
        """The text that daemon.json is to have, or None; a text with the same content stays as it is."""
        if merged == state["options"]:
            text: str | None = state["text"]
            return text
        return json.dumps(merged, indent=2, sort_keys=True) + "\n"

    def _drop_in(self, state: State) -> str | None:
        """The text that the drop-in is to have, or None."""
        environment = self.params["environment"]
        if environment is None:
            text: str | None = state["drop_in_text"]
            return text
        merged = daemon_json.merge(state["options"], self.params["options"], self.params["remove"])
        texts = daemon_json.drop_in_texts(environment, state["argv"], merged)
        return state["drop_in_text"] if state["drop_in_text"] in texts else texts[-1 if self._overridden(state) else 0]

    @staticmethod
    def _overridden(state: State) -> bool:
        return "\nExecStart=" in (state["drop_in_text"] or "")

    def _write(self, text: str | None, drop_in: str | None) -> None:
        """Write both files; None removes one. A correct drop-in keeps its time of change, which systemd looks at."""
        _put(self.path, text)
        if drop_in != read_text(daemon_json.DROP_IN):
            _put(daemon_json.DROP_IN, drop_in, mode=int(daemon_json.DROP_IN_MODE, 8))
        if drop_in is not None and self.params["environment"] is not None:
            os.chown(daemon_json.DROP_IN, 0, 0)
            os.chmod(daemon_json.DROP_IN, int(daemon_json.DROP_IN_MODE, 8))

    def _remember(self, state: State) -> tuple[str | None, str | None]:
        """Keep the last working files until the daemon runs with the new ones: (daemon.json, drop-in)."""
        if state["interrupted"]:
            try:
                text: Any = read_text(PREVIOUS)
                kept = json.loads(text)
                return kept["text"], kept["drop_in"]
            except (ValueError, KeyError, TypeError):
                pass
        kept = {"text": state["text"], "drop_in": state["drop_in_text"]}
        write_text(PREVIOUS, json.dumps(kept), mode=0o600)
        return kept["text"], kept["drop_in"]

    def _validate(self, state: State) -> None:
        """Run ``dockerd --validate``, where it exists, with the flags that the daemon will be started with."""
        merged = daemon_json.merge(state["options"], self.params["options"], self.params["remove"])
        text = self._text(state, merged)
        if text is None:
            return
        argv = daemon_json.argv_wanted(state["command"], merged)
        with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8", errors="surrogateescape") as candidate:
            candidate.write(text)
            candidate.flush()
            command = [self._program(state), "--validate", "--config-file", candidate.name]
            try:
                done = subprocess.run(
                    command + argv[1:],
                    stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, check=False,
                )  # fmt: skip
            except OSError:
                return
        said = done.stdout.decode("utf-8", "replace").strip()
        if done.returncode and "unknown flag: --validate" not in said:
            raise PlanError("dockerd rejects the new %s, nothing was changed: %s" % (self.path, said))

    def _restart(self) -> str | None:
        """Restart the daemon; returns the problem, or None."""
        # An interrupted package installation may still hold them back.
        release(UNIT, SOCKET)
        systemctl("daemon-reload")
        # After a few failed starts systemd refuses to try again, even with a correct file.
        systemctl("reset-failed", UNIT, SOCKET)
        # A daemon with a socket of its own replaces the one that systemd listens on, so systemd has to listen again.
        there: Mapping[str, Any] = read_units([SOCKET])
        units = [SOCKET, UNIT] if there.get(SOCKET, {}).get("active") in RUNNING else [UNIT]
        try:
            code, said = systemctl("restart", *units, timeout=self.params["timeout"] + 60)
        except subprocess.TimeoutExpired:
            return "the restart took longer than %d s" % (self.params["timeout"] + 60)
        if code:
            return said.strip()
        if not wait_for(self.engine.answers, self.params["timeout"]):
            return "no answer within %d s of the restart" % self.params["timeout"]
        # The node is back in its swarm a moment later. Managers that cannot be reached are not a problem of the daemon.
        wait_for(self._settled, self.params["timeout"])
        return None

    def _settled(self) -> bool:
        try:
            state: str | None = self.engine.get("/info").get("Swarm", {}).get("LocalNodeState")
            return state != "pending"
        except EngineError:
            return False

    def _reload(self, merged: Options) -> str | None:
        """Reload the daemon; returns the problem, or None. The exit code says nothing, so the API is asked."""
        code, said = systemctl("reload", UNIT)
        if code:
            return said.strip()
        if not wait_for(lambda: not self._unapplied(merged), 15):
            return "after the reload the daemon still runs without the new %s" % ", ".join(self._unapplied(merged))
        return None

    def _unapplied(self, merged: Options) -> list[str]:
        """Reloadable options that have another value in ``GET /info``."""
        try:
            info = self.engine.get("/info")
        except EngineError:
            return ["options (the daemon does not answer)"]
        registry = info.get("RegistryConfig") or {}
        seen = {
            "debug": info.get("Debug"),
            "labels": sorted(info.get("Labels") or []),
            "live-restore": info.get("LiveRestoreEnabled"),
            "default-runtime": info.get("DefaultRuntime"),
            "registry-mirrors": sorted(item.rstrip("/") for item in registry.get("Mirrors") or []),
        }
        wanted = {
            name: sorted(str(item).rstrip("/") for item in merged[name])
            if isinstance(seen[name], list)
            else merged[name]
            for name in seen
            if name in merged
        }
        return sorted(name for name, value in wanted.items() if seen[name] != value)

    def _roll_back(self, previous: tuple[str | None, str | None], problem: str, action: str) -> NoReturn:
        said = journal_tail(UNIT)
        self._write(*previous)
        if action == "reload" and self.engine.answers():
            systemctl("reload", UNIT)
            again = None
        else:
            again = self._restart()
        if again is None:
            remove(PREVIOUS)
        left = "the old file is restored and the daemon runs with it" if again is None else (
            "the old file is restored, but the daemon does not start with it either: %s" % again
        )  # fmt: skip
        raise ApplyError(
            "the daemon did not apply the new %s: %s; %s"
            % (self.path, daemon_json.failure_reason(said) or problem, left),
            journal=said,
            rolled_back=again is None,
        )


def _output(command: Sequence[str]) -> str:
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=30, check=False)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.decode("utf-8", "replace")


def _put(path: str, text: str | None, mode: int = 0o644) -> None:
    if text is None:
        remove(path)
    else:
        write_text(path, text, mode=mode)
