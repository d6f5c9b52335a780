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
  - Needs neither C(python3-apt) nor C(python3-dnf) on the host, so that check mode is right on a bare one, and a first
    run installs less.
  - Package lists are fetched again where they are old, where they turn out to be outdated, or where they lack a requested
    version.
  - A transaction that changes or removes something is simulated first, with dnf one that removes something. It is refused where
    it would also remove packages that were installed on request, or with apt change held ones, and neither the plan nor O(hold)
    names them.
  - Waits for other package managers. First completes what a power cut left half-installed, and reinstalls what it may have left
    with empty files.
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
      - Package files on the host, whose names tell the module what they hold. Packages in O(names) are installed from them
        rather than from a repository.
    type: list
    elements: path
    default: []
  hold:
    description:
      - Packages that only this module changes once they are installed. C(apt-get upgrade) and unattended upgrades
        leave them alone. Packages that are held and not listed here stay held.
      - With C(dnf) this is the work of its plugin versionlock, which is installed where it is missing. Other entries of its list
        for these packages are commented out.
    type: list
    elements: str
    default: []
  remove:
    description:
      - Packages that must not be there, by name, each with the reason that the plan tells. They are removed in the same
        transaction. Their configuration and data stay.
    type: dict
    default: {}
  allow_removal:
    description:
      - Packages that may be removed where one that is installed takes their place. Others that the package manager would remove
        stop the module before anything is changed; those that it installed only for other packages may always go.
    type: list
    elements: str
    default: []
  restart:
    description:
      - Units that are restarted if they run a program that a newer package has replaced. Some packages leave that to the
        administrator.
    type: list
    elements: str
    default: []
  lists_age:
    description: Age of package lists in seconds from which on they are fetched again before something is installed.
    type: int
    default: 3600
  hold_back:
    description:
      - Units of the packages that are not started when these are installed. What configures them reloads systemd and starts them
        once, with their configuration. A unit that runs is left alone.
    type: list
    elements: str
    default: []
  download_only:
    description:
      - Only fetch what is to be installed, so that the change itself is short, and a missing package is noticed before
        anything is stopped for it.
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
- name: Install the log daemon
  dockyard.swarm.packages:
    names: [rsyslog, rsyslog-relp]

- name: Install an Engine of version 28 in place of the distribution's, and hold it
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

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._core.plan import run
from ..module_utils._packages.package_manager import Packages


def main():
    names = dict(type="list", elements="str", default=[])
    module = AnsibleModule(
        argument_spec=dict(
            names=dict(type="list", elements="str", required=True),
            versions=dict(type="dict", default={}),
            files=dict(type="list", elements="path", default=[]),
            hold=names,
            remove=dict(type="dict", default={}),
            allow_removal=names,
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
