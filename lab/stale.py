"""Leftovers of crashed labs and of other checkouts: recognised, and cleared without touching a live lab."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from lab import network, processes, state
from lab.paths import labs_root


@dataclass(frozen=True)
class Traces:
    """What can be seen of a lab that has a bridge on this computer."""

    recorded_alive: bool
    taps_held: bool

    @property
    def stale(self) -> bool:
        """A lab is dead when none of its recorded processes lives and nobody holds one of its taps."""
        return not self.recorded_alive and not self.taps_held


def traces(bridge: network.Bridge) -> Traces:
    """Look for life in the lab that a bridge belongs to."""
    return Traces(
        recorded_alive=any(processes.running(record) for record in records(bridge.state)),
        taps_held=bool(network.tap_holders(network.taps(bridge.name))),
    )


def records(directory: Path) -> list[Path]:
    """Give the process records in a lab's directory."""
    return [directory / "dnsmasq.json", *sorted(directory.glob("machines/*/process.json"))]


def live_bridges() -> list[network.Bridge]:
    """Give the bridges of labs that live."""
    return [bridge for bridge in network.bridges() if not traces(bridge).stale]


def clear(own: str = "") -> list[str]:
    """Clear what dead labs left behind and tell what it was. The caller holds the computer's lock.

    The bridge of the caller's own lab stays: it is made again in the same form anyway.
    """
    cleared = []
    for bridge in network.bridges():
        if bridge.name == own or traces(bridge).recorded_alive:
            continue
        # A kernel that died alone leaves its guest's processes, and they may hold the tap.
        for record in records(bridge.state):
            processes.end(record, at_once=True)
        if traces(bridge).stale:
            network.remove(bridge.name)
            cleared.append(f"bridge {bridge.name} of {bridge.state}")
    for name in sorted(network.tagged_bridges()):
        if name != own and not network.exists(name):
            network.remove(name)
            cleared.append(f"taps and rules of {name}")
    for directory in unfinished(labs_root()):
        shutil.rmtree(directory, ignore_errors=True)
        cleared.append(f"unfinished {directory}")
    return cleared


def unfinished(labs: Path) -> list[Path]:
    """Give the lab directories without a readable state and without living processes: nobody can use them."""
    if not labs.is_dir():
        return []
    return [
        path
        for path in sorted(labs.iterdir())
        if path.is_dir()
        and state.read(path / "lab.json") is None
        and not any(processes.running(record) for record in records(path))
    ]
