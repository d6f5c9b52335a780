#!/usr/bin/python
# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: packages
short_description: Install packages that are missing, in one transaction and without Python bindings
version_added: 0.1.0
description:
  - Installs what is missing with C(apt-get), and nothing that is only recommended. Packages that are there keep their
    version.
  - Needs no C(python3-apt) on the host, so that check mode tells the truth on a bare one, and a first run installs less.
  - Package lists are fetched anew where they are old, or where they turn out to be outdated.
  - Waits for other package managers. Completes first what a power cut left half-installed.
author:
  - The dockyard.swarm maintainers (@dockyard)
options:
  names:
    description: Names of the packages.
    type: list
    elements: str
    required: true
  lists_age:
    description: Seconds after which package lists are fetched anew before something is installed.
    type: int
    default: 3600
  hold_back:
    description:
      - Units of the packages that are not to be started when they are installed, so that what configures them starts them,
        once and as they are to be, after it had systemd read its unit files again. One that is there already is left alone.
    type: list
    elements: str
    default: []
  timeout:
    description: Seconds to wait for another package manager.
    type: int
    default: 300
extends_documentation_fragment:
  - dockyard.swarm.attributes
"""

EXAMPLES = r"""
- name: Have the log daemon
  dockyard.swarm.packages:
    names: [rsyslog, rsyslog-relp]
"""

RETURN = r"""
plan:
  description: The packages installed, or in check mode those that would be.
  returned: success
  type: list
  elements: dict
  sample: [{do: install, to: package rsyslog, why: missing, before: null, after: rsyslog}]
output:
  description: What the package manager said.
  returned: when it failed
  type: str
"""

import contextlib
import glob
import os
import subprocess
import time

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.dockyard.swarm.plugins.module_utils import _facts, _plan
from ansible_collections.dockyard.swarm.plugins.module_utils._host_plan import missing_packages
from ansible_collections.dockyard.swarm.plugins.module_utils._systemd import hold, read_units, release

LISTS = "/var/lib/apt/lists"
HALF_DONE = "/var/lib/dpkg/updates/*"  # what dpkg had not written to its database yet when it ended
LOCKED = ("Could not get lock", "Unable to acquire", "Unable to lock")
OUTDATED = ("Unable to locate package", "404  Not Found", "has no installation candidate", "Hash Sum mismatch")


class Packages:
    """The packages of a host of the Debian family."""

    def __init__(self, params):
        self.params = params
        self.deadline = 0.0

    def read(self):
        family = _facts.read_os()["family"]
        if family != "Debian":
            raise _plan.PlanError("packages of family %s cannot be installed yet: install them by hand" % family)
        return {"packages": _facts.read_packages(set(self.params["names"]), family)}

    def plan(self, state):
        return missing_packages(state, self.params["names"])

    def apply(self, plan, _state):
        self.deadline = time.monotonic() + self.params["timeout"]
        if glob.glob(HALF_DONE):
            self._must("complete what an interrupted dpkg left", ["dpkg", "--configure", "-a", "--force-confold"])
        names = [item["after"] for item in plan]
        fresh = self._old_lists()
        if fresh:
            self._fetch_lists()
        install = [
            "apt-get", "-q", "-y", "--no-install-recommends", "-o", "Dpkg::Options::=--force-confdef",
            "-o", "Dpkg::Options::=--force-confold", "install", *names,
        ]  # fmt: skip
        with self._held_back():
            code, said = self._run(install)
            if code and not fresh and any(sign in said for sign in OUTDATED):
                self._fetch_lists()
                code, said = self._run(install)
        if code:
            raise _plan.ApplyError("apt-get does not install %s: %s" % (", ".join(names), errors(said)), output=said)

    @contextlib.contextmanager
    def _held_back(self):
        there = read_units(self.params["hold_back"]) if self.params["hold_back"] else {}
        units = [name for name in self.params["hold_back"] if name not in there]
        hold(*units)
        try:
            yield
        finally:
            release(*units)

    def _old_lists(self):
        # The lists themselves have the mirror's times; each fetch touches the folder that it goes through.
        if not glob.glob(LISTS + "/*_Packages*"):
            return True
        return time.time() - _mtime(LISTS + "/partial") > self.params["lists_age"]

    def _fetch_lists(self):
        self._must("fetch the package lists", ["apt-get", "-q", "update"])

    def _must(self, what, command):
        code, said = self._run(command)
        if code:
            raise _plan.ApplyError("cannot %s: %s" % (what, errors(said)), output=said)

    def _run(self, command):
        """Run a package manager, once it is free; returns (exit code, output)."""
        environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive", LC_ALL="C.UTF-8", NEEDRESTART_SUSPEND="1")
        while True:
            done = subprocess.run(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment,
                check=False,
            )  # fmt: skip
            said = done.stdout.decode("utf-8", "replace")
            locked = done.returncode and any(sign in said for sign in LOCKED)
            if not locked or time.monotonic() > self.deadline:
                return done.returncode, said
            time.sleep(2)


def _mtime(path):
    try:
        return os.stat(path).st_mtime
    except OSError:
        return 0.0


def errors(said):
    """What a package manager complained about, in its own words."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    found = [line for line in lines if line.startswith(("E:", "Err:", "dpkg: error"))]
    return "; ".join(found[:5] or lines[-3:])


def main():
    module = AnsibleModule(
        argument_spec=dict(
            names=dict(type="list", elements="str", required=True),
            hold_back=dict(type="list", elements="str", default=[]),
            lists_age=dict(type="int", default=3600),
            timeout=dict(type="int", default=300),
        ),
        supports_check_mode=True,
    )
    packages = Packages(module.params)
    _plan.run(module, "packages", packages.read, packages.plan, packages.apply)


if __name__ == "__main__":
    main()
