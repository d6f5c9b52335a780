# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: dnsmasq on this host: its files tested, written, rolled back, and the server started and asked."""

from __future__ import annotations

import functools
import json
import os
import subprocess
from typing import TYPE_CHECKING, Any, Mapping, NoReturn

from .._core.atomic_files import read_text, remove, write_text
from .._core.file_facts import read_files
from .._core.plan import ApplyError
from .._core.systemd import act, journal_tail, read_units, systemctl
from .._core.wait import wait_for
from . import dnsmasq, dnsmasq_files, query
from .client import answers

if TYPE_CHECKING:
    from .._core.plan import Plan


class Server:
    """The server of this host: reads its state, applies a plan."""

    def __init__(self, params: dict[str, Any]) -> None:
        self.settings = dnsmasq.settings_of(params)
        self.unit = params["service"] if params["service"].endswith(".service") else params["service"] + ".service"
        self.timeout = params["timeout"]
        self.paths = {"conf": self.settings["conf_path"], "hosts": self.settings["hosts_path"]}
        self.pending = self.settings["hosts_path"] + dnsmasq.PENDING

    def read(self) -> dict[str, Any]:
        found = read_files(list(self.paths.values()))
        state: dict[str, Any] = {kind: found.get(path) for kind, path in self.paths.items()}
        for kind, path in self.paths.items():
            if state[kind]:
                state[kind]["text"] = read_text(path)
        previous = self._read_pending()
        return dict(
            state,
            unit=read_units([self.unit]).get(self.unit),
            service=self.unit,
            previous=previous,
            pending=previous["action"] if previous else None,
        )

    def _read_pending(self) -> dict[str, Any] | None:
        text = read_text(self.pending)
        if text is None:
            return None
        try:
            found = json.loads(text)
            return {"action": found["action"], "conf": found["conf"], "hosts": found["hosts"]}
        except (ValueError, KeyError, TypeError):
            return {"action": "restart", "conf": None, "hosts": None}

    def plan(self, state: Mapping[str, Any]) -> Plan:
        return dnsmasq.make_plan(self.settings, state)

    def apply(self, plan: Plan, state: Mapping[str, Any]) -> None:
        if not state["unit"]:
            raise ApplyError(
                "service: there is no unit %s, nothing was changed; install dnsmasq first" % self.unit, rolled_back=True
            )
        wanted = {
            "conf": dnsmasq_files.render_conf(self.settings),
            "hosts": dnsmasq_files.render_hosts(self.settings),
        }
        now = {kind: (state[kind] or {}).get("text") for kind in self.paths}
        if wanted["conf"] != now["conf"]:
            self._test(wanted["conf"])
        action = plan[-1]["do"] if plan[-1]["do"] in ("start", "restart", "reload") else None
        # What an interrupted run kept is what the server last ran with; what it left in place is not.
        previous = dict(state["previous"] or now)
        if action:
            previous["action"] = "reload" if action == "reload" else "restart"
            write_text(self.pending, json.dumps(previous, sort_keys=True), mode=0o600)
        self._write(wanted, now)
        if any(item["do"] == "enable" for item in plan):
            act("enable", self.unit)
        if action:
            problem = self._act(action, previous["hosts"])
            if problem:
                self._roll_back(previous, problem, state["unit"]["active"] == "active")
            remove(self.pending)

    def _test(self, text: str) -> None:
        """Let dnsmasq read a new configuration before it is put in place."""
        # Files whose names start with a dot are none of dnsmasq's, so that the candidate may lie beside the real one.
        folder, name = os.path.split(self.paths["conf"])
        candidate = os.path.join(folder, ".%s.candidate" % name)
        write_text(candidate, text)
        try:
            done = subprocess.run(
                ["dnsmasq", "--test", "--conf-file=" + candidate],
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, check=False,
                env=dict(os.environ, LC_ALL="C", PATH=os.environ.get("PATH", "") + ":/usr/sbin:/sbin"),
            )  # fmt: skip
        except (OSError, subprocess.SubprocessError) as exc:
            raise ApplyError("the new configuration cannot be tested, nothing was changed: %s" % exc) from exc
        finally:
            remove(candidate)
        if done.returncode:
            said = dnsmasq_files.explain(done.stdout.decode("utf-8", "replace"), candidate, text)
            raise ApplyError("dnsmasq refuses the new configuration, nothing was changed: %s" % said)

    def _write(self, wanted: Mapping[str, Any], now: Mapping[str, Any]) -> None:
        for kind, path in self.paths.items():
            if wanted[kind] is None:
                remove(path)
                continue
            if wanted[kind] != now[kind]:
                write_text(path, wanted[kind])
            os.chmod(path, int(dnsmasq.MODE, 8))
            os.chown(path, 0, 0)

    def _act(self, action: str, old_hosts: str | None) -> str | None:
        """Start, restart or reload the server and wait for its answers; returns what went wrong, or None."""
        if action == "reload":
            # Not ``reload``, which the units of some distributions do not have.
            code, said = systemctl("kill", "--signal=HUP", "--kill-who=main", self.unit)
        else:
            # After a few failed starts systemd refuses to try again, also with a file that is right.
            systemctl("reset-failed", self.unit)
            code, said = systemctl("restart", self.unit)
        if code:
            return said.strip().partition("\n")[0].rstrip(".")
        for address in self.settings["listen_addresses"] or ["127.0.0.1"]:
            for probe in query.probes(self.settings, old_hosts):
                if not wait_for(functools.partial(answers, address, probe), self.timeout):
                    return (
                        "within %d s it did not answer as planned on %s when asked for %s %s; is that an address of "
                        "this host, and nothing else on its port 53?" % (self.timeout, address, probe[1], probe[0])
                    )
        return None

    def _roll_back(self, previous: Mapping[str, Any], problem: str, ran: bool) -> NoReturn:
        said = journal_tail(self.unit)
        self._write({kind: previous[kind] for kind in self.paths}, dict.fromkeys(self.paths))
        systemctl("reset-failed", self.unit)
        code, output = systemctl("restart" if ran else "stop", self.unit)
        if code == 0:
            remove(self.pending)
            left = "the old files are back and it %s" % ("runs with them" if ran else "is stopped, as it was")
        else:
            left = "the old files are back, but it does not start with them either: %s" % output.strip()
        raise ApplyError(
            "dnsmasq failed with its new files: %s; %s" % (problem, left), journal=said, rolled_back=code == 0
        )
