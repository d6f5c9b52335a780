# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: what package files hold, by their names. Pure.

``docker-ce_5%3a28.5.2-1~debian.13~trixie_amd64.deb``, or ``docker-ce-28.5.2-1.el9.x86_64.rpm``. Repositories leave out the
epoch, so that a version told by a file may lack it.
"""

from __future__ import annotations

import os
import re
from urllib.parse import unquote

DEB = re.compile(r"(?P<name>[a-z0-9][a-z0-9+.-]*)_(?P<version>[^_]+)_(?P<arch>[a-z0-9-]+)\.deb$")
RPM = re.compile(r"(?P<name>.+)-(?P<version>[^-]+-[^-]+)\.(?P<arch>[a-z0-9_]+)\.rpm$")
FAMILIES = {"Debian": DEB, "RedHat": RPM}
# What uname calls a processor -> what packages for it are called.
ARCHITECTURES = {"x86_64": ("amd64", "x86_64"), "aarch64": ("arm64", "aarch64"), "armv7l": ("armhf", "armv7hl")}
ANY = ("all", "noarch")


def parse(path):
    """``{name, version, arch, family}`` of a package file.

    :raises ValueError: where the name is not that of a package file.
    """
    family = _family(path)
    if family:
        found = FAMILIES[family].match(os.path.basename(path))
        return dict(found.groupdict(), version=unquote(found.group("version")), family=family)
    raise ValueError(
        "%s is not called as package files are, NAME_VERSION_ARCHITECTURE.deb or NAME-VERSION-RELEASE.ARCHITECTURE.rpm: "
        "give it the name that its repository has it under" % path
    )


def _family(path):
    """The family that a file is called after; None where it is called otherwise."""
    return next((family for family, pattern in FAMILIES.items() if pattern.match(os.path.basename(path))), None)


def for_host(paths, facts):
    """Of a list of package files those that are for a host, each ``{name, version, arch, family, path}``.

    :param facts: what node_facts tells of the host. As long as it tells nothing, all of them are for it that are called as
        package files are; what is wrong with the others is told later, by :func:`check`.
    """
    system = facts.get("os")
    if not system:
        return [dict(parse(path), path=path) for path in paths if _family(path)]
    files = [dict(parse(path), path=path) for path in paths]
    fitting = ANY + ARCHITECTURES.get(system["arch"], (system["arch"],))
    return [item for item in files if item["family"] == system["family"] and item["arch"] in fitting]


def check(paths, facts):
    """What is wrong with a list of package files: texts."""
    try:
        files = for_host(paths, facts)
    except ValueError as exc:
        return [str(exc)]
    if not files:
        return ["none of the files is for %(family)s on %(arch)s: add those that are" % facts["os"]]
    problems = []
    for name in sorted({item["name"] for item in files}):
        several = [item["path"] for item in files if item["name"] == name]
        if len(several) > 1:
            problems.append("package %s is in more than one file: %s: leave one" % (name, ", ".join(several)))
    return problems
