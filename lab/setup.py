"""Making a computer ready for labs: all that can be done side by side is, since the kernel alone takes two minutes."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from lab import bringup, doctor, images, kernel, kernel_build
from lab.errors import LabError
from lab.plan import DEFAULT_SUITES
from lab.progress import Progress

# What the kernel's source is fetched and unpacked with.
_READ_WITH = {"apt", "dpkg", "debian-archive-keyring", "xz-utils"}


def prepare(progress: Progress) -> None:
    """Install what is missing; make the kernel, and the disk and container images that `up` takes by default."""
    missing = doctor.missing_packages()
    with ThreadPoolExecutor() as pool:
        installed = pool.submit(_install, missing, progress)
        if _READ_WITH & set(missing):
            installed.result()
        pending = kernel.current() == kernel.FALLBACK
        made = pool.submit(_make_kernel, progress, installed.result)
        installed.result()
        containers = pool.submit(images.ensure_all, (), progress)
        bringup.make_images(set(DEFAULT_SUITES), progress, made.result if pending else None)
        containers.result()
        made.result()


def _install(missing: list[str], progress: Progress) -> None:
    if missing:
        progress.say("packages", f"installing {', '.join(missing)}")
    doctor.install(missing)
    progress.say("packages", "installed" if missing else "none is missing")


def _make_kernel(progress: Progress, compiler: Callable[[], None]) -> None:
    try:
        kernel_build.ensure(progress, compiler)
    except LabError as error:
        progress.say("kernel", f"machines run with Debian's own, for which all takes twice as long: {error}")
