"""The package cache all labs of this computer share: one apt-cacher-ng of the lab's own."""

import shutil
import socket
import time

from lab import processes
from lab.errors import LabError
from lab.paths import RUN_ROOT, cache_root
from lab.shell import run

ADDRESS = "10.77.255.1"
PORT = 3143
_RECORD = RUN_ROOT / "apt-cacher-ng.json"
_CONFIG = """\
CacheDir: {cache}
LogDir: {logs}
Port: {port}
BindAddress: {address}
PidFile: {run}/apt-cacher-ng.pid
ExThreshold: 30
# Mirrors reached by https pass through uncached.
PassThroughPattern: .*
# Asking for the tail of an index confuses some mirrors and proxies.
VfileUseRangeOps: -1
ForeGround: 1
"""


def start() -> None:
    """Start the cache unless it runs. The caller holds the computer's lock."""
    if processes.running(_RECORD) or answers():
        return
    program = shutil.which("apt-cacher-ng", path="/usr/sbin:/usr/local/sbin:/usr/bin")
    if program is None:
        raise LabError("apt-cacher-ng is not installed", "run `apt-get install apt-cacher-ng`")
    cache, config = cache_root() / "packages", RUN_ROOT / "apt-cacher-ng"
    logs = cache / "log"
    for directory in (cache, logs, config):
        directory.mkdir(parents=True, exist_ok=True)
    (config / "acng.conf").write_text(_CONFIG.format(cache=cache, logs=logs, port=PORT, address=ADDRESS, run=RUN_ROOT))
    run(["ip", "address", "replace", f"{ADDRESS}/32", "dev", "lo"])
    processes.spawn([program, "-c", config], logs / "output.log", _RECORD)
    deadline = time.monotonic() + 10
    while not answers():
        if not processes.running(_RECORD) or time.monotonic() > deadline:
            raise LabError("the package cache does not start", f"see {logs}/output.log")
        time.sleep(0.05)


def answers() -> bool:
    """Tell whether a package cache listens."""
    try:
        with socket.create_connection((ADDRESS, PORT), timeout=1):
            return True
    except OSError:
        return False


def stop() -> None:
    """Stop the cache. The caller holds the computer's lock and knows that no lab is left."""
    if processes.end(_RECORD):
        run(["ip", "address", "delete", f"{ADDRESS}/32", "dev", "lo"], check=False)
