"""Root file systems and disk images of bare machines, built once per recipe."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from lab import aptcache, kernel
from lab.locks import locked
from lab.mirror import Mirror, apt_validity_options, check_reachable
from lab.paths import cache_root
from lab.recipe import fingerprint
from lab.shell import run, run_logged
from lab.suites import SUITES, Suite

DISK_SIZE = "12G"
PACKAGES = [
    *("systemd", "systemd-sysv", "dbus", "python3", "openssh-server", "iproute2", "iptables"),
    *("kmod", "ca-certificates", "procps", "sudo"),
]
# Consoles nobody looks at and timers that would work against a test; each costs seconds of boot or of CPU later.
MASKED = [
    *("getty@.service", "serial-getty@.service", "console-getty.service", "container-getty@.service", "getty.target"),
    *("apt-daily.timer", "apt-daily-upgrade.timer", "dpkg-db-backup.timer", "fstrim.timer"),
    *("e2scrub_all.timer", "e2scrub_reap.service"),
]
GUEST_FILES = {
    "identity": ("usr/local/lib/lab/identity", 0o755),
    "network": ("usr/local/lib/lab/network", 0o755),
    "apt-proxy": ("usr/local/lib/lab/apt-proxy", 0o755),
    "lab-identity.service": ("etc/systemd/system/lab-identity.service", 0o644),
    "lab-network.service": ("etc/systemd/system/lab-network.service", 0o644),
}
APT_CONFIG = """\
// Packages come through the lab's cache while it answers. Lists of languages and differences only cost time here.
Acquire::http::Proxy-Auto-Detect "/usr/local/lib/lab/apt-proxy";
Acquire::Languages "none";
Acquire::PDiffs "false";
"""
_GUEST = Path(__file__).parent / "guest"
Say = Callable[[str], None]


def recipe_hash(suite: str, mirror: Mirror) -> str:
    """Hash everything an image is made from: another recipe is another image."""
    booted = kernel.current()
    data = (suite, SUITES[suite], mirror, booted.program.parent.name, booted.version, apt_validity_options())
    texts = [(_GUEST / name).read_text() for name in sorted(GUEST_FILES)]
    own = (
        PACKAGES,
        MASKED,
        GUEST_FILES,
        APT_CONFIG,
        DISK_SIZE,
        _make_root,
        _configure,
        _add_modules,
        _make_disk,
        _adapt,
        _install_guest_file,
        _no_daemons,
    )
    return fingerprint(*data, aptcache.ADDRESS, aptcache.PORT, *texts, *own)


def image_path(suite: str, mirror: Mirror) -> Path:
    """Give the place of a suite's disk image, built or not."""
    return cache_root() / "machines" / f"{suite}-{recipe_hash(suite, mirror)}.ext4"


def ensure_image(
    suite: str, mirror: Mirror, say: Say = lambda _: None, kernel_made: Callable[[], object] | None = None
) -> Path:
    """Give the disk image of a suite; build it first when there is none.

    With ``kernel_made``, the machines' kernel is still being made: all but its modules is put together before that returns.
    """
    image = image_path(suite, mirror)
    if image.exists() and not kernel_made:
        return image
    with locked(cache_root() / "locks" / f"{suite}.lock", lambda: say("another lab builds it; waiting")):
        if kernel_made or not image.exists():
            check_reachable(mirror, SUITES[suite].debian)
            work = _make_root(suite, mirror, say)
            if kernel_made:
                say("waiting for the kernel")
                kernel_made()
                image = image_path(suite, mirror)
            say("making the disk")
            _add_modules(work / "root", work.parent / f"{suite}.log")
            _make_disk(work, image, work.parent / f"{suite}.log")
    return image


def _make_root(suite: str, mirror: Mirror, say: Say) -> Path:
    work = cache_root() / "build" / f"{suite}-{os.getpid()}"
    # A build that was killed leaves its directory behind; the lock says nobody else works on this suite now. One whose name
    # begins with this one's has a lock of its own, and may be built at this moment.
    for old in work.parent.glob(f"{suite}-[0-9]*"):
        _remove_tree(old)
    work.mkdir(parents=True)
    root, log = work / "root", work.parent / f"{suite}.log"
    log.unlink(missing_ok=True)
    say("installing packages")
    options = [f"--aptopt={line}" for line in apt_validity_options().splitlines()]
    # No flushes to this computer's disk while it is made: a build that fails starts again.
    options += ["--variant=minbase", f"--include={','.join(PACKAGES)}", "--dpkgopt=force-unsafe-io"]
    run_logged(["mmdebstrap", "--mode=root", *options, SUITES[suite].debian, root, mirror.main], log)
    for folder in ("etc/apt/apt.conf.d", "etc/dpkg/dpkg.cfg.d"):
        (root / folder / "99mmdebstrap").unlink(missing_ok=True)
    say("configuring")
    _configure(root, SUITES[suite], mirror, log)
    return work


def _make_disk(work: Path, image: Path, log: Path) -> None:
    disk = work / "disk"
    run_logged(["mke2fs", "-q", "-t", "ext4", "-L", "root", "-d", work / "root", disk, DISK_SIZE], log)
    image.parent.mkdir(parents=True, exist_ok=True)
    disk.chmod(0o444)
    disk.rename(image)
    _remove_tree(work)


def _configure(root: Path, suite: Suite, mirror: Mirror, log: Path) -> None:
    sources = root / "etc/apt/sources.list.d/debian.sources"
    (root / "etc/apt/sources.list").unlink(missing_ok=True)
    sources.write_text(mirror.sources(suite.debian))
    (root / "etc/apt/apt.conf.d/80lab").write_text(APT_CONFIG + apt_validity_options())
    # This computer's resolver: right for the build, wrong for a machine.
    shutil.copy("/etc/resolv.conf", root / "etc/resolv.conf")
    chroot = ["chroot", str(root), "env", "DEBIAN_FRONTEND=noninteractive"]
    apt = [*chroot, "apt-get", "-q", "-y", "-o", "Acquire::http::Proxy-Auto-Detect="]
    run_logged([*apt, "update"], log)
    run_logged([*apt, "dist-upgrade"], log)
    if suite.packages:
        with _no_daemons(root):
            run_logged([*apt, "install", "--no-install-recommends", *suite.packages], log)
    run_logged([*apt, "clean"], log)
    # The lists stay in the image together with apt's parsed form of them: parsing takes a machine many seconds.
    run_logged([*chroot, "apt-cache", "gencaches"], log)
    for tool in ("iptables", "ip6tables"):
        run_logged([*chroot, "update-alternatives", "--set", tool, f"/usr/sbin/{tool}-legacy"], log)
    for name, (target, mode) in GUEST_FILES.items():
        _install_guest_file(name, root / target, mode)
    _adapt(root, suite, chroot, log)
    run_logged([*chroot, "systemctl", "mask", *MASKED], log)
    run_logged([*chroot, "systemctl", "enable", "lab-identity.service", "lab-network.service", "ssh.service"], log)
    for key in (root / "etc/ssh").glob("ssh_host_*"):
        key.unlink()
    # An empty machine-id is filled at boot without the first-boot presets, which would enable everything.
    (root / "etc/machine-id").write_text("")
    (root / "var/lib/dbus/machine-id").unlink(missing_ok=True)
    (root / "etc/hostname").unlink(missing_ok=True)
    (root / "var/log/journal").mkdir(exist_ok=True)


def _add_modules(root: Path, log: Path) -> None:
    version = kernel.current().version
    shutil.copytree(kernel.current().modules / version, root / "usr/lib/modules" / version)
    run_logged(["depmod", "-b", root, version], log)
    # Says that nothing under /usr is newer than /etc and /var: otherwise the first boot rebuilds catalogs for seconds.
    for directory in ("etc", "var"):
        (root / directory / ".updated").touch()


@contextmanager
def _no_daemons(root: Path) -> Iterator[None]:
    """Keep packages from starting what they bring: in a root without systemd they would, as processes of this computer."""
    policy = root / "usr/sbin/policy-rc.d"
    policy.write_text("#!/bin/sh\nexit 101\n")
    policy.chmod(0o755)
    try:
        yield
    finally:
        policy.unlink()


def _adapt(root: Path, suite: Suite, chroot: list[str], log: Path) -> None:
    for name in suite.remove:
        (root / name).unlink()
    for name, text in suite.files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    for command in suite.commands:
        run_logged([*chroot, *command], log)


def _install_guest_file(name: str, target: Path, mode: int) -> None:
    text = (_GUEST / name).read_text()
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text.replace("@ADDRESS@", aptcache.ADDRESS).replace("@PORT@", str(aptcache.PORT)))
    target.chmod(mode)


def _remove_tree(tree: Path) -> None:
    for mount in ("proc", "sys"):
        run(["umount", "-l", tree / "root" / mount], check=False)
    shutil.rmtree(tree, ignore_errors=True)
