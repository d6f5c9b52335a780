"""What `setup` does at the same time, and what waits for what."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from lab import bringup, doctor, images, kernel, kernel_build, setup
from lab.errors import LabError
from lab.kernel import Kernel
from lab.progress import Silent

PATIENCE = 10


class Spy:
    """Notes what is done in which order. Steps that are held wait until they are let go."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.events: dict[str, threading.Event] = {}

    def event(self, name: str) -> threading.Event:
        return self.events.setdefault(name, threading.Event())

    def note(self, name: str) -> None:
        self.done.append(name)
        self.event(name).set()


@pytest.fixture
def spy(monkeypatch: pytest.MonkeyPatch) -> Spy:
    found = Spy()

    def make_kernel(_progress: object, compiler: Callable[[], object]) -> None:
        found.note("source fetched")
        compiler()
        assert found.event("disk begun").wait(PATIENCE)
        found.note("kernel made")

    def make_images(suites: set[str], _progress: object, kernel_made: Callable[[], object] | None) -> dict[str, Path]:
        found.note("disk begun")
        if kernel_made:
            kernel_made()
        found.note(f"disks of {', '.join(sorted(suites))}")
        return {}

    monkeypatch.setattr(doctor, "missing_packages", list)
    monkeypatch.setattr(doctor, "install", lambda _missing: found.note("packages"))
    monkeypatch.setattr(kernel, "current", lambda: kernel.FALLBACK)
    monkeypatch.setattr(kernel_build, "ensure", make_kernel)
    monkeypatch.setattr(bringup, "make_images", make_images)
    monkeypatch.setattr(images, "ensure_all", lambda _references, _progress: found.note("containers"))
    return found


def test_the_source_comes_while_packages_are_installed(spy: Spy, monkeypatch: pytest.MonkeyPatch) -> None:
    def install(_missing: list[str]) -> None:
        assert spy.event("source fetched").wait(PATIENCE)
        spy.note("packages")

    monkeypatch.setattr(doctor, "missing_packages", lambda: ["flex"])
    monkeypatch.setattr(doctor, "install", install)
    setup.prepare(Silent())
    assert spy.done[:2] == ["source fetched", "packages"]


def test_the_source_waits_for_what_it_is_unpacked_with(spy: Spy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "missing_packages", lambda: ["flex", "xz-utils"])
    setup.prepare(Silent())
    assert spy.done[:2] == ["packages", "source fetched"]


def test_disks_are_begun_while_the_kernel_is_compiled_and_closed_with_it(spy: Spy) -> None:
    setup.prepare(Silent())
    assert spy.done.index("disk begun") < spy.done.index("kernel made") < spy.done.index("disks of bookworm, trixie")
    assert "containers" in spy.done


def test_a_kernel_that_is_there_keeps_no_disk_waiting(spy: Spy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel, "current", lambda: Kernel(Path("/linux"), Path("/modules")))
    waited = []
    monkeypatch.setattr(bringup, "make_images", lambda _suites, _progress, kernel_made: waited.append(kernel_made))
    monkeypatch.setattr(kernel_build, "ensure", lambda _progress, _compiler: None)
    setup.prepare(Silent())
    assert waited == [None]


def test_without_its_own_kernel_a_lab_has_debians(spy: Spy, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_progress: object, _compiler: Callable[[], object]) -> None:
        raise LabError("no source")

    monkeypatch.setattr(kernel_build, "ensure", fail)
    setup.prepare(Silent())
    assert "disks of bookworm, trixie" in spy.done


def test_packages_that_cannot_be_installed_end_it(spy: Spy, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_missing: list[str]) -> None:
        raise LabError("no mirror")

    monkeypatch.setattr(doctor, "install", fail)
    with pytest.raises(LabError, match="no mirror"):
        setup.prepare(Silent())
    assert "disk begun" not in spy.done
