# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os

import pytest

from ansible_collections.dockyard.swarm.plugins.module_utils._core import unfinished
from ansible_collections.dockyard.swarm.plugins.module_utils._packages import apt

STATUS = """\
Package: docker-ce
Status: hold ok installed
Priority: optional
Version: 5:28.5.2-1~debian.13~trixie

Package: docker-ce-cli
Status: install ok installed
Version: 5:28.5.2-1~debian.13~trixie

Package: containerd.io
Status: hold ok not-installed
Priority: optional

Package: docker.io
Status: deinstall ok config-files
Version: 26.1.5+dfsg1-9

Package: unasked
Status: hold ok installed
Version: 1
"""
POLICY = """\
docker-ce:
  Installed: 5:26.1.5-1~debian.13~trixie
  Candidate: 5:28.5.2-1~debian.13~trixie
  Version table:
     5:29.0.0-1~debian.13~trixie -1
         -1 http://packages.example.com/linux/debian trixie/stable amd64 Packages
     5:28.5.2-1~debian.13~trixie 500
        500 http://packages.example.com/linux/debian trixie/stable amd64 Packages
        500 http://mirror.example.com/linux/debian trixie/stable amd64 Packages
 *** 5:26.1.5-1~debian.13~trixie 100
        100 /var/lib/dpkg/status
docker.io:
  Installed: (none)
  Candidate: 26.1.5+dfsg1-9+b9
  Version table:
     26.1.5+dfsg1-9+b9 500
        500 http://deb.example.org/debian trixie/main amd64 Packages
"""
SIMULATED = """\
The following packages will be REMOVED:
  docker.io docker-compose
Remv docker-compose [2.26] [docker.io:amd64 ]
Remv docker.io:amd64 [26.1.5]
Inst containerd.io [1.7.24] (1.7.28 Docker CE:trixie [amd64])
Inst docker-ce (5:28.5.2-1~debian.13~trixie Docker CE:trixie [amd64])
Inst libc6:i386 [2.41] (2.42 Debian:13/stable [i386])
Conf docker-ce (5:28.5.2-1~debian.13~trixie Docker CE:trixie [amd64])
"""


@pytest.fixture(autouse=True)
def pending(tmp_path, monkeypatch):
    """Where the packages are noted whose transaction is not over."""
    monkeypatch.setattr(unfinished.PACKAGES, "path", str(tmp_path / "pending"))
    monkeypatch.setattr(apt, "FILES", str(tmp_path / "info" / "*.list"))
    return tmp_path / "pending"


def test_versions_and_holds_come_from_one_reading(tmp_path):
    (tmp_path / "status").write_text(STATUS)
    names = ["docker-ce", "docker-ce-cli", "containerd.io", "docker.io", "nonesuch"]
    assert apt.read(names, str(tmp_path / "status")) == {
        "versions": {"docker-ce": "5:28.5.2-1~debian.13~trixie", "docker-ce-cli": "5:28.5.2-1~debian.13~trixie"},
        "holds": ["containerd.io", "docker-ce"],
    }
    assert apt.read(names, str(tmp_path / "nowhere")) == {"versions": {}, "holds": []}


def test_what_apt_would_choose_comes_first_and_what_is_only_installed_is_no_offer():
    assert apt.policy(POLICY) == {
        "docker-ce": ["5:28.5.2-1~debian.13~trixie", "5:29.0.0-1~debian.13~trixie"],
        "docker.io": ["26.1.5+dfsg1-9+b9"],
    }
    assert apt.policy("") == {}


def test_what_a_simulation_would_remove_and_change():
    assert apt.simulated(SIMULATED) == ({"docker-compose", "docker.io"}, {"containerd.io", "libc6"})


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("Reading lists\nE: Unable to locate package nonesuch\n", "E: Unable to locate package nonesuch"),
        (
            "dpkg: error processing package x\nmore\nE: Sub-process failed\n",
            "dpkg: error processing package x; E: Sub-",
        ),
        ("one\ntwo\n\n", "one; two"),
        ("", ""),
    ],
)
def test_what_went_wrong_is_told_in_the_package_managers_words(said, words):
    assert apt.errors(said).startswith(words)


def change(do, name, target=None, held=False):
    return {"do": do, "name": name, "target": target, "held": held}


PLAIN = {"rsyslog", "chrony", "/x/docker-ce.deb"}


@pytest.fixture
def commands(monkeypatch):
    ran = []

    def run(command, _deadline, _more=None):
        ran.append(command)
        # A package alone takes nobody's place.
        alone = PLAIN.intersection(command)
        return 0, SIMULATED if "--simulate" in command and not alone else ""

    monkeypatch.setattr(apt, "run", run)
    return ran


def words(command):
    return command[command.index("install") + 1 :]


def test_what_is_missing_is_installed_in_one_go(commands):
    apt.Backend().install(
        [change("install", "rsyslog"), change("install", "docker-ce", "5:28"), change("hold", "x")], {}
    )
    assert [words(command) for command in commands] == [["rsyslog", "docker-ce=5:28"]] * 2
    assert ["--simulate" in command for command in commands] == [True, False]
    assert not [word for word in commands[0] if word.startswith("--allow")]


def test_a_file_stands_for_its_package(commands):
    apt.Backend().install([change("install", "docker-ce", "5:28")], {"docker-ce": "/x/docker-ce.deb"})
    assert words(commands[0]) == ["/x/docker-ce.deb"]


def test_what_is_there_is_changed_only_as_planned(commands):
    plan = [change("downgrade", "containerd.io", "1", held=True), change("remove", "docker.io")]
    plan += [change("install", "docker-ce"), change("install", "docker-compose"), change("upgrade", "libc6")]
    apt.Backend().install(plan, {})
    assert len(commands) == 2
    assert "--simulate" in commands[0]
    assert "--allow-downgrades" in commands[1]
    assert "--allow-change-held-packages" in commands[1]
    assert words(commands[1]) == ["containerd.io=1", "docker-ce", "docker-compose", "libc6", "docker.io-"]


def test_what_would_be_removed_besides_stops_it(commands):
    with pytest.raises(apt.ApplyError, match="would also remove docker-compose, and nothing was changed"):
        apt.Backend().install([change("remove", "docker.io"), change("install", "docker-ce")], {})
    assert len(commands) == 1


def test_a_package_gives_way_to_another_only_where_that_was_agreed_to(commands):
    with pytest.raises(
        apt.ApplyError, match=r"would also remove docker-compose, docker\.io.*swarm_cluster_allow_removal"
    ):
        apt.Backend().install([change("install", "podman-docker")], {})
    assert len(commands) == 1
    apt.Backend(may_go=["docker-compose", "docker.io"]).install([change("install", "podman-docker")], {})
    assert ["--simulate" in command for command in commands] == [True, True, False]


SAID = {
    (
        "chrony",
        "rsyslog",
    ): "Remv ntpsec [1.2]\nRemv systemd-timesyncd [257]\nRemv syslog-ng-core [4]\nInst chrony (4.6)\n",
    ("chrony",): "Remv ntpsec [1.2]\nRemv systemd-timesyncd [257]\nInst chrony (4.6)\n",
    ("rsyslog",): "Remv syslog-ng-core [4]\nRemv syslog-ng-mod-x [4]\nInst rsyslog (8)\n",
    ("dnsmasq",): "Inst dnsmasq (2)\n",
    ("chrony", "nonesuch"): "E: Unable to locate package nonesuch",
    ("nonesuch",): "E: Unable to locate package nonesuch",
}


@pytest.mark.parametrize(
    ("names", "found", "asked"),
    [
        (["chrony", "rsyslog"], {"chrony": ["ntpsec"], "rsyslog": ["syslog-ng-core"]}, 3),
        (["dnsmasq"], {}, 1),
        (["chrony"], {"chrony": ["ntpsec"]}, 1),
        (["chrony", "nonesuch"], {"chrony": ["ntpsec"]}, 3),
    ],
)
def test_which_packages_give_way_to_which(monkeypatch, tmp_path, names, found, asked):
    ran = []

    def run(command, _deadline):
        ran.append(command)
        said = SAID[tuple(words(command))]
        return (100 if said.startswith("E:") else 0), said

    monkeypatch.setattr(apt, "run", run)
    monkeypatch.setattr(apt, "automatic", lambda: {"syslog-ng-mod-x"})
    monkeypatch.setattr(apt, "LISTS", str(tmp_path))
    assert apt.replaced(names) == {}
    (tmp_path / "deb.example.org_dists_trixie_main_binary-amd64_Packages").write_text("")
    assert apt.replaced(names) == found
    assert len(ran) == asked


def test_what_came_as_a_dependency_may_go(commands, monkeypatch, tmp_path):
    (tmp_path / "states").write_text(
        "Package: docker-compose\nArchitecture: amd64\nAuto-Installed: 1\n\nPackage: vim\nAuto-Installed: 0\n"
    )
    found = apt.automatic(str(tmp_path / "states"))
    assert found == {"docker-compose"}
    assert apt.automatic(str(tmp_path / "nowhere")) == set()
    monkeypatch.setattr(apt, "automatic", lambda: found)
    apt.Backend().install([change("remove", "docker.io"), change("install", "docker-ce")], {})
    assert len(commands) == 2


def test_what_is_held_by_others_stops_it(commands, monkeypatch):
    monkeypatch.setattr(apt, "read", lambda names: {"versions": {}, "holds": sorted(set(names) & {"libc6"})})
    plan = [change("remove", "docker.io"), change("remove", "docker-compose"), change("upgrade", "containerd.io")]
    with pytest.raises(apt.ApplyError, match="would also change libc6, which are held"):
        apt.Backend().install(plan, {})
    assert len(commands) == 1


def test_what_the_caller_holds_goes_along(commands, monkeypatch):
    monkeypatch.setattr(apt, "read", lambda names: {"versions": {}, "holds": sorted(set(names) & {"libc6"})})
    plan = [change("remove", "docker.io"), change("remove", "docker-compose"), change("upgrade", "containerd.io")]
    apt.Backend().install(plan, {}, own=["libc6"])
    assert len(commands) == 2


def test_what_is_to_be_installed_can_be_fetched_before(commands):
    plan = [change("upgrade", "docker-ce", "5:28", held=True), change("remove", "docker.io")]
    apt.Backend().download([*plan, change("remove", "docker-compose"), change("upgrade", "containerd.io")], {})
    assert ["--simulate" in command for command in commands] == [True, False]
    assert "--download-only" in commands[1]
    assert "--allow-change-held-packages" in commands[1]
    assert words(commands[1])[:2] == ["docker-ce=5:28", "containerd.io"]
    apt.Backend().download([change("hold", "docker-ce")], {})
    assert len(commands) == 2


def test_nothing_to_install_runs_nothing(commands):
    apt.Backend().install([change("hold", "docker-ce")], {})
    assert commands == []


@pytest.mark.parametrize(
    "said",
    [
        "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 848 (apt-get)",
        "dpkg: error: dpkg frontend lock was locked by another process with pid 901",
        "dpkg: error: dpkg frontend lock was locked by /usr/bin/apt-get process with pid 848",
    ],
)
def test_whoever_else_is_at_it_is_waited_for(said, tmp_path, monkeypatch):
    """dpkg's own words were seen on machines whose first run went on after its controller was killed."""
    monkeypatch.setattr(apt.time, "sleep", lambda _seconds: None)
    once = tmp_path / "once"
    script = 'if [ -e "$1" ]; then echo done; else touch "$1"; echo "$2"; exit 2; fi'
    assert apt.run(["sh", "-c", script, "sh", str(once), said], apt.time.monotonic() + 60) == (0, "done\n")
    once.unlink()
    assert apt.run(["sh", "-c", script, "sh", str(once), said], 0)[0] == 2


@pytest.mark.parametrize(
    ("said", "left"),
    [("E: Unable to fetch some archives", set()), ("Setting up chrony (4.6) ...\nE: Sub-process", {"chrony"})],
)
def test_a_transaction_that_began_and_failed_is_not_over(said, left, monkeypatch):
    def run(command, _deadline):
        if "--simulate" in command:
            return 0, ""
        assert unfinished.PACKAGES.names() == {"chrony"}
        return 100, said

    monkeypatch.setattr(apt, "run", run)
    with pytest.raises(apt.ApplyError):
        apt.Backend().install([change("install", "chrony")], {})
    assert unfinished.PACKAGES.names() == left


def test_one_that_succeeded_is_over(commands, pending):
    apt.Backend().install([change("install", "chrony")], {})
    assert commands
    assert not pending.exists()


def test_what_was_cut_short_counts_as_missing_and_is_installed_again(commands, pending, tmp_path, monkeypatch):
    (tmp_path / "status").write_text(STATUS)
    pending.write_text("docker-ce\n")
    assert set(apt.read(["docker-ce", "docker-ce-cli"], str(tmp_path / "status"))["versions"]) == {"docker-ce-cli"}
    (tmp_path / "info").mkdir()
    for name in ("docker-ce-cli", "libc6:amd64"):
        (tmp_path / "info" / f"{name}.list").write_text("/etc\n")
    os.utime(tmp_path / "info" / "libc6:amd64.list", (1, 1))  # it was there before
    versions = {"docker-ce": "5:28", "docker-ce-cli": "5:28", "libc6": "2"}
    monkeypatch.setattr(apt, "_installed", lambda names: {"versions": {name: versions[name] for name in names}})
    monkeypatch.setattr(apt, "candidates", lambda names: {name: ["5:29", "5:28"] for name in names})
    apt.Backend().repair()
    assert commands[0][:3] == ["dpkg", "--configure", "-a"]
    assert commands[1][-1] == "update"
    assert "--reinstall" in commands[2]
    assert words(commands[2]) == ["docker-ce=5:28", "docker-ce-cli=5:28"]
    assert not pending.exists()
    apt.Backend().repair()
    assert len(commands) == 3


def test_files_that_a_script_wrote_and_that_are_empty(tmp_path, monkeypatch):
    etc = tmp_path / "etc" / "chrony"
    etc.mkdir(parents=True)
    old, empty = etc / "old", etc / "empty"
    old.touch()
    empty.touch()
    while empty.stat().st_ctime <= old.stat().st_ctime:
        # As a script leaves it that copies a file with its time, where the power failed before its content was on the disk.
        os.utime(empty, (1, 1))
    since = empty.stat().st_ctime
    (etc / "full").write_text("pool")
    (etc / "link").symlink_to("empty")
    (tmp_path / "chrony.list").write_text(f"/.\n{etc.parent}\n{etc}\n{etc}/full\n")
    monkeypatch.setattr(apt, "ETC", f"{etc.parent}/")
    assert apt.emptied([str(tmp_path / "chrony.list")], since) == [str(empty)]
