"""What machines can be imaged with, and the rpm packages of the stand-in for CentOS Stream."""

import subprocess
from pathlib import Path

import pytest
import yaml

from lab import rootfs, rpm_repository
from lab.errors import LabError
from lab.mirror import Mirror
from lab.paths import repository_root
from lab.suites import SUITES


def test_a_stand_in_is_made_of_a_release_of_debian() -> None:
    for name, suite in SUITES.items():
        assert suite.debian in SUITES, name
    assert SUITES["centos9"].debian == "trixie"
    assert 'ID="centos"' in SUITES["centos9"].files["etc/os-release"]


def test_machines_with_the_engine_have_what_a_run_would_install() -> None:
    role = yaml.safe_load((repository_root() / "roles/swarm_engine/vars/main/main.yml").read_text())
    brought_along = {"containerd", "runc"}  # docker.io depends on them
    wanted = set(role["__swarm_engine_distribution"]["trixie"]) - brought_along | {"chrony"}
    suite = SUITES["trixie-engine"]
    assert (suite.debian, suite.rpm, set(suite.packages)) == ("trixie", False, wanted)


def test_a_build_leaves_alone_that_of_a_suite_whose_name_begins_with_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKYARD_LAB_CACHE", str(tmp_path))
    for name in ("trixie-17", "trixie-engine-18"):
        (tmp_path / "build" / name).mkdir(parents=True)

    def end(*_: object) -> None:
        raise LabError("enough", "")

    monkeypatch.setattr(rootfs, "run_logged", end)
    with pytest.raises(LabError):
        rootfs._make_root("trixie", Mirror("http://mirror.example", "http://security.example"), lambda _: None)
    left = {path.name for path in (tmp_path / "build").iterdir()}
    assert "trixie-17" not in left
    assert "trixie-engine-18" in left


def test_packages_start_nothing_while_a_root_is_made(tmp_path: Path) -> None:
    (tmp_path / "usr/sbin").mkdir(parents=True)
    policy = tmp_path / "usr/sbin/policy-rc.d"

    def install() -> None:
        with rootfs._no_daemons(tmp_path):
            # What invoke-rc.d understands as: not allowed.
            assert subprocess.run([policy, "docker", "start"], check=False).returncode == 101
            raise LabError("a package cannot be had", "")

    with pytest.raises(LabError):
        install()
    assert not policy.exists()


@pytest.mark.parametrize(
    ("version", "upstream"),
    [("28.5.2+dfsg4-5", "28.5.2"), ("1.7.24~ds1-6+deb13u1", "1.7.24"), ("5:4.6.1-3", "4.6.1"), ("4.10.1", "4.10.1")],
)
def test_the_softwares_own_version(version: str, upstream: str) -> None:
    assert rpm_repository._upstream(version) == upstream


def test_a_spec_has_just_the_files_that_are_wanted(tmp_path: Path) -> None:
    for name in ("usr/bin/wanted", "usr/share/doc/unwanted", "etc/wanted.conf"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    package = rpm_repository.Package(
        "x", epoch=3, files=("usr/bin/*", "etc/*.conf"), tags=("Requires: y",), units=("x.service",), setup="getent z"
    )
    spec = rpm_repository._spec(package, "1.2", tmp_path)
    assert "Name: x\nEpoch: 3\nVersion: 1.2\nRelease: 1.el9\n" in spec
    assert "AutoReqProv: no\nRequires: y\n" in spec
    assert "%post\ngetent z\nsystemctl daemon-reload\n" in spec
    assert "systemctl try-restart x.service" in spec
    assert spec.endswith('%files\n%config(noreplace) "/etc/wanted.conf"\n"/usr/bin/wanted"\n\n')
    assert not (tmp_path / "usr/share/doc/unwanted").exists()
