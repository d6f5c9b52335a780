#!/usr/bin/python
# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: package_source
short_description: Have an apt repository, with its key checked and older entries for it taken over
version_added: 0.1.0
description:
  - Writes the repository's entry in the deb822 format, with C(Signed-By), so that its key vouches for this repository alone.
  - The key is fetched only where the host has none with the wanted fingerprint, and is put in place only if it has that
    fingerprint.
  - Other entries for the same repository, such as an older C(docker.list), are put out of force and stay where they are as
    comments. apt refuses to work where two entries name different keys for one repository.
  - The repository's lists are fetched and their signature checked before the module ends, and apt has to accept all of its
    sources together. Where that fails, everything is put back as it was, so that the host's apt works on.
  - Needs neither C(python3-apt) nor C(gpg) on the host.
author:
  - The dockyard.swarm maintainers (@dockyard)
options:
  name:
    description: The name of its files, C(/etc/apt/sources.list.d/NAME.sources) and C(/etc/apt/keyrings/NAME.asc).
    type: str
    required: true
  uri:
    description: The repository's address.
    type: str
    required: true
  replaces:
    description: Other addresses that the repository had, whose entries are put out of force, too.
    type: list
    elements: str
    default: []
  suite:
    description: The suite, mostly the release's codename.
    type: str
    required: true
  components:
    description: The components.
    type: list
    elements: str
    default: [stable]
  architecture:
    description: The architecture, as dpkg names it.
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
- name: Have Docker's repository
  dockyard.swarm.package_source:
    name: dockyard-docker
    uri: https://download.docker.com/linux/debian
    suite: trixie
    fingerprint: 9DC8 5822 9FC7 DD38 854A  E2D8 8D81 803C 0EBF CD88
"""

RETURN = r"""
plan:
  description: The changes made, or in check mode those that would be made, each with its reason.
  returned: success
  type: list
  elements: dict
  sample:
    - {do: write, to: /etc/apt/sources.list.d/dockyard-docker.sources, why: missing, before: null, after: "https://example.org"}
output:
  description: What apt said.
  returned: when the repository's lists cannot be fetched
  type: str
"""

import time

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.dockyard.swarm.plugins.module_utils import _apt, _apt_sources, _openpgp, _plan
from ansible_collections.dockyard.swarm.plugins.module_utils._files import read_text, remove, write_text

LOCK_TIMEOUT = 300  # seconds in which another package manager gets done


class PackageSource:
    """One repository on this host."""

    def __init__(self, params):
        self.params = params
        self.entry, self.keyring = _apt_sources.paths(params["name"])
        self.uris = [params["uri"]] + params["replaces"]

    def read(self):
        return _apt_sources.read(self.params["name"], self.uris)

    def plan(self, state):
        return _apt_sources.make_plan(state, self.params)

    def apply(self, plan, _state):
        new = {}
        for item in plan:
            if item["do"] == "fetch":
                new[self.keyring] = self._key()
            elif item["do"] == "take over":
                new[item["to"]] = _apt_sources.take_over(item["to"], read_text(item["to"]), self.uris)
            else:
                new[self.entry] = _apt_sources.source_text(self.params)
        old = {path: read_text(path) for path in new}
        # The entry comes last: until then, apt never sees two that contradict each other.
        for path in sorted(new, key=lambda path: path == self.entry):
            write_text(path, new[path])
        code, said = self._fetch_lists()
        if code:
            for path, text in old.items():
                _put_back(path, text)
            raise _plan.ApplyError(
                "apt cannot use %s %s, everything is as it was before: %s"
                % (self.params["uri"], self.params["suite"], _apt_sources.complaints(said)),
                output=said,
            )

    def _key(self):
        data, where = (self.params["key"] or "").encode("utf-8"), "option key"
        if not data:
            where = self.params["key_url"] or self.params["uri"].rstrip("/") + "/gpg"
            data = self._download(where)
        try:
            found = _openpgp.fingerprints(data)
        except ValueError as exc:
            raise _plan.ApplyError("the key from %s is not usable, nothing was changed: %s" % (where, exc)) from exc
        wanted = _openpgp.normal(self.params["fingerprint"])
        # Another key in the same file would be trusted as much.
        if found != [wanted]:
            raise _plan.ApplyError(
                "the key from %s has the fingerprint %s, and not %s: nothing was changed. Find out why before you change "
                "option fingerprint." % (where, ", ".join(found), wanted)
            )
        return _openpgp.armored(data)

    def _download(self, url):
        # These cost more than all else here, and most runs have the key.
        from ansible.module_utils.urls import ConnectionError as UrlError
        from ansible.module_utils.urls import open_url

        try:
            return open_url(url, timeout=self.params["timeout"]).read(1 << 20)
        except (OSError, ValueError, UrlError) as exc:
            raise _plan.ApplyError(
                "the key cannot be fetched from %s, nothing was changed: %s. Hosts without a way there get it by option key."
                % (url, exc)
            ) from exc

    def _fetch_lists(self):
        """The lists of this repository; then whether apt accepts all of its sources together."""
        deadline = time.monotonic() + LOCK_TIMEOUT
        code, said = _apt.run(
            [
                "apt-get", "-q", "update", "-o", "Dir::Etc::sourcelist=" + self.entry, "-o", "Dir::Etc::sourceparts=-",
                "-o", "APT::Get::List-Cleanup=0", "-o", "APT::Update::Error-Mode=any",
            ],
            deadline,
        )  # fmt: skip
        return (code, said) if code else _apt.run(["apt-get", "-q", "indextargets"], deadline)


def _put_back(path, text):
    if text is None:
        remove(path)
    else:
        write_text(path, text)


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
    _plan.run(module, source.entry, source.read, source.plan, source.apply)


if __name__ == "__main__":
    main()
