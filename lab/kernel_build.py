"""Making the machines' kernel out of Debian's source, once: newer than the one that Debian has as user-mode Linux.

Debian's of bookworm is slow, since each system call of a program is several ptrace calls of this computer; the newer ones that
Debian has are configured without what iptables needs, and with it no Engine starts.
"""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from lab.errors import LabError
from lab.images import packages
from lab.locks import locked
from lab.paths import cache_root
from lab.progress import Progress
from lab.recipe import fingerprint
from lab.shell import run, run_logged

# Debian's next release; its `linux-source` depends on the source of the kernel that it has just now.
SUITE = "forky"
_NATIVE = Path(__file__).parent / "native"
_CONFIG = _NATIVE / "uml.config"
_COMPILER = ("cc", "headers.h")
# Nothing of it is compiled, and it is half of the source.
_LEFT_OUT = (
    *(
        f"*/drivers/{name}/*.[chS]"
        for name in ("gpu", "media", "staging", "infiniband", "net/ethernet", "net/wireless")
    ),
    *(f"*/arch/{name}/*.[chS]" for name in ("arm", "arm64", "mips", "powerpc", "s390", "sparc", "riscv", "loongarch")),
    *("*/sound/*.[ch]", "*.dts", "*.dtsi", "*/Documentation/*.rst", "*/Documentation/*.yaml", "*/tools/testing/*"),
)


def place() -> Path:
    """Give the folder of the kernel, made or not: the program `linux`, and `modules`."""
    texts = [(_NATIVE / name).read_text() for name in _COMPILER]
    return cache_root() / "kernel" / f"uml-{fingerprint(_CONFIG.read_text(), *texts, SUITE, _make)}"


def ensure(progress: Progress, compiler: Callable[[], object] = lambda: None) -> None:
    """Make the kernel where there is none. ``compiler`` returns once what it is compiled with is there."""
    target = place()
    with locked(cache_root() / "locks" / "kernel.lock"):
        if (target / "linux").exists():
            return
        work = cache_root() / "build" / "kernel"
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        log = work.parent / "kernel.log"
        log.unlink(missing_ok=True)
        progress.say("kernel", f"fetching its source from Debian {SUITE}")
        source = _unpack(work)
        compiler()
        progress.say("kernel", f"compiling {source.name}, once: some minutes")
        _make(source, work / "made", log)
        target.parent.mkdir(parents=True, exist_ok=True)
        (work / "made").rename(target)
        shutil.rmtree(work)
        progress.say("kernel", "made")


def _unpack(work: Path) -> Path:
    debs = [deb for deb in packages.with_dependencies(SUITE, ("linux-source",)) if deb.name.startswith("linux-source-")]
    if len(debs) != 1:
        raise LabError(f"Debian {SUITE} has no source of a kernel: {[deb.name for deb in debs]}")
    run(["dpkg-deb", "-x", debs[0], work / "package"])
    debs[0].unlink()
    (archive,) = (work / "package/usr/src").glob("linux-source-*.tar.xz")
    left_out = [f"--exclude={pattern}" for pattern in _LEFT_OUT]
    run(["tar", "-x", "-I", "xz --threads=0", "--wildcards", *left_out, "-f", archive, "-C", work])
    return work / archive.name.removesuffix(".tar.xz")


def _make(source: Path, target: Path, log: Path) -> None:
    for name in _COMPILER:
        shutil.copy2(_NATIVE / name, target.parent / name)
    settings = ("ARCH=um", "LOCALVERSION=", f"CC={target.parent}/cc", "KCFLAGS=-w")
    make = ["make", "--silent", f"--directory={source}", *settings]
    jobs = f"--jobs={len(os.sched_getaffinity(0))}"
    run_logged([*make, f"KCONFIG_ALLCONFIG={_CONFIG}", "alldefconfig"], log)
    # One of the kernel itself and one of a module, whose options are those of nearly all.
    examples = ("fs/open.o", "drivers/net/dummy.o")
    run_logged([*make, jobs, *examples], log, env={"HEADERS_FOR": " ".join(examples)})
    run_logged([*make, jobs, "linux", "modules"], log)
    run_logged([*make, f"INSTALL_MOD_PATH={target}", "modules_install"], log)
    (target / "lib/modules").rename(target / "modules")
    (target / "lib").rmdir()
    for link in (target / "modules").glob("*/build"):
        link.unlink()
    shutil.copy2(source / "linux", target / "linux")
