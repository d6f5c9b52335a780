#!/usr/bin/python
# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: package_source
short_description: Add an apt or dnf repository, check its key, and take over older entries for it
version_added: 0.1.0
description:
  - Writes the repository's entry, for apt in the deb822 format with C(Signed-By), so that its key is valid for this repository
    only, for dnf with C(gpgcheck) and its key as a file.
  - The key is fetched only where the host has none with the wanted fingerprint, and is put in place only if it has that
    fingerprint.
  - Other entries for the same repository, such as an older C(docker.list) or C(docker-ce.repo), are commented out. apt fails
    where two entries name different keys for one repository.
  - The repository's lists are fetched before the module ends, with apt their signature is checked, and the package manager has
    to accept all of its sources together. Where that fails, everything is rolled back.
  - Needs neither Python bindings nor C(gpg) on the host.
author:
  - The dockyard.swarm maintainers (@dockyard)
options:
  name:
    description:
      - The name of its files, C(/etc/apt/sources.list.d/NAME.sources) and C(/etc/apt/keyrings/NAME.asc), or
        C(/etc/yum.repos.d/NAME.repo) and C(/etc/pki/rpm-gpg/RPM-GPG-KEY-NAME).
    type: str
    required: true
  uri:
    description:
      - The repository's address. For dnf it is what comes before the suite, the architecture and the component, since its
        packages are at C(URI/SUITE/ARCHITECTURE/COMPONENT).
    type: str
    required: true
  replaces:
    description: Other addresses that the repository had, whose entries are commented out, too.
    type: list
    elements: str
    default: []
  suite:
    description: The suite, with apt mostly the release's codename, with dnf its number, V(9) or V($releasever).
    type: str
    required: true
  components:
    description: The components.
    type: list
    elements: str
    default: [stable]
  architecture:
    description:
      - The architecture, as dpkg names it (V(amd64)) or as rpm does (V(x86_64), V($basearch)). With dnf it has to be given.
    type: str
    default: amd64
  key:
    description: The text of the repository's key. Without it, O(key_url) is fetched.
    type: str
  key_url:
    description: Where the host fetches the key from. The default is V(gpg) below O(uri).
    type: str
  fingerprint:
    description: The fingerprint of the key, 40 hexadecimal digits; blanks do not count.
    type: str
    required: true
  timeout:
    description: Seconds that fetching the key may take.
    type: int
    default: 60
extends_documentation_fragment:
  - dockyard.swarm.attributes
"""

EXAMPLES = r"""
- name: Add Docker's repository
  dockyard.swarm.package_source:
    name: dockyard-docker
    uri: https://download.docker.com/linux/debian
    suite: trixie
    fingerprint: 9DC8 5822 9FC7 DD38 854A  E2D8 8D81 803C 0EBF CD88

- name: Add Docker's repository on a host of the CentOS family
  dockyard.swarm.package_source:
    name: dockyard-docker
    uri: https://download.docker.com/linux/centos
    suite: $releasever
    architecture: $basearch
    fingerprint: 060A 61C5 1B55 8A7F 742B  77AA C52F EB6B 621E 9F35
"""

RETURN = r"""
plan:
  description: The changes made, or in check mode those that would be made, each with its reason.
  returned: success
  type: list
  elements: dict
  sample:
    - {do: take over, to: /etc/apt/sources.list.d/docker.list, why: names it too, before: in force, after: comment}
output:
  description: What the package manager said.
  returned: when the repository's lists cannot be fetched
  type: str
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._core.plan import run
from ..module_utils._packages.repository_apply import PackageSource


def main():
    module = AnsibleModule(
        argument_spec=dict(
            name=dict(type="str", required=True),
            uri=dict(type="str", required=True),
            replaces=dict(type="list", elements="str", default=[]),
            suite=dict(type="str", required=True),
            components=dict(type="list", elements="str", default=["stable"]),
            architecture=dict(type="str", default="amd64"),
            key=dict(type="str", no_log=False),
            key_url=dict(type="str", no_log=False),
            fingerprint=dict(type="str", required=True),
            timeout=dict(type="int", default=60),
        ),
        supports_check_mode=True,
    )
    source = PackageSource(module.params)
    header = source.files.paths(source.params["name"])[0] if source.files else source.params["name"]
    run(module, header, source.read, source.plan, source.apply)


if __name__ == "__main__":
    main()
