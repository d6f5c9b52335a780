"""Which kernel machines are started with."""

from pathlib import Path

import pytest

from lab import kernel, kernel_build


def test_the_one_that_was_made_goes_before_debians(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKYARD_LAB_CACHE", str(tmp_path))
    assert kernel.current() == kernel.FALLBACK
    # What a compilation that was cut short leaves is no kernel.
    (kernel_build.place() / "modules").mkdir(parents=True)
    assert kernel.current() == kernel.FALLBACK
    (kernel_build.place() / "linux").write_text("")
    found = kernel.current()
    assert (found.program.parent, found.words, found.shim) == (
        kernel_build.place(),
        ("seccomp=on",),
        False,
    )
    assert kernel.environment() == {}
