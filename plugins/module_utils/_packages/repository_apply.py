# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: a package repository on this host: its entry and key written, checked, and rolled back."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from .._core.atomic_files import read_text, remove, write_text
from .._core.os_release import read_os
from .._core.plan import ApplyError, PlanError
from . import apt, apt_sources, dnf, dnf_sources, openpgp, repositories

if TYPE_CHECKING:
    from .._core.facts import RepositoryFacts
    from .._core.plan import Plan

# By family: what knows the files, and what runs the package manager.
FAMILIES = {"Debian": (apt_sources, apt), "RedHat": (dnf_sources, dnf)}
LOCK_TIMEOUT = 300  # seconds in which another package manager gets done


class PackageSource:
    """One repository on this host."""

    def __init__(self, params: dict[str, Any]) -> None:
        self.params = params
        family = read_os()["family"]
        # Other families are refused by read(), whose errors are reported.
        self.files: Any
        self.manager: Any
        self.files, self.manager = FAMILIES.get(family, (None, None))
        self.family = family
        self.uris = [params["uri"]] + params["replaces"]

    def read(self) -> RepositoryFacts:
        if not self.files:
            raise PlanError("repositories of family %s cannot be managed: write them by hand" % self.family)
        return repositories.read(self.files, self.params["name"], self.uris)

    def plan(self, state: RepositoryFacts) -> Plan:
        return repositories.make_plan(self.files, state, self.params)

    def apply(self, plan: Plan, _state: RepositoryFacts) -> None:
        entry, keyring = self.files.paths(self.params["name"])
        new: dict[str, str] = {}
        for item in plan:
            if item["do"] == "fetch":
                new[keyring] = self._key()
            elif item["do"] == "take over":
                new[item["to"]] = self.files.take_over(item["to"], read_text(item["to"]), self.uris)
            else:
                new[entry] = self.files.source_text(self.params)
        old = {path: read_text(path) for path in new}
        # The entry comes last, so that there are never two that contradict each other.
        for path in sorted(new, key=lambda path: path == entry):
            write_text(path, new[path])
        code, said = self._fetch_lists()
        if code:
            for path, text in old.items():
                _put_back(path, text)
            raise ApplyError(
                "the package manager cannot use %s %s, everything is as it was before: %s"
                % (self.params["uri"], self.params["suite"], self.files.complaints(said)),
                output=said,
            )

    def _key(self) -> str:
        data, where = (self.params["key"] or "").encode("utf-8"), "option key"
        if not data:
            where = self.params["key_url"] or self.params["uri"].rstrip("/") + "/gpg"
            data = self._download(where)
        try:
            found = openpgp.fingerprints(data)
        except ValueError as exc:
            raise ApplyError("the key from %s is not usable, nothing was changed: %s" % (where, exc)) from exc
        wanted = openpgp.normal(self.params["fingerprint"])
        # Another key in the same file would be trusted as much.
        if found != [wanted]:
            raise ApplyError(
                "the key from %s has the fingerprint %s, and not %s: nothing was changed. Find out why before you change "
                "option fingerprint." % (where, ", ".join(found), wanted)
            )
        return openpgp.armored(data)

    def _download(self, url: str) -> bytes:
        # These imports take longer than all else here, and most runs have the key.
        from ansible.module_utils.urls import ConnectionError as UrlError
        from ansible.module_utils.urls import open_url

        try:
            data: bytes = open_url(url, timeout=self.params["timeout"]).read(1 << 20)
            return data
        except (OSError, ValueError, UrlError) as exc:
            raise ApplyError(
                "the key cannot be fetched from %s, nothing was changed: %s. Hosts that cannot reach it need option key."
                % (url, exc)
            ) from exc

    def _fetch_lists(self) -> tuple[int, str]:
        deadline = time.monotonic() + LOCK_TIMEOUT
        for command in self.files.fetch_commands(self.params):
            code, said = self.manager.run(command, deadline)
            if code:
                break
        return code, said


def _put_back(path: str, text: str | None) -> None:
    if text is None:
        remove(path)
    else:
        write_text(path, text)
