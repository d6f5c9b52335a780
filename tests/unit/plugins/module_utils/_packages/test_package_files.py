# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.dockyard.swarm.plugins.module_utils._packages import package_files

DEB, ARM = "p/docker-ce_5%3a28.5.2-1~debian.13~trixie_amd64.deb", "p/docker-ce_28.5.2-1~debian.13~trixie_arm64.deb"
BOOKWORM, NOBLE = DEB.replace("13~trixie", "12~bookworm"), "p/docker-ce_28.5.2-1~ubuntu.24.04~noble_amd64.deb"
JAMMY = "p/docker-ce_5%3a20.10.24~3-0~ubuntu-jammy_amd64.deb"
RPM, ANY = "p/docker-ce-28.5.2-1.el9.x86_64.rpm", "p/tool_1.0-1_all.deb"
EL10, FC43, RPM_ARM = RPM.replace("el9", "el10"), RPM.replace("el9", "fc43"), RPM.replace("x86_64", "aarch64")
POLICY = "p/container-selinux-2.235.0-2.el9_4.noarch.rpm"
FLEET = [DEB, ARM, BOOKWORM, NOBLE, JAMMY, ANY, RPM, EL10, FC43, RPM_ARM, POLICY]


def host(id_, version, codename="", family="Debian", arch="x86_64"):
    names = {"debian": "Debian GNU/Linux", "ubuntu": "Ubuntu"}
    name = "%s %s%s" % (names.get(id_, id_), version, " (%s)" % codename if codename else "")
    return {"os": {"id": id_, "version": version, "codename": codename, "family": family, "arch": arch, "name": name}}


TRIXIE = host("debian", "13", "trixie")


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
    with pytest.raises(ValueError, match="is not named as package files are"):
        package_files.parse(path)


@pytest.mark.parametrize(
    ("facts", "files"),
    [
        (TRIXIE, [DEB, ANY]),
        (host("debian", "", "trixie"), [DEB, ANY]),
        (host("debian", "13", "trixie", arch="aarch64"), [ARM, ANY]),
        (host("debian", "12", "bookworm"), [BOOKWORM, ANY]),
        (host("ubuntu", "24.04", "noble"), [NOBLE, ANY]),
        (host("ubuntu", "22.04", "jammy"), [JAMMY, ANY]),
        (host("ubuntu", "26.04", "resolute"), [ANY]),
        (host("rocky", "9.6", family="RedHat"), [RPM, POLICY]),
        (host("centos", "9", family="RedHat", arch="aarch64"), [RPM_ARM, POLICY]),
        (host("almalinux", "10.0", "x", family="RedHat"), [EL10]),
        (host("fedora", "43", family="RedHat"), [FC43]),
        (host("fedora", "9", family="RedHat"), []),
        ({}, FLEET),
    ],
)
def test_each_host_of_a_mixed_fleet_gets_its_own(facts, files):
    assert [item["path"] for item in package_files.for_host(FLEET, facts)] == files
    assert package_files.check(FLEET, facts) == [] if files and facts else True


@pytest.mark.parametrize(
    "path",
    [
        "p/docker.io_26.1.5+dfsg1-9+b9_amd64.deb", "p/containerd.io_1.7.24-1_amd64.deb", "p/tini_0.19.0-1_all.deb",
        "p/debian-tool_1~ubuntuish_amd64.deb",
    ],
)  # fmt: skip
def test_a_file_without_a_release_is_for_every_host_of_its_format(path):
    for facts in (TRIXIE, host("ubuntu", "24.04", "noble")):
        assert package_files.for_host([path], facts)
    assert package_files.for_host([path], host("rocky", "9.6", family="RedHat")) == []
    for name in ("tool-1.0-1.x86_64.rpm", "tool-1.0-1.elf9x.x86_64.rpm"):
        assert package_files.for_host([name], host("rocky", "9.6", family="RedHat"))


def test_a_name_with_the_version_alone_is_enough():
    assert package_files.for_host(["a_1~debian.13_amd64.deb"], TRIXIE)
    assert not package_files.for_host(["a_1~debian.13_amd64.deb"], host("ubuntu", "13", "trixie"))
    assert not package_files.for_host(["a_1~debian.12_amd64.deb"], TRIXIE)
    assert package_files.for_host(["a-1-1.module+el9.4.0+12.x86_64.rpm"], host("rocky", "9.6", family="RedHat"))


def test_before_a_host_was_read_other_names_are_passed_over():
    assert package_files.for_host(["docker.deb"], {}) == []


@pytest.mark.parametrize(
    ("paths", "words"),
    [
        ([DEB, ANY], []),
        ([DEB, BOOKWORM, ARM, RPM], []),
        ([RPM], ["none of the files is for Debian GNU/Linux 13 (trixie) on x86_64: add those for this release"]),
        ([BOOKWORM], ["none of the files is for Debian GNU/Linux 13 (trixie) on x86_64"]),
        (
            [BOOKWORM, RPM, ANY],
            [
                "none of these files is for Debian GNU/Linux 13 (trixie) on x86_64: %s, %s: add the one"
                % (BOOKWORM, RPM)
            ],
        ),
        (
            [DEB, DEB.replace("28", "29"), BOOKWORM],
            [
                "several files of package docker-ce are for Debian GNU/Linux 13 (trixie) on x86_64: %s, %s: keep one"
                % (DEB, DEB.replace("28", "29"))
            ],
        ),
        ([DEB, "p/docker-ce_28.5.2-1_amd64.deb"], ["several files of package docker-ce"]),
        (["docker.deb"], ["docker.deb is not named"]),
    ],
)
def test_what_is_wrong_with_a_list_is_told(paths, words):
    found = package_files.check(paths, TRIXIE, needed=("docker-ce", "docker.io"))
    assert len(found) == len(words)
    assert all(word in text for word, text in zip(words, found, strict=True))
