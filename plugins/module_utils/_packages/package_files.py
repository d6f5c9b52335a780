# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: what package files hold, and for which hosts they are, by their names. Pure.

``docker-ce_5%3a28.5.2-1~debian.13~trixie_amd64.deb``, or ``docker-ce-28.5.2-1.el9.x86_64.rpm``. Repositories leave out the
epoch, so that a version in a file name may lack it.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any, Collection, Iterable, Mapping, Sequence
from urllib.parse import unquote

if TYPE_CHECKING:
    from .._core.facts import System

DEB = re.compile(r"(?P<name>[a-z0-9][a-z0-9+.-]*)_(?P<version>[^_]+)_(?P<arch>[a-z0-9-]+)\.deb$")
RPM = re.compile(r"(?P<name>.+)-(?P<version>[^-]+-[^-]+)\.(?P<arch>[a-z0-9_]+)\.rpm$")
FAMILIES = {"Debian": DEB, "RedHat": RPM}
# Architecture as the kernel names it -> as packages name it.
ARCHITECTURES = {
    "x86_64": ("amd64", "x86_64"),
    "aarch64": ("arm64", "aarch64"),
    "armv7l": ("armhf", "armv7hl"),
    "ppc64le": ("ppc64el", "ppc64le"),
}
ANY = ("all", "noarch")
# The release at the end of a version: ~debian.13~trixie, ~ubuntu.24.04~noble, and as it was before Engine 23, ~ubuntu-jammy.
DEB_RELEASE = re.compile(
    r"~(?P<id>debian|raspbian|ubuntu)(?:\.(?P<version>\d+(?:\.\d+)?))?(?:[~-](?P<codename>[a-z]+))?(?![a-z])"
)
# .el9, .el9_4, .module+el9.4.0, .fc43
RPM_RELEASE = re.compile(r"[.+](?P<id>el|fc)(?P<version>\d+)(?![0-9a-z])")


def parse(path: str) -> dict[str, str]:
    """``{name, version, arch, family}`` of a package file.

    :raises ValueError: where the name is not that of a package file.
    """
    family = _family(path)
    if family:
        found: Any = FAMILIES[family].match(os.path.basename(path))
        return dict(found.groupdict(), version=unquote(found.group("version")), family=family)
    raise ValueError(
        "%s is not named as package files are, NAME_VERSION_ARCHITECTURE.deb or NAME-VERSION-RELEASE.ARCHITECTURE.rpm: "
        "give it the name that it has in its repository" % path
    )


def is_named(path: str) -> bool:
    """Whether a file has the name of a package file."""
    return _family(path) is not None


def _family(path: str) -> str | None:
    """The family whose package files have such a name; None where none has."""
    return next((family for family, pattern in FAMILIES.items() if pattern.match(os.path.basename(path))), None)


def for_host(paths: Iterable[str], facts: Mapping[str, Any]) -> list[dict[str, str]]:
    """Of a list of package files those that are for a host, each ``{name, version, arch, family, path}``.

    :param facts: what node_facts reports of the host. Before a host was read, all files with a valid name are for it;
        :func:`check` reports the others later.
    """
    system = facts.get("os")
    if not system:
        return [dict(parse(path), path=path) for path in paths if _family(path)]
    return [item for item in (dict(parse(path), path=path) for path in paths) if _fits(item, system)]


def _fits(item: Mapping[str, str], system: System) -> bool:
    """Whether a file is for a host's package format, architecture and release; one without a release is for all of them."""
    if item["family"] != system["family"] or item["arch"] not in ANY + _architectures(system):
        return False
    return (_fits_debian if item["family"] == "Debian" else _fits_redhat)(item["version"], system)


def _architectures(system: System) -> tuple[str, ...]:
    return ARCHITECTURES.get(system["arch"], (system["arch"],))


def _fits_debian(version: str, system: System) -> bool:
    found = DEB_RELEASE.search(version)
    if not found:
        return True
    # A codename belongs to one release of one distribution. A testing release has no version.
    if found.group("codename"):
        return found.group("codename") == system["codename"]
    return found.group("id") == system["id"] and found.group("version") in (None, system["version"])


def _fits_redhat(version: str, system: System) -> bool:
    found = RPM_RELEASE.search(version)
    if not found:
        return True
    distribution = "fc" if system["id"] == "fedora" else "el"
    return (found.group("id"), found.group("version")) == (distribution, system["version"].split(".")[0])


def check(paths: Sequence[str], facts: Mapping[str, Any], needed: Collection[str] = ()) -> list[str]:
    """What is wrong with a list of package files for a host: texts.

    :param needed: names of packages that a host needs one file of, if the list has files of any of them.
    """
    try:
        files = for_host(paths, facts)
    except ValueError as exc:
        return [str(exc)]
    host = "%(name)s on %(arch)s" % facts["os"]
    if not files:
        return ["none of the files is for %s: add those for this release and architecture" % host]
    others = [path for path in paths if parse(path)["name"] in needed]
    if others and not any(item["name"] in needed for item in files):
        return [
            "none of these files is for %s: %s: add the one for this release and architecture"
            % (host, ", ".join(others))
        ]
    problems = []
    for name in sorted({item["name"] for item in files}):
        several = [item["path"] for item in files if item["name"] == name]
        if len(several) > 1:
            problems.append("several files of package %s are for %s: %s: keep one" % (name, host, ", ".join(several)))
    return problems
