# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: the running firewall of this host, read and changed."""

from __future__ import annotations

import subprocess
import time
from typing import TYPE_CHECKING, Any

from .._core.atomic_files import read_text
from .._core.plan import ApplyError, PlanError
from .._core.systemd import read_units
from . import firewalld, ufw
from .firewall import make_plan
from .firewall_facts import FIREWALLS, read_firewall

if TYPE_CHECKING:
    from .._core.facts import FirewallFacts
    from .._core.plan import Plan

# ufw fails while dockerd holds the kernel's lock: before it does anything, or when the rule is in its files already.
BUSY = ("initcaps", "xtables lock", "Directory not empty", "problem running")
ATTEMPTS = 5
PAUSE = 1.0


class Firewall:
    """The running firewall of this host, if any."""

    def __init__(self, params: dict[str, Any]) -> None:
        self.params = params

    def read(self) -> FirewallFacts:
        return read_firewall(read_units(FIREWALLS))

    def plan(self, state: FirewallFacts) -> Plan:
        try:
            return make_plan(state, self.params["rules"], self.params["keep"])
        except ValueError as exc:
            raise PlanError("option rules or keep: %s" % exc) from exc

    def apply(self, plan: Plan, state: FirewallFacts) -> None:
        busy = [_run(command) for command in self._commands(plan, state["unit"])]
        if any(busy) and state["unit"] == "ufw.service":
            _run(["ufw", "reload"])  # rules that are in its files and not in the kernel
        left = self.plan(self.read())
        if left:
            raise ApplyError(
                "%s accepted the rules, but these changes are not in force: %s"
                % (state["unit"], "; ".join("%(do)s %(to)s" % item for item in left))
            )

    @staticmethod
    def _commands(plan: Plan, unit: str | None) -> list[list[str]]:
        if unit == "ufw.service":
            kept = read_text("/etc/ufw/user.rules"), read_text("/etc/ufw/user6.rules")
            return [["ufw"] + command for command in ufw.commands(plan, *kept)]
        return [["firewall-cmd"] + command for command in firewalld.commands(plan)]


def _run(command: list[str]) -> bool:
    """Run it, again while another program holds the kernel's table, since ufw does not wait. Returns whether that happened."""
    attempts = 1
    while True:
        done = _once(command)
        if not done.returncode:
            return attempts > 1
        text = done.stdout.decode("utf-8", "replace").strip()
        if attempts == ATTEMPTS or not any(words in text for words in BUSY):
            raise ApplyError(
                "%s: %s (earlier changes stay; run again when this is solved)"
                % (" ".join(command), text or "exit code %d" % done.returncode)
            )
        attempts += 1
        time.sleep(PAUSE)


def _once(command: list[str]) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=300,
            check=False,
        )
    except (OSError, subprocess.SubprocessError) as exc:
        raise ApplyError("%s: %s" % (" ".join(command), exc)) from exc
