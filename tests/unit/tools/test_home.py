"""The scripts where HOME is not set, as in timers and CI jobs: one message, and nothing begun."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("more", [{}, {"DOCKYARD_CACHE": "/nowhere"}, {"HOME": ""}])
def test_a_missing_home_is_named(more):
    environment = {key: value for key, value in os.environ.items() if key not in ("HOME", "DOCKYARD_CACHE")}
    done = subprocess.run(
        [ROOT / "tools" / "run", "true"],
        env={**environment, **more},
        text=True,
        capture_output=True,
        timeout=20,
        check=False,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("dockyard: the environment variable HOME is not set: set it")
    assert len(done.stderr.splitlines()) == 1
