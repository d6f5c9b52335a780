"""Cleaning removes what can be made again, and nothing that a lab stands on."""

from pathlib import Path

import pytest

from lab import clean, repository, stale
from lab.network import Bridge
from lab.state import LabState, Node


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    cache = tmp_path / "cache"
    monkeypatch.setenv("DOCKYARD_LAB_CACHE", str(cache))
    monkeypatch.setenv("DOCKYARD_LAB_STATE", str(tmp_path / "state"))
    # Labs that are up beside this test go on using theirs.
    monkeypatch.setattr(repository, "_RECORD", tmp_path / "repository.json")
    for name in (
        "machines/used.ext4",
        "machines/old.ext4",
        "images/a.tar",
        "apt/x",
        "packages/y",
        "kernel/uml-1/linux",
    ):
        (cache / name).parent.mkdir(parents=True, exist_ok=True)
        (cache / name).touch()
    return cache


def left(cache: Path) -> set[str]:
    return {str(path.relative_to(cache)) for path in cache.rglob("*") if path.is_file()}


def test_without_labs_all_goes(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stale, "live_bridges", list)
    assert clean.clean() == []
    assert left(cache) == set()
    assert clean.clean() == []


def test_the_image_and_the_kernel_of_a_saved_lab_stay(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stale, "live_bridges", list)
    node = Node("node1", 1, "trixie", str(cache / "machines/used.ext4"))
    LabState("x", "10.77.0.0/24", 512, 1, [node]).write(tmp_path / "state/saved/point")
    clean.clean()
    assert left(cache) == {"machines/used.ext4", "kernel/uml-1/linux"}


def test_a_live_lab_of_another_checkout_counts(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    node = Node("node1", 1, "trixie", str(cache / "machines/used.ext4"))
    LabState("x", "10.77.0.0/24", 512, 1, [node]).write(tmp_path / "elsewhere")
    monkeypatch.setattr(stale, "live_bridges", lambda: [Bridge("dylab12cd", tmp_path / "elsewhere")])
    clean.clean()
    assert left(cache) == {"machines/used.ext4", "images/a.tar", "packages/y", "kernel/uml-1/linux"}
