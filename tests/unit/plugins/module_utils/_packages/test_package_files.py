# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.dockyard.swarm.plugins.module_utils._packages import package_files

DEB, ARM = "p/docker-ce_5%3a28.5.2-1~debian.13~trixie_amd64.deb", "p/docker-ce_28.5.2-1~debian.13~trixie_arm64.deb"
RPM, ANY = "p/docker-ce-28.5.2-1.el9.x86_64.rpm", "p/tool_1.0-1_all.deb"
TRIXIE = {"os": {"family": "Debian", "arch": "x86_64"}}


@pytest.mark.parametrize(
    ("path", "name", "version", "arch", "family"),
    [
        (DEB, "docker-ce", "5:28.5.2-1~debian.13~trixie", "amd64", "Debian"),
        (ARM, "docker-ce", "28.5.2-1~debian.13~trixie", "arm64", "Debian"),
        ("docker.io_26.1.5+dfsg1-9+b9_amd64.deb", "docker.io", "26.1.5+dfsg1-9+b9", "amd64", "Debian"),
        ("docker.io_26.1.5%2bdfsg1-9_amd64.deb", "docker.io", "26.1.5+dfsg1-9", "amd64", "Debian"),
        (RPM, "docker-ce", "28.5.2-1.el9", "x86_64", "RedHat"),
        ("container-selinux-2.235.0-2.el9.noarch.rpm", "container-selinux", "2.235.0-2.el9", "noarch", "RedHat"),
    ],
)
def test_what_a_file_holds(path, name, version, arch, family):
    assert package_files.parse(path) == {"name": name, "version": version, "arch": arch, "family": family}


@pytest.mark.parametrize(
    "path", ["docker.deb", "docker-ce_28_amd64.rpm", "x/docker.tar.gz", "docker_1_2_amd64.deb", ""]
)
def test_another_name_tells_nothing(path):
    with pytest.raises(ValueError, match="is not called as package files are"):
        package_files.parse(path)


def test_each_host_gets_its_own():
    def names(facts):
        return [item["path"] for item in package_files.for_host([DEB, ARM, RPM, ANY], facts)]

    assert names(TRIXIE) == [DEB, ANY]
    assert names({"os": {"family": "Debian", "arch": "aarch64"}}) == [ARM, ANY]
    assert names({"os": {"family": "RedHat", "arch": "x86_64"}}) == [RPM]
    assert names({}) == [DEB, ARM, RPM, ANY]
    assert package_files.for_host(["docker.deb"], {}) == []


@pytest.mark.parametrize(
    ("paths", "words"),
    [
        ([DEB, ANY], []),
        ([RPM], ["none of the files is for Debian on x86_64"]),
        ([DEB, DEB.replace("28", "29")], ["package docker-ce is in more than one file"]),
        (["docker.deb"], ["docker.deb is not called"]),
    ],
)
def test_what_is_wrong_with_a_list_is_told(paths, words):
    found = package_files.check(paths, TRIXIE)
    assert len(found) == len(words)
    assert all(word in text for word, text in zip(words, found, strict=True))
