"""Reading the computer's own Debian mirror."""

from pathlib import Path

import pytest

from lab import mirror
from lab.errors import LabError

ONE_LINE = """\
# deb http://old.example/debian trixie main
deb-src http://src.example/debian trixie main
deb [arch=amd64 signed-by=/x.gpg] http://mirror.example/debian/ trixie main contrib
deb http://mirror.example/debian trixie-updates main
deb http://mirror.example/debian-security trixie-security main
deb cdrom:[disc] trixie main
deb https://vendor.example/tool stable-tool main
"""
DEB822 = """\
Types: deb deb-src
# a comment
URIs: http://mirror.example/debian
Suites: bookworm
 bookworm-updates
Components: main

Types: deb
URIs: http://sec.example/debian-security
Suites: bookworm-security
Components: main

Enabled: no
Types: deb
URIs: http://off.example/debian
Suites: bookworm
"""


@pytest.mark.parametrize(
    ("text", "suffix", "security"),
    [
        (ONE_LINE, ".list", "http://mirror.example/debian-security"),
        (DEB822, ".sources", "http://sec.example/debian-security"),
    ],
)
def test_both_formats(text: str, suffix: str, security: str) -> None:
    found = mirror.choose(mirror.parse(text, suffix))
    assert found == mirror.Mirror("http://mirror.example/debian", security)


def test_disabled_stanzas_and_sources_are_left_out() -> None:
    assert ("http://off.example/debian", "bookworm") not in mirror.parse(DEB822, ".sources")
    assert {uri for uri, _ in mirror.parse(ONE_LINE, ".list")} == {
        "http://mirror.example/debian",
        "http://mirror.example/debian-security",
        "https://vendor.example/tool",
    }


def test_security_archive_is_guessed_next_to_the_main_one() -> None:
    assert mirror.choose([("http://m.example/debian", "sid")]).security == "http://m.example/debian-security"


def test_a_computer_without_debian_sources_is_told_the_remedy() -> None:
    with pytest.raises(LabError, match="LAB_MIRROR"):
        mirror.choose([("http://archive.example/ubuntu", "noble")])


def test_directory_and_override(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LAB_MIRROR", raising=False)
    parts = tmp_path / "sources.list.d"
    parts.mkdir()
    (parts / "debian.sources").write_text(DEB822)
    (parts / "other.list.disabled").write_text("deb http://no.example/debian bookworm main\n")
    assert mirror.find_mirror(tmp_path).main == "http://mirror.example/debian"
    monkeypatch.setenv("LAB_MIRROR", "http://mine.example/debian/")
    assert mirror.find_mirror(tmp_path) == mirror.Mirror(
        "http://mine.example/debian", "http://mine.example/debian-security"
    )


def test_sources_of_a_machine_read_back_as_the_same_mirror() -> None:
    one = mirror.Mirror("http://m.example/debian", "http://s.example/security")
    entries = mirror.parse(one.sources("trixie"), ".sources")
    assert mirror.choose(entries) == one
    assert [suite for _, suite in entries] == ["trixie", "trixie-updates", "trixie-security"]


def test_unreachable_mirror_is_one_line() -> None:
    with pytest.raises(LabError, match="does not answer") as caught:
        mirror.check_reachable(mirror.Mirror("http://127.0.0.1:9/debian", ""), "trixie")
    assert "\n" not in str(caught.value)
