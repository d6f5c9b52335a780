"""A lab's upstream DNS server: dnsmasq on the bridge address."""

import time
from pathlib import Path

from lab import processes
from lab.errors import LabError
from lab.shell import last_words

# A name that only this server knows: tests have an upstream name without the Internet.
OWN_NAME = "gateway.lab.example"


def start(state: Path, address: str) -> None:
    """Start the lab's dnsmasq unless it runs."""
    record = state / "dnsmasq.json"
    if processes.running(record):
        return
    log = state / "dnsmasq.log"
    processes.spawn(
        [
            "dnsmasq",
            "--keep-in-foreground",
            "--conf-file=/dev/null",
            "--user=root",
            "--no-hosts",
            "--bind-interfaces",
            f"--listen-address={address}",
            "--except-interface=lo",
            f"--address=/{OWN_NAME}/{address}",
            "--pid-file=",
            "--log-facility=-",
        ],
        log,
        record,
    )
    time.sleep(0.1)
    if not processes.running(record):
        raise LabError(f"the lab's dnsmasq does not start on {address}: {last_words(log.read_text())}", f"see {log}")


def stop(state: Path) -> None:
    """Stop the lab's dnsmasq."""
    processes.end(state / "dnsmasq.json")
