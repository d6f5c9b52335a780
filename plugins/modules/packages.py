#!/usr/bin/python
# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: packages
short_description: Install, change, hold and remove packages in one transaction, without Python bindings
version_added: 0.1.0
description:
  - Installs what is missing with C(apt-get) or C(dnf), and nothing that is only recommended. Packages that are there keep their
    version, unless O(versions) says otherwise.
  - Needs neither C(python3-apt) nor C(python3-dnf) on the host, so that check mode tells the truth on a bare one, and a first
    run installs less.
  - Package lists are fetched anew where they are old, where they turn out to be outdated, or where they do not have a version
    that is asked for.
  - A transaction that changes or removes something is tried out first, with dnf one that removes something. It is refused where
    it would also remove packages that somebody asked for, or with apt change held ones, and neither the plan nor O(hold)
    names them.
  - Waits for other package managers. Completes first what a power cut left half-installed, and installs
    again what it may have left with empty files.
author:
  - The dockyard.swarm maintainers (@dockyard)
options:
  names:
    description: Names of the packages.
    type: list
    elements: str
    required: true
  versions:
    description:
      - Versions by name of package. A whole version; the first numbers of one, such as V(28) or V(28.5), of which the newest
        is taken where none is installed that fits; V(>=VERSION); or V(latest).
      - A package that fits stays as it is. Else it is upgraded or downgraded, even if it is held.
    type: dict
    default: {}
  files:
    description:
      - Package files on the host, by whose names the module knows what they hold. Packages in O(names) are installed from them
        rather than from a repository.
    type: list
    elements: path
    default: []
  hold:
    description:
      - Packages that nobody but this module is to change, once they are installed. C(apt-get upgrade) and unattended upgrades
        leave them alone. Packages that are held and not listed here stay held.
      - With C(dnf) this is the work of its plugin versionlock, which is installed where it is missing. What else its list says of
        these packages stays there as a comment.
    type: list
    elements: str
    default: []
  remove:
    description:
      - Packages that must not be there, by name, each with the reason that the plan tells. They are removed in the same
        transaction. Their configuration and data stay.
    type: dict
    default: {}
  restart:
    description:
      - Units that are restarted if they run a program that a newer package has replaced. Some packages leave that to the
        administrator.
    type: list
    elements: str
    default: []
  lists_age:
    description: Seconds after which package lists are fetched anew before something is installed.
    type: int
    default: 3600
  hold_back:
    description:
      - Units of the packages that are not to be started when they are installed, so that what configures them starts them,
        once and as they are to be, after it had systemd read its unit files again. One that runs is left alone.
    type: list
    elements: str
    default: []
  download_only:
    description:
      - Whether what is to be installed is only fetched, so that the change itself is short, and what cannot be had is known
        before anything is stopped for it.
    type: bool
    default: false
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

- name: Have an Engine of version 28, which only this changes, in place of the distribution's
  dockyard.swarm.packages:
    names: [docker-ce, docker-ce-cli, containerd.io]
    versions: {docker-ce: "28", docker-ce-cli: "28"}
    hold: [docker-ce, docker-ce-cli, containerd.io]
    remove: {docker.io: docker-ce takes its place}
"""

RETURN = r"""
plan:
  description:
    - The changes made, or in check mode those that would be made, each with its reason. C(do) is C(install), C(upgrade),
      C(downgrade), C(hold), C(remove), C(restart) or C(fetch).
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

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._core.plan import PlanError, run
from ..module_utils._core.systemd import RUNNING, act, hold, outdated_units, read_units, release
from ..module_utils._facts import host
from ..module_utils._packages import apt, dnf, package_files, transaction

BACKENDS = {"Debian": apt, "RedHat": dnf}


class Packages:
    """The packages of a host."""

    def __init__(self, params):
        self.params = params
        self.wanted = {key: params[key] for key in ("names", "versions", "hold", "remove")}
        self.files = {}
        self.backend = None

    def read(self):
        family = host.read_os()["family"]
        if family not in BACKENDS:
            raise PlanError("packages of family %s cannot be installed yet: install them by hand" % family)
        self.backend = BACKENDS[family].Backend(self.params["timeout"], self.params["lists_age"])
        self.files = {item["name"]: item for item in map(_parsed, self.params["files"])}
        return dict(self._packages(), outdated=outdated_units(self.params["restart"]))

    def _packages(self):
        names = set(self.wanted["names"]).union(self.wanted["hold"], self.wanted["remove"])
        found = self.backend.read(names)
        state = {"packages": found["versions"], "holds": found["holds"]}
        asked = transaction.undecided(state, self.wanted)
        state["candidates"] = self.backend.candidates([name for name in asked if name not in self.files])
        state["candidates"].update({name: [self.files[name]["version"]] for name in asked if name in self.files})
        return state

    def plan(self, state):
        plan = transaction.make_plan(state, self.wanted)
        if self.params["download_only"]:
            return transaction.fetch_plan(plan)
        return plan + transaction.restart_plan(state["outdated"])

    def apply(self, plan, state):
        if self.params["download_only"]:
            self.backend.repair()
            self.backend.download(self._plan_by_new_lists(), self._paths(), self.wanted["hold"])
            return
        if any(item["do"] not in ("hold", "restart") for item in plan):
            self._change(plan)
        self._hold(state)
        units = outdated_units(self.params["restart"])
        if units:
            act("restart", *units)

    def _change(self, plan):
        with self._held_back():
            self.backend.repair()
            self._install(plan)

    def _install(self, plan):
        listed = [item for item in transaction.installed(plan) if item["name"] not in self.files]
        fetched = bool(listed) and (bool(transaction.undecided_items(listed)) or self.backend.lists_are_old())
        if fetched:
            plan = self._plan_by_new_lists()
        files = self._paths()
        try:
            self.backend.install(plan, files, self.wanted["hold"])
        except self.backend.outdated:
            if fetched:
                raise
            self.backend.install(self._plan_by_new_lists(), files, self.wanted["hold"])

    def _paths(self):
        return {name: item["path"] for name, item in self.files.items()}

    def _plan_by_new_lists(self):
        self.backend.fetch_lists()
        return transaction.make_plan(self._packages(), self.wanted, strict=True)

    def _hold(self, before):
        """What was held before stays so, whatever the package manager made of it."""
        kept = [name for name in self.wanted["names"] if name in before["holds"]]
        now = self._packages()
        lacking = [name for name in kept + self.wanted["hold"] if name in now["packages"] and name not in now["holds"]]
        if lacking:
            self.backend.hold(list(dict.fromkeys(lacking)))

    @contextlib.contextmanager
    def _held_back(self):
        there = read_units(self.params["hold_back"]) if self.params["hold_back"] else {}
        units = [name for name in self.params["hold_back"] if there.get(name, {}).get("active") not in RUNNING]
        hold(*units)
        try:
            yield
        finally:
            release(*units)


def _parsed(path):
    try:
        return dict(package_files.parse(path), path=path)
    except ValueError as exc:
        raise PlanError("option files: %s" % exc) from exc


def main():
    names = dict(type="list", elements="str", default=[])
    module = AnsibleModule(
        argument_spec=dict(
            names=dict(type="list", elements="str", required=True),
            versions=dict(type="dict", default={}),
            files=dict(type="list", elements="path", default=[]),
            hold=names,
            remove=dict(type="dict", default={}),
            restart=names,
            hold_back=names,
            download_only=dict(type="bool", default=False),
            lists_age=dict(type="int", default=3600),
            timeout=dict(type="int", default=300),
        ),
        supports_check_mode=True,
    )
    packages = Packages(module.params)
    run(module, "packages", packages.read, packages.plan, packages.apply)


if __name__ == "__main__":
    main()
