"""Reaching machines by SSH, apart from the user's own SSH configuration."""

import contextlib
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from lab.paths import RUN_ROOT
from lab.shell import run


def control_path(key: str, address: str = "%h") -> str:
    """Give the socket of Ansible's shared connections: in a place of its own, so that stale ones can go.

    A socket's path may have 107 characters, which a state root of any depth could exceed.
    """
    return f"{RUN_ROOT}/cp-{key}-{address}"


def options(state: Path) -> list[str]:
    """Give the options that check a machine against the lab's own list of keys."""
    return ["-o", f"UserKnownHostsFile={state}/known_hosts", "-o", "StrictHostKeyChecking=yes"]


def common(state: Path, key: str) -> list[str]:
    """Give the options for Ansible, whose shared connections get their place too."""
    return [*options(state), "-o", f"ControlPath={control_path(key)}"]


def command(state: Path, address: str, *words: str, tty: bool = False) -> list[str]:
    """Give the command line that runs words on a machine, or a shell without words."""
    return [
        "ssh",
        *("-F", "/dev/null", "-i", f"{state}/id_ed25519", *options(state)),
        *("-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes", "-o", "ConnectTimeout=10", "-o", "LogLevel=ERROR"),
        *(["-t"] if tty else []),
        f"root@{address}",
        *words,
    ]


def execute(
    state: Path, address: str, script: str, *, stdin: str | None = None, timeout: float | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a shell line on a machine."""
    return run(command(state, address, script), check=False, stdin=stdin, timeout=timeout)


def wait(state: Path, address: str, patience: float, alive: Callable[[], bool] = lambda: True) -> bool:
    """Wait until a machine lets the lab in; not longer than it lives."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline and alive():
        if _banner(address) and _login(state, address):
            return True
        time.sleep(0.2)
    return False


def close_shared(key: str, address: str) -> None:
    """End the shared connection to a machine that is gone: whoever reuses it would hang."""
    path = control_path(key, address)
    if Path(path).exists():
        with contextlib.suppress(subprocess.TimeoutExpired):
            run(["ssh", "-F", "/dev/null", "-O", "exit", "-o", f"ControlPath={path}", "lab"], check=False, timeout=5)
        Path(path).unlink(missing_ok=True)


def _banner(address: str) -> bool:
    try:
        with socket.create_connection((address, 22), timeout=1) as connection:
            return connection.recv(4) == b"SSH-"
    except OSError:
        return False


def _login(state: Path, address: str) -> bool:
    try:
        return execute(state, address, "true", timeout=15).returncode == 0
    except subprocess.TimeoutExpired:
        return False
