# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""dnf's and rpm's words, as dnf 4.23 and rpm 4.20 print them."""

from __future__ import annotations

import pytest

from ansible_collections.dockyard.swarm.plugins.module_utils._core import unfinished
from ansible_collections.dockyard.swarm.plugins.module_utils._packages import dnf, versionlock

TRIAL = """\
Last metadata expiration check: 0:01:33 ago on Sat Nov 21 15:07:13 2026.
================================================================================
 Package                 Architecture Version               Repository     Size
================================================================================
Installing:
 containerd.io           x86_64       1.7.24-1.el9          docker         30 M
     replacing  runc.x86_64 0:1.1.13-1.el9
 docker-ce               x86_64       3:26.1.5-1.el9        docker         10 M
Installing dependencies:
 container-selinux       x86_64       2.230.0-1.el9         baseos         50 k
Removing:
 podman-docker           x86_64       5.2.2-1.el9           @baseos        10
Removing dependent packages:
 podman-with-a-name-that-is-much-too-long
                         x86_64       5.2.2-1.el9           @baseos        10

Transaction Summary
================================================================================
Install  3 Packages
Remove   2 Packages

Operation aborted.
"""


def test_installed_versions_have_their_epoch():
    said = "docker-ce 3:26.1.5-1.el9\npackage runc is not installed\ncontainerd.io 0:1.7.24-1.el9\n"
    assert dnf.installed(said) == [("docker-ce", "3:26.1.5-1.el9"), ("containerd.io", "0:1.7.24-1.el9")]


def test_offers_are_told_the_newest_first():
    said = "\n".join(
        (
            "Failed loading plugin \"x\": No module named 'y'", "a 3:28.9.0-1.el9", "a 3:28.10.0-1.el9",
            "a 3:26.1.5-1.el9", "a 3:28.10.0-1.el9", "b 0:1.7-3.1.el9",
        )
    )  # fmt: skip
    assert dnf.offers(said) == {
        "a": ["3:28.10.0-1.el9", "3:28.9.0-1.el9", "3:26.1.5-1.el9"],
        "b": ["0:1.7-3.1.el9"],
    }


def test_what_a_transaction_would_remove():
    assert dnf.simulated(TRIAL) == {"podman-docker", "podman-with-a-name-that-is-much-too-long", "runc"}


def test_a_trial_that_removes_more_than_is_planned_is_refused():
    planned = ["podman-docker", "podman-with-a-name-that-is-much-too-long", "runc"]
    dnf._check_trial(TRIAL, planned)
    with pytest.raises(dnf.ApplyError, match=r"would also remove podman-with-a-name.* nothing was changed"):
        dnf._check_trial(TRIAL, ["podman-docker", "runc"])


def test_a_trial_that_failed_is_no_trial():
    said = "No match for argument: docker-ce-3:99-1.el9\nError: Unable to find a match: docker-ce-3:99-1.el9\n" + TRIAL
    with pytest.raises(dnf.OutdatedError, match="nothing was changed: No match for argument: docker-ce-3:99"):
        dnf._check_trial(said, ["podman-docker", "runc"])


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("Error: Unable to find a match: x\n", "Error: Unable to find a match: x"),
        (
            "Error: \n Problem: conflicting requests\n  - nothing provides y\n(try to add)\n",
            "Error:; Problem: conflicting requests; - nothing provides y",
        ),
        ("one\ntwo\n\n", "one; two"),
        ("", ""),
    ],
)
def test_what_went_wrong_is_told_in_dnfs_words(said, words):
    assert dnf.errors(said) == words


def test_scripts_that_failed_are_found():
    said = "warning: %post(docker-ce-3:26.1.5-1.el9.x86_64) scriptlet failed, exit status 1\n"
    assert [match.group(1) for match in dnf.SCRIPT.finditer(said)] == ["docker-ce"]


@pytest.fixture
def host(tmp_path, monkeypatch):
    """A host that has only files, in which nothing is installed but what a test says."""
    rows = []
    monkeypatch.setattr(unfinished.PACKAGES, "path", str(tmp_path / "pending"))
    monkeypatch.setattr(dnf, "_query", lambda names: [row for row in rows if row[0] in names])
    monkeypatch.setattr(versionlock, "CONFIG", str(tmp_path / "versionlock.conf"))
    (tmp_path / "versionlock.conf").write_text(f"[main]\nenabled = 1\nlocklist = {tmp_path}/list\n")
    return tmp_path, rows


def test_what_is_installed_and_held(host):
    folder, rows = host
    rows += [("docker-ce", "3:26.1.5-1.el9"), ("runc", "0:1.1.13-1.el9")]
    (folder / "list").write_text("docker-ce-3:26.1.5-1.el9.*\n")
    assert dnf.read(["docker-ce", "docker-ce-cli"]) == {
        "versions": {"docker-ce": "3:26.1.5-1.el9"},
        "holds": ["docker-ce"],
    }


def test_what_was_cut_short_counts_as_missing(host):
    folder, rows = host
    rows += [("docker-ce", "3:26.1.5-1.el9"), ("runc", "0:1.1.13-1.el9")]
    (folder / "pending").write_text("docker-ce\ndocker-ce-cli\n")
    assert dnf.read(["docker-ce", "runc"])["versions"] == {"runc": "0:1.1.13-1.el9"}


def test_holding_writes_the_list(host):
    folder, rows = host
    rows.append(("docker-ce", "3:26.1.5-1.el9"))
    dnf.Backend().hold(["docker-ce"])
    assert (folder / "list").read_text() == "# held by dockyard.swarm\ndocker-ce-3:26.1.5-1.el9.*\n"
    (folder / "versionlock.conf").write_text("[main]\nenabled = 0\n")
    with pytest.raises(dnf.ApplyError, match="switches the plugin off"):
        dnf.Backend().hold(["docker-ce"])
