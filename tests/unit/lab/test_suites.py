"""What machines can be imaged with, and the rpm packages of the stand-in for CentOS Stream."""

from pathlib import Path

import pytest

from lab import rpm_repository
from lab.suites import SUITES


def test_a_stand_in_is_made_of_a_release_of_debian() -> None:
    for name, suite in SUITES.items():
        assert suite.debian in SUITES, name
    assert SUITES["centos9"].debian == "trixie"
    assert 'ID="centos"' in SUITES["centos9"].files["etc/os-release"]


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
