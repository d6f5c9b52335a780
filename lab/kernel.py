"""The machines' kernel: user-mode Linux, the one that `lab setup` made, else Debian's."""

import hashlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from lab import kernel_build
from lab.errors import LabError
from lab.locks import locked
from lab.paths import cache_root
from lab.shell import SEARCH_PATH, run

_SHIM_SOURCE = Path(__file__).parent / "native" / "xstate.c"


@dataclass(frozen=True)
class Kernel:
    """A kernel that runs as a process."""

    program: Path
    modules: Path  # has a folder by the release's name
    words: tuple[str, ...] = ()  # of its command line
    shim: bool = False

    @property
    def version(self) -> str:
        """Its release."""
        return run([self.program, "--version"]).stdout.strip()


FALLBACK = Kernel(Path("/usr/bin/linux.uml"), Path("/usr/lib/uml/modules"), shim=True)


def current() -> Kernel:
    """Give the kernel that machines are started with."""
    place = kernel_build.place()
    if (place / "linux").exists():
        # Programs' system calls come to it by seccomp and shared memory, not by ptrace: half the time for everything.
        return Kernel(place / "linux", place / "modules", ("seccomp=on",))
    return FALLBACK


def needs_shim() -> bool:
    """Tell whether the processor has AMX: its register state is larger than Debian's kernel knows."""
    return "amx_tile" in Path("/proc/cpuinfo").read_text().split("power management:", 1)[0].split()


def environment() -> dict[str, str]:
    """Give the environment that the kernel is to be started in."""
    if not current().shim or not needs_shim():
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
