"""Bringing a lab up: network, services, and its machines, all at once."""

import ipaddress
import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lab import aptcache, identity, naming, network, processes, repository, resolver, rootfs, ssh, stale, uml
from lab.doctor import check_capacity
from lab.errors import LabError
from lab.locks import computer_locked
from lab.mirror import find_mirror
from lab.paths import state_root
from lab.progress import Progress
from lab.state import LabState, Node


def prepare_images(lab: LabState, progress: Progress) -> None:
    """Give each machine that has none the disk image of its suite; different suites build side by side."""
    lacking = {node.suite for node in lab.nodes if not node.image}
    if not lacking:
        return
    built = make_images(lacking, progress)
    for node in lab.nodes:
        node.image = node.image or str(built[node.suite])


def make_images(
    suites: set[str], progress: Progress, kernel_made: Callable[[], object] | None = None
) -> dict[str, Path]:
    """Give the disk images of suites; those that are missing are built side by side."""
    mirror = find_mirror()
    check_capacity(0, 0, sum(not rootfs.image_path(suite, mirror).exists() for suite in suites))

    def make(suite: str) -> Path:
        return rootfs.ensure_image(
            suite, mirror, lambda text: progress.say(f"image {suite}", text), kernel_made=kernel_made
        )

    with ThreadPoolExecutor(len(suites)) as pool:
        return dict(zip(suites, pool.map(make, suites), strict=True))


def prepare_network(lab: LabState, progress: Progress) -> None:
    """Make the lab's bridge, taps and services; clear what dead labs left; record the lab."""
    with computer_locked():
        for cleared in stale.clear(own=lab.bridge):
            progress.say("leftovers", f"cleared {cleared}")
        off = [node for node in lab.nodes if not (lab.subnet and processes.running(lab.hardware(node).record))]
        check_capacity(len(off), lab.memory, 0)
        if not network.exists(lab.bridge):
            wanted = ipaddress.IPv4Network(lab.subnet) if lab.subnet else None
            lab.subnet = str(naming.choose_subnet(wanted, network.routed()))
        lab.write()
        identity.make_lab_key(lab.directory)
        network.make_bridge(lab.bridge, lab.directory, lab.network)
        aptcache.start()
        repository.start()
        resolver.start(lab.directory, lab.gateway)


def write_known_hosts(lab: LabState) -> None:
    """Write the list of host keys anew: a re-imaged machine's old key goes with that."""
    lines = [identity.known_host(lab.hardware(node).directory, lab.address(node)) for node in lab.nodes]
    (lab.directory / "known_hosts").write_text("".join(lines))


def power_on(lab: LabState, node: Node) -> bool:
    """Start a machine unless it runs; tells whether it had to."""
    hardware = lab.hardware(node)
    if processes.running(hardware.record):
        return False
    processes.end(hardware.record, at_once=True)
    if not hardware.image.exists():
        raise LabError(f"the disk image of {node.name} is gone ({hardware.image})", "run `python -m lab down` and `up`")
    holder = network.tap_holders([hardware.tap]).get(hardware.tap)
    if holder:
        problem = f"the tap of {node.name} is held by process {holder}, of which the lab has no record"
        raise LabError(problem, "end that process")
    ssh.close_shared(lab.key, hardware.address)
    network.make_tap(hardware.tap, lab.bridge)
    uml.power_on(hardware)
    return True


def _identify(lab: LabState, node: Node) -> None:
    """Give a machine that is new its host key and machine id."""
    directory = lab.hardware(node).directory
    if not (directory / "machine-id").exists():
        identity.make(directory, node.name, (lab.directory / "id_ed25519.pub").read_text(), lab.gateway)


def boot(lab: LabState, nodes: Iterable[Node], progress: Progress) -> None:
    """Boot machines side by side and wait until each can be reached; a hung one is power-cycled once.

    Two for each core at a time: with ten on one core, none was up after four minutes.
    """
    nodes = list(nodes)
    for node in nodes:
        _identify(lab, node)
    write_known_hosts(lab)
    # Those that are up run their Engines while the others boot, and so may other labs.
    patience = 90.0 + 4 * len(nodes)
    with ThreadPoolExecutor(2 * len(os.sched_getaffinity(0))) as pool:
        failed = [name for name in pool.map(lambda node: _boot(lab, node, patience, progress), nodes) if name]
    if failed:
        console = lab.hardware(lab.node(failed[0])).console
        remedy = f"see {console}, or `python -m lab reset {failed[0]}`"
        raise LabError(f"{', '.join(failed)} cannot be reached by SSH", remedy)


def _boot(lab: LabState, node: Node, patience: float, progress: Progress) -> str:
    """Have one machine up; gives its name where it cannot be reached."""
    if power_on(lab, node):
        progress.say(node.name, f"booting ({node.suite})")
    hardware = lab.hardware(node)
    if not network.plugged(hardware.tap):
        progress.say(node.name, "its cable is cut")
        return ""

    def alive() -> bool:
        return processes.running(hardware.record)

    if not ssh.wait(lab.directory, hardware.address, patience, alive):
        # About one boot in a hundred hangs for minutes; the same machine then boots well at once.
        progress.say(node.name, "hangs; power-cycling it" if alive() else "died; booting it again")
        uml.power_cut(hardware)
        power_on(lab, node)
        if not ssh.wait(lab.directory, hardware.address, 2 * patience, alive):
            return node.name
    progress.say(node.name, f"up at {hardware.address}")
    return ""


def take_down(lab: LabState) -> None:
    """End a lab's processes and remove its part of the network; with the last lab, what all labs share ends too."""
    for node in lab.nodes:
        uml.power_cut(lab.hardware(node))
        ssh.close_shared(lab.key, lab.address(node))
    with computer_locked():
        resolver.stop(lab.directory)
        network.remove(lab.bridge)
        if not stale.live_bridges():
            repository.stop()
            aptcache.stop()


def lock_path(name: str) -> Path:
    """Give the lock that a lab's changing verbs hold."""
    return state_root() / "locks" / f"{name}.lock"
