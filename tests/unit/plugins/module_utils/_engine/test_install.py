# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.dockyard.swarm.plugins.filter.plan_text import plan_text
from ansible_collections.dockyard.swarm.plugins.module_utils._engine import install as _engine_install
from ansible_collections.dockyard.swarm.plugins.module_utils._packages.package_files import for_host

NAMES = ["docker-ce", "docker-ce-cli", "containerd.io"]
NEW = "5:28.5.2-1~debian.13~trixie"
DEB = "p/docker-ce_28.5.2-1~debian.13~trixie_amd64.deb"
FILES = [DEB, "p/libnew_2.0-1_amd64.deb"]
REPOSITORY = {
    "name": "docker", "uri": "https://x.example/linux/debian", "suite": "trixie", "components": ["stable"],
    "architecture": "amd64", "fingerprint": "0" * 40,
}  # fmt: skip


def facts(packages=None, version=None, **changed):
    base = {
        "os": {
            "id": "debian", "version": "13", "codename": "trixie", "name": "Debian 13", "family": "Debian", "arch": "x86_64",
        },
        "packages": packages or {}, "holds": [],
        "candidates": {}, "repository": None, "engine": {"version": version}, "files": {},
    }  # fmt: skip
    return dict(base, **changed)


def plan(have, install):
    parts = _engine_install.make_plan(have, install)
    return plan_text(parts["repository"] + parts["packages"]), plan_text(parts["changes"])


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("", {}),
        ("28", {"docker-ce": "28", "docker-ce-cli": "28"}),
        ("latest", dict.fromkeys(NAMES, "latest")),
    ],
)
def test_the_version_is_that_of_the_engine(version, expected):
    assert _engine_install.wanted(NAMES, version)["versions"] == expected


def test_a_bare_host_gets_the_repository_first():
    install = _engine_install.wanted(NAMES[:1], "28", conflicts=["docker.io"], repository=REPOSITORY)
    assert plan(facts(), install) == (
        [
            "fetch /etc/apt/keyrings/docker.asc: missing", "write /etc/apt/sources.list.d/docker.sources: missing",
            "install package docker-ce: missing", "hold package docker-ce: it is not held",
        ],
        [],
    )  # fmt: skip


def test_a_host_of_the_centos_family_gets_the_repository_as_dnf_wants_it():
    install = _engine_install.wanted([*NAMES[:1], "container-selinux"], repository=dict(REPOSITORY, suite="9"))
    system = {"id": "centos", "family": "RedHat", "arch": "x86_64"}
    assert plan(facts(os=system), install) == (
        [
            "fetch /etc/pki/rpm-gpg/RPM-GPG-KEY-docker: missing", "write /etc/yum.repos.d/docker.repo: missing",
            "install package docker-ce: missing", "install package container-selinux: missing",
            "hold package docker-ce: it is not held",
        ],
        [],
    )  # fmt: skip


def test_an_engine_of_another_source_is_replaced_and_that_is_a_change_of_what_is_there():
    install = _engine_install.wanted(NAMES[:1], conflicts=["docker.io", "docker-ce"], hold=False)
    assert plan(facts({"docker.io": "26"}), install) == (
        ["remove package docker.io: docker-ce takes its place", "install package docker-ce: missing"],
        ["remove package docker.io: docker-ce takes its place"],
    )


def test_a_daemon_that_still_runs_what_was_there_before_is_restarted():
    install = _engine_install.wanted(["docker.io"], hold=False)
    line = "restart docker.service: it still runs 26.1.5, but 28.5.2 is installed"
    assert plan(facts({"docker.io": "28.5.2+dfsg1-1"}, "26.1.5+dfsg1"), install) == ([line], [line])
    assert plan(facts({"docker.io": "28.5.2+dfsg1-1"}, "28.5.2+dfsg1"), install) == ([], [])
    assert plan(facts({"docker.io": "28.5.2+dfsg1-1"}), install) == ([], [])


def test_files_tell_the_engines_version_and_the_least_of_what_it_needs():
    files = for_host(FILES, facts())
    install = _engine_install.wanted([item["name"] for item in files], files=files)
    assert install["versions"] == {"docker-ce": "28.5.2-1~debian.13~trixie", "libnew": ">=2.0-1"}
    assert install["hold"] == ["docker-ce"]
    assert [item["dest"] for item in install["files"]] == [f"/var/cache/dockyard-packages/{path[2:]}" for path in FILES]
    assert plan(facts({"docker-ce": NEW, "libnew": "2.1-1"}, holds=["docker-ce"]), install) == ([], [])


def test_files_that_an_interrupted_run_left_are_taken_away():
    install = _engine_install.wanted(["docker.io"], hold=False)
    have = facts({"docker.io": "26"}, files={_engine_install.FILES: {}})
    assert plan(have, install) == (["remove /var/cache/dockyard-packages: left over"], [])


@pytest.mark.parametrize(
    ("names", "lines"),
    [
        (["docker.io"], []),
        (
            ["docker-ce"],
            [
                f"remove {_engine_install.PURGE}: a purge of docker.io would delete the data of the Engine that took its place"
            ],
        ),
    ],
)
def test_no_later_purge_can_take_the_data(names, lines):
    have = facts(dict.fromkeys(names, "1"), files={_engine_install.PURGE: {}})
    assert plan(have, _engine_install.wanted(names, hold=False)) == (lines, [])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, []),
        ({"version": "28.5.2"}, []),
        ({"version": 28}, []),
        ({"version": "latest"}, []),
        ({"version": "newest"}, ["swarm_engine_version", "'newest' is not a version"]),
        ({"version": 28.1}, ["swarm_engine_version", "put 28.1 in quotes"]),
        ({"repository_fingerprint": "9DC8 5822"}, ["swarm_engine_repository_fingerprint", "40 hexadecimal digits"]),
        ({"repository_key": "no key"}, ["swarm_engine_repository_key", "it is not a key"]),
        ({"source": "files"}, ["swarm_engine_package_files", "it is empty"]),
        ({"source": "files", "package_files": FILES}, []),
        ({"source": "files", "package_files": FILES, "version": "28.5"}, []),
        ({"source": "files", "package_files": FILES, "version": "29"}, ["29 is wanted", DEB]),
        ({"source": "files", "package_files": FILES, "missing_files": [DEB]}, [DEB, "does not exist"]),
        ({"source": "files", "package_files": ["x.deb"]}, ["swarm_engine_package_files", "x.deb"]),
    ],
)
def test_what_is_wrong_with_the_options_is_told(options, words):
    found = _engine_install.check(options, facts())
    assert len(found) == bool(words), found
    assert all(word in found[0] for word in words)


def test_the_entry_of_a_repository_that_nothing_comes_from_goes():
    entry = _engine_install.OWN_REPOSITORY[0]
    have = facts({"docker.io": "26"}, files={entry: {}})
    install = _engine_install.wanted(["docker.io"], hold=False)
    found = _engine_install.make_plan(have, install)
    assert plan_text(found["packages"]) == ["remove %s: nothing is installed from it" % entry]
    assert found["changes"] == []


def test_a_file_with_another_name_is_reported_and_does_not_hide_the_version():
    paths = ["docker.deb", "docker-ce_28.5.2-1~debian.13~trixie_amd64.deb"]
    system = {
        "id": "debian",
        "codename": "trixie",
        "version": "13",
        "family": "Debian",
        "arch": "x86_64",
        "name": "Debian 13",
    }
    facts = {"os": system, "engine": {"version": None}}
    options = {"source": "files", "package_files": paths}
    assert _engine_install.version_to_be(options, facts).startswith("28.5.2")
