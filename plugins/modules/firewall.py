#!/usr/bin/python
# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: firewall
short_description: Open ports in a running ufw or firewalld
version_added: 0.1.0
description:
  - Adds rules that allow traffic to ufw or firewalld, whichever runs, and takes those that it added away again once they are
    not wanted. Where neither runs it does nothing. It never starts, stops or reloads a firewall, and never denies anything.
  - In ufw its rules carry the comment C(dockyard) and come first in the list.
  - In firewalld they are rich rules of the default zone with the priority -32377, by which it knows them again. They are
    added to what runs and to what is kept, since a reload would take away rules that Docker made.
  - A port that somebody closed is seen in the firewall's files. What firewalld was told without C(--permanent) is not seen.
author:
  - The dockyard.swarm maintainers (@dockyard)
options:
  rules:
    description:
      - What has to be let in, each as C(PROTOCOL [PORT[-PORT]] from SOURCE), for example V(tcp 2377 from 192.0.2.12),
        V(esp from 192.0.2.12), V(udp 4000-4009 from 192.0.2.0/24) or V(tcp 443 from any).
      - A rule that another one covers, whoever made that, is not added.
    type: list
    elements: str
    required: true
  keep:
    description: Rules that are not added, and not taken away where the module added them once.
    type: list
    elements: str
    default: []
extends_documentation_fragment:
  - dockyard.swarm.attributes
"""

EXAMPLES = r"""
- name: Let the swarm's managers in
  dockyard.swarm.firewall:
    rules:
      - tcp 2377 from 192.0.2.12
      - tcp 2377 from 192.0.2.13
"""

RETURN = r"""
plan:
  description: The changes made, or in check mode those that would be made, each with its reason.
  returned: success
  type: list
  elements: dict
firewall:
  description: The firewall, as M(dockyard.swarm.node_facts) returns it.
  returned: success
  type: dict
"""

import subprocess
import time

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._core.atomic_files import read_text
from ..module_utils._core.plan import ApplyError, PlanError, run
from ..module_utils._core.systemd import read_units
from ..module_utils._facts import host
from ..module_utils._host import firewalld, ufw
from ..module_utils._host.firewall import make_plan

# ufw fails where dockerd has the kernel's lock at that moment: before it does anything, or when the rule is in its files already.
BUSY = ("initcaps", "xtables lock", "Directory not empty", "problem running")
ATTEMPTS = 5
PAUSE = 1.0


class Firewall:
    """The firewall of this host that runs, if any."""

    def __init__(self, params):
        self.params = params

    def read(self):
        return host.read_firewall(read_units(host.FIREWALLS))

    def plan(self, state):
        try:
            return make_plan(state, self.params["rules"], self.params["keep"])
        except ValueError as exc:
            raise PlanError("option rules or keep: %s" % exc) from exc

    def apply(self, plan, state):
        busy = [_run(command) for command in self._commands(plan, state["unit"])]
        if any(busy) and state["unit"] == "ufw.service":
            _run(["ufw", "reload"])  # what its files say and the kernel does not
        left = self.plan(self.read())
        if left:
            raise ApplyError(
                "%s took the rules and yet does not let through: %s"
                % (state["unit"], "; ".join("%(do)s %(to)s" % item for item in left))
            )

    @staticmethod
    def _commands(plan, unit):
        if unit == "ufw.service":
            kept = read_text("/etc/ufw/user.rules"), read_text("/etc/ufw/user6.rules")
            return [["ufw"] + command for command in ufw.commands(plan, *kept)]
        return [["firewall-cmd"] + command for command in firewalld.commands(plan)]


def _run(command):
    """Run it; again where somebody else held the kernel's table, which ufw does not wait for. Tells whether that happened."""
    attempts = 1
    while True:
        done = _once(command)
        if not done.returncode:
            return attempts > 1
        text = done.stdout.decode("utf-8", "replace").strip()
        if attempts == ATTEMPTS or not any(words in text for words in BUSY):
            raise ApplyError(
                "%s: %s (what was done before stays; run again when this is solved)"
                % (" ".join(command), text or "exit code %d" % done.returncode)
            )
        attempts += 1
        time.sleep(PAUSE)


def _once(command):
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


def main():
    module = AnsibleModule(
        argument_spec=dict(
            rules=dict(type="list", elements="str", required=True),
            keep=dict(type="list", elements="str", default=[]),
        ),
        supports_check_mode=True,
    )
    firewall = Firewall(module.params)
    run(module, "firewall", firewall.read, firewall.plan, firewall.apply, lambda state: {"firewall": state})


if __name__ == "__main__":
    main()
