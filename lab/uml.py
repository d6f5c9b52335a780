"""One machine as a process: the user-mode Linux kernel with its disk, tap and command line."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from lab import kernel, processes

_MEMORY_PLACES = (Path("/dev/shm"), Path("/run"), Path("/var/tmp"), Path("/tmp"))
_ENOUGH = 4 << 30


@dataclass(frozen=True)
class Hardware:
    """All that a machine's kernel is started with."""

    directory: Path
    image: Path
    memory: int
    tap: str
    mac: str
    name: str
    address: str
    prefix: int
    gateway: str
    machines: int  # in the whole lab

    @property
    def record(self) -> Path:
        """Where the process is recorded."""
        return self.directory / "process.json"

    @property
    def disk(self) -> Path:
        """The machine's own writes over the shared image."""
        return self.directory / "disk.cow"

    @property
    def console(self) -> Path:
        """Where the machine's console goes."""
        return self.directory / "console.log"


def power_on(hardware: Hardware) -> None:
    """Start the machine's kernel, detached."""
    fresh = not hardware.disk.exists()
    hardware.directory.mkdir(parents=True, exist_ok=True)
    env = {**kernel.environment(), "TMPDIR": str(memory_place())}
    words = command_line(hardware, fresh=fresh)
    processes.spawn(
        words, hardware.console, hardware.record, env=env, core=core_of(hardware.address, hardware.machines)
    )


def core_of(address: str, machines: int) -> int | None:
    """Give the core that a machine keeps to, neighbours different ones, and labs beside each other different first ones.

    None leaves it to the scheduler.

    A machine is a kernel process and a traced one for each of its own, and control changes back and forth between them. On one
    core that is a switch; between two it is a wake-up, which takes a virtual machine four times as long. With many machines
    an even spread is worth more: of twenty, the ten on one core had no rest while the other core was idle for two thirds.
    """
    cores = sorted(os.sched_getaffinity(0))
    if machines > 6 * len(cores):
        return None
    return cores[sum(int(part) for part in address.split(".")[2:]) % len(cores)]


def command_line(hardware: Hardware, *, fresh: bool) -> list[str]:
    """Give the kernel's command line."""
    machine_id = (hardware.directory / "machine-id").read_text().strip()
    booted = kernel.current()
    words = [
        str(booted.program),
        f"mem={hardware.memory}M",
        f"uml_dir={hardware.directory}/uml",
        f"umid={hardware.name}",
        f"hostfs={hardware.directory}/seed",
        f"ubd0={hardware.disk},{hardware.image}",
        "root=/dev/ubda",
        "rootfstype=ext4",
        "rw",
        # No flushes to this computer's disk: a power cut here is the end of a process, and the page cache outlives it.
        "rootflags=barrier=0",
        "con=null",
        "con0=null,fd:1",
        "ssl=null",
        f"vec0:transport=tap,ifname={hardware.tap},depth=128,gro=1,mac={hardware.mac}",
        f"labip={hardware.address}/{hardware.prefix}",
        f"labgw={hardware.gateway}",
        f"systemd.machine_id={machine_id}",
        "systemd.show_status=0",
        # A one-shot timer whose signal gets lost is never set again: the machine spins, and answers nobody, for minutes. Seen
        # with timer_gettime of its process, and a SIGALRM woke it. A periodic one goes on, and costs an idle machine no more.
        "nohz=off",
        "highres=off",
        *booted.words,
    ]
    # Later the name is the disk's: a role may change it, as on any other machine.
    return [*words, f"systemd.hostname={hardware.name}"] if fresh else words


def power_cut(hardware: Hardware) -> bool:
    """End the machine's processes at once, as when its power fails."""
    return processes.end(hardware.record, at_once=True)


def memory_place() -> Path:
    """Give the directory for the machines' memory files, which are executed too: in memory if it has room."""
    usable = [place for place in _MEMORY_PLACES if place.is_dir() and not os.statvfs(place).f_flag & os.ST_NOEXEC]
    room = {place: shutil.disk_usage(place).free for place in usable}
    for place in usable[:1]:
        if room[place] >= _ENOUGH:
            return place
    return max(usable, key=lambda place: room[place])
