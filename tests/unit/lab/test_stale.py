"""What counts as left behind by a dead lab."""

from pathlib import Path

import pytest

from lab import processes, stale
from lab.state import LabState


@pytest.mark.parametrize(
    ("recorded_alive", "taps_held", "expected"),
    [(False, False, True), (True, False, False), (False, True, False), (True, True, False)],
)
def test_only_a_lab_without_any_life_is_stale(*, recorded_alive: bool, taps_held: bool, expected: bool) -> None:
    assert stale.Traces(recorded_alive, taps_held).stale is expected


def test_unfinished_directories(tmp_path: Path) -> None:
    LabState("good", "10.77.0.0/24", 512, 1).write(tmp_path / "good")
    for name, text in (("cut-short", '{"name": "x'), ("empty", "")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "lab.json").write_text(text)
    alive = tmp_path / "alive"
    alive.mkdir()
    processes.spawn(["sleep", "60"], alive / "log", alive / "dnsmasq.json")
    try:
        assert [path.name for path in stale.unfinished(tmp_path)] == ["cut-short", "empty"]
    finally:
        processes.end(alive / "dnsmasq.json", at_once=True)
    assert stale.unfinished(tmp_path / "nowhere") == []
