"""What this computer needs to run a lab, and whether it has it."""

import os
import platform
import shutil
from pathlib import Path

from lab import kernel, uml
from lab.errors import LabError
from lab.paths import cache_root, state_root
from lab.shell import SEARCH_PATH, run

# Program -> Debian package that brings it.
PROGRAMS = {
    str(kernel.FALLBACK.program): "user-mode-linux",
    "mmdebstrap": "mmdebstrap",
    "mke2fs": "e2fsprogs",
    "depmod": "kmod",
    "ip": "iproute2",
    "bridge": "iproute2",
    "iptables": "iptables",
    "ssh": "openssh-client",
    "ssh-keygen": "openssh-client",
    "dnsmasq": "dnsmasq-base",
    "apt-cacher-ng": "apt-cacher-ng",
    "apt-get": "apt",
    "dpkg-deb": "dpkg",
    "rpmbuild": "rpm",
    "createrepo_c": "createrepo-c",
    "gpg": "gpg",
    "gpg-agent": "gpg-agent",
}
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
# For the machines' kernel, which is compiled once.
COMPILER = {
    "gcc": "gcc",
    "/usr/include/stdio.h": "libc6-dev",
    "make": "make",
    "flex": "flex",
    "bison": "bison",
    "bc": "bc",
    "xz": "xz-utils",
}
# A bare machine touches some 100 MiB, one with an engine and a few services three to four times that.
MEMORY_EACH_MIB = 400
DISK_EACH_MIB = 1024
DISK_BUILD_MIB = 3072


def missing_packages() -> list[str]:
    """Name the Debian packages that are not there."""
    programs = {**PROGRAMS, str(KEYRING): "debian-archive-keyring"}
    if kernel.current() == kernel.FALLBACK:
        programs |= COMPILER
    return sorted({package for name, package in programs.items() if not _there(name)})


def _there(name: str) -> bool:
    return Path(name).exists() if name.startswith("/") else shutil.which(name, path=SEARCH_PATH) is not None


def problems() -> list[LabError]:
    """Find all that keeps a lab from running here."""
    found = []
    if platform.system() != "Linux" or platform.machine() != "x86_64":
        kind = f"{platform.system()} on {platform.machine()}"
        found.append(LabError(f"this computer is {kind}", "the lab's machines need Linux on x86-64"))
    try:
        check_root()
    except LabError as error:
        found.append(error)
    if not Path("/dev/net/tun").exists():
        found.append(
            LabError("/dev/net/tun is missing", "run `modprobe tun`, or give the container `--device /dev/net/tun`")
        )
    missing = missing_packages()
    if missing:
        names = " ".join(missing)
        found.append(LabError(f"not installed: {', '.join(missing)}", f"run `apt-get install {names}`"))
    for root in (state_root(), cache_root()):
        if any(sign in str(root) for sign in " ,:"):
            found.append(LabError(f"the path {root} holds a blank, comma or colon", "set another one"))
    return found


def check_root() -> None:
    """Fail for a user who may not change networks."""
    if os.geteuid() != 0:
        raise LabError("not root", "run it as root: bridges and taps need that")


def check() -> None:
    """Fail with the first problem."""
    for problem in problems():
        raise problem


def check_capacity(machines: int, memory_mib: int, builds: int) -> None:
    """Fail when so many more machines would not fit."""
    need = machines * min(memory_mib, MEMORY_EACH_MIB)
    have = min(available_memory_mib(), free_mib(uml.memory_place()))
    if need > have:
        raise LabError(
            f"too little memory: {machines} machines need about {need} MiB, {have} MiB are free",
            "ask for fewer --nodes, or take another lab down",
        )
    need = machines * DISK_EACH_MIB + builds * DISK_BUILD_MIB
    have = min(free_mib(state_root()), free_mib(cache_root()) if builds else 1 << 40)
    if need > have:
        raise LabError(
            f"too little disk: {machines} machines need about {need} MiB, {have} MiB are free at {state_root()}",
            "free some, or set DOCKYARD_LAB_STATE and DOCKYARD_LAB_CACHE to a roomier place",
        )


def available_memory_mib() -> int:
    """Give the memory that new processes can have."""
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) // 1024
    return 0


def free_mib(path: Path) -> int:
    """Give the free space where a path is or will be."""
    while not path.exists():
        path = path.parent
    return shutil.disk_usage(path).free // (1 << 20)


def install(missing: list[str]) -> None:
    """Install packages with apt-get."""
    if missing:
        env = {"DEBIAN_FRONTEND": "noninteractive"}
        run(["apt-get", "-q", "update"], env=env)
        run(["apt-get", "-q", "-y", "install", "--no-install-recommends", *missing], env=env)
        if "apt-cacher-ng" in missing and Path("/run/systemd/system").is_dir():
            # The lab runs one of its own; the package's service is nothing this computer asked for.
            run(["systemctl", "disable", "--now", "apt-cacher-ng"], check=False)
