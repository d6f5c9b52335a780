"""The machines' kernel: user-mode-linux, and what it needs on this computer's processor."""

import hashlib
import os
import shutil
from pathlib import Path

from lab.errors import LabError
from lab.locks import locked
from lab.paths import cache_root
from lab.shell import SEARCH_PATH, run

KERNEL = Path("/usr/bin/linux.uml")
MODULES = Path("/usr/lib/uml/modules")
_SHIM_SOURCE = Path(__file__).parent / "native" / "xstate.c"


def version() -> str:
    """Give the release of the installed kernel."""
    return run([KERNEL, "--version"]).stdout.strip()


def needs_shim() -> bool:
    """Tell whether the processor has AMX: its register state is larger than the kernel knows."""
    return "amx_tile" in Path("/proc/cpuinfo").read_text().split("power management:", 1)[0].split()


def environment() -> dict[str, str]:
    """Give the environment that the kernel is to be started in."""
    if not needs_shim():
        return {}
    source = _SHIM_SOURCE.read_bytes()
    shim = cache_root() / "kernel" / f"xstate-{hashlib.sha256(source).hexdigest()[:16]}.so"
    with locked(cache_root() / "locks" / "kernel.lock"):
        if not shim.exists():
            _compile(shim)
    return {"LD_PRELOAD": str(shim)}


def _compile(shim: Path) -> None:
    if not shutil.which("gcc", path=SEARCH_PATH):
        raise LabError("this processor has AMX, for which gcc is needed once", "run `apt-get install gcc libc6-dev`")
    shim.parent.mkdir(parents=True, exist_ok=True)
    temporary = shim.with_suffix(f".{os.getpid()}")
    run(["gcc", "-O2", "-shared", "-fPIC", "-o", temporary, _SHIM_SOURCE])
    temporary.rename(shim)
