# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: systemd units, read in one call and acted on with a reason when it fails."""

from __future__ import annotations

import os
import subprocess
import time
from typing import TYPE_CHECKING, Iterable

from .atomic_files import remove, write_text
from .plan import ApplyError

if TYPE_CHECKING:
    from .facts import UnitFacts


PROPERTIES = "Job,Id,LoadState,ActiveState,SubState,UnitFileState,NeedDaemonReload,FragmentPath,DropInPaths,ExecStart"


def systemctl(*args: str, timeout: float = 180) -> tuple[int, str]:
    """Run systemctl; returns (exit code, output). Never asks, never pages."""
    done = subprocess.run(
        ["systemctl", "--no-pager", "--no-ask-password"] + list(args),
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout.decode("utf-8", "replace")


def act(*command: str, fail: bool = True, timeout: float = 180) -> None:
    """Run systemctl for its effect; what it cannot do is an error in its own words, unless ``fail`` is false."""
    code, said = systemctl(*command, timeout=timeout)
    if code and fail:
        raise ApplyError("systemctl %s failed: %s" % (" ".join(command), said.strip()))


HOLD = "/run/systemd/system/%s.d/dockyard-hold.conf"
# What a unit is called that comes up with the host, or with whatever pulls it in.
STARTS_AT_BOOT = ("enabled", "static", "alias", "generated", "indirect")
# A unit that does its work; one that reloads goes on with it.
RUNNING = ("active", "reloading")
# Substates of a unit that is on its way; one that waits to be restarted after a crash is not.
STARTING = ("start", "start-pre", "start-post", "reload")


def hold(*units: str) -> None:
    """Keep units that are not there yet from being started by the packages that bring them, until :func:`release`.

    By a condition that does not hold, in a file that is gone with the next boot. A masked unit would be left disabled by its
    package, and each change of a mask is a reload of systemd, while the package has it reload anyway.
    """
    for name in units:
        write_text(HOLD % name, "[Unit]\nConditionPathExists=/run/dockyard/started\n")


def release(*units: str) -> None:
    """End :func:`hold`, also one that was cut short; systemd has to reload before it starts them."""
    for name in units:
        remove(HOLD % name)


def settled_units(names: Iterable[str], patience: float = 60) -> dict[str, UnitFacts]:
    """What :func:`read_units` gives, once no unit is on its way: a host that has just booted is no host that lacks something."""
    deadline = time.monotonic() + patience
    while True:
        units = read_units(names)
        if time.monotonic() > deadline or not any(unit["coming"] for unit in units.values()):
            return units
        time.sleep(0.2)


def read_units(names: Iterable[str]) -> dict[str, UnitFacts]:
    """What systemd knows of the named units, in one call: name -> dict; a unit that does not exist is left out."""
    try:
        _rc, text = systemctl("show", "--property=" + PROPERTIES, "--", *names)
    except (OSError, subprocess.SubprocessError):
        return {}
    units: dict[str, UnitFacts] = {}
    for block in text.split("\n\n"):
        pairs = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
        if not pairs.get("Id") or pairs.get("LoadState") == "not-found":
            continue
        units[pairs["Id"]] = {
            "active": pairs.get("ActiveState", ""),
            "sub": pairs.get("SubState", ""),
            "enabled": pairs.get("UnitFileState", ""),
            "masked": pairs.get("LoadState") == "masked",
            "coming": pairs.get("Job", "0") not in ("", "0") or pairs.get("SubState") in STARTING,
            "needs_daemon_reload": pairs.get("NeedDaemonReload") == "yes",
            "path": pairs.get("FragmentPath", ""),
            "drop_ins": pairs.get("DropInPaths", "").split(),
            "argv": _argv(pairs.get("ExecStart", "")),
        }
    return units


def outdated_units(names: Iterable[str]) -> list[str]:
    """Those of the named units whose program was replaced, or removed, since they were started."""
    found = []
    for name in names:
        pid = systemctl("show", "--property=MainPID", "--value", "--", name)[1].strip()
        try:
            # The kernel tells so of a program whose file is gone; packages put a new file in its place.
            if pid not in ("", "0") and os.readlink("/proc/%s/exe" % pid).endswith(" (deleted)"):
                found.append(name)
        except OSError:
            continue
    return found


def _argv(exec_start: str) -> list[str]:
    # ExecStart={ path=/usr/sbin/dockerd ; argv[]=/usr/sbin/dockerd -H fd:// ; ignore_errors=no ; … }
    _head, sep, rest = exec_start.partition("argv[]=")
    return rest.split(" ; ", 1)[0].split() if sep else []


def journal_tail(unit: str, lines: int = 15) -> str:
    """The unit's last log lines, for an error message."""
    try:
        done = subprocess.run(
            ["journalctl", "--no-pager", "--quiet", "--output=cat", "--lines=%d" % lines, "--unit=" + unit],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=20, check=False,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.decode("utf-8", "replace").strip()
