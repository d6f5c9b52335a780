"""The lab for Python programs: ``Lab("NAME").up(nodes=3)``. The command line is a thin layer over this."""

import shutil
import subprocess
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lab import bringup, doctor, identity, images, inventory, network, processes, rpm_repository, saved, ssh, state, uml
from lab.errors import LabError
from lab.locks import locked
from lab.naming import check_lab_name
from lab.plan import Wishes, plan
from lab.progress import Progress, Silent
from lab.state import LabState, Node
from lab.suites import SUITES


class Machine:
    """One machine of a lab."""

    def __init__(self, lab: "Lab", name: str) -> None:
        self._lab = lab
        self.name = name

    @property
    def _node(self) -> Node:
        return self._lab.state.node(self.name)

    @property
    def _hardware(self) -> uml.Hardware:
        return self._lab.state.hardware(self._node)

    @property
    def address(self) -> str:
        """The machine's address."""
        return self._lab.state.address(self._node)

    @property
    def suite(self) -> str:
        """The Debian release the machine was imaged with."""
        return self._node.suite

    @property
    def running(self) -> bool:
        """Whether the machine has power."""
        return processes.running(self._hardware.record)

    @property
    def connected(self) -> bool:
        """Whether the machine's cable is plugged in."""
        return network.plugged(self._hardware.tap)

    def ssh(
        self, script: str, *, stdin: str | None = None, timeout: float | None = 120, check: bool = False
    ) -> subprocess.CompletedProcess[str]:
        """Run a shell line on the machine."""
        result = ssh.execute(self._lab.state.directory, self.address, script, stdin=stdin, timeout=timeout)
        if check:
            result.check_returncode()
        return result

    def ssh_command(self, *words: str, tty: bool = False) -> list[str]:
        """Give the command line that reaches the machine."""
        return ssh.command(self._lab.state.directory, self.address, *words, tty=tty)

    def reachable(self, patience: float = 1.5) -> bool:
        """Tell whether the machine lets the lab in."""
        return ssh.wait(self._lab.state.directory, self.address, patience)

    def kill(self) -> None:
        """Cut the machine's power."""
        uml.power_cut(self._hardware)
        ssh.close_shared(self._lab.state.key, self.address)

    def boot(self) -> None:
        """Switch the machine on and wait until it can be reached."""
        self._lab.boot(self.name)

    def cut(self) -> None:
        """Pull the machine's cable."""
        network.cut(self.tap)

    def heal(self) -> None:
        """Plug the machine's cable in again."""
        network.plug(self.tap)

    def narrow(self, mtu: int) -> None:
        """Have the machine's cable bring it no larger packets than these, and drop the others without a word."""
        network.narrow(self.tap, self.address, mtu)

    @property
    def tap(self) -> str:
        """The interface of this computer that the machine's cable ends in."""
        if not network.exists(self._hardware.tap):
            raise LabError(f"{self.name} has no cable: it was never booted", "run `python -m lab up`")
        return self._hardware.tap


class Lab:
    """Some machines on a network of their own."""

    def __init__(self, name: str = "default", progress: Progress | None = None) -> None:
        self.name = check_lab_name(name)
        self.progress = progress or Silent()

    @property
    def state(self) -> LabState:
        """What is recorded of the lab."""
        found = state.load(self.name)
        if found is None:
            raise LabError(f"there is no lab {self.name}", f"run `python -m lab up --lab {self.name}`")
        return found

    @property
    def machines(self) -> list[Machine]:
        """The lab's machines."""
        return [Machine(self, node.name) for node in self.state.nodes]

    def machine(self, name: str) -> Machine:
        """Give a machine by name."""
        return Machine(self, self.state.node(name).name)

    def up(
        self,
        *,
        nodes: int | None = None,
        suites: Sequence[str] = (),
        managers: int | None = None,
        memory: int | None = None,
        subnet: str | None = None,
        inventory_directory: Path | None = None,
        origin: str | None = None,
    ) -> None:
        """Have the lab up: what is missing is made, what is dead is booted, what runs is left alone.

        With an origin, a new lab starts from the saved lab of that name.
        """
        doctor.check()
        with locked(bringup.lock_path(self.name)):
            known = state.load(self.name)
            if origin and known is None:
                self.progress.say(f"saved {origin}", "copying its disks")
                known = saved.restore(origin, self.name)
            elif origin and known and known.origin != origin:
                raise LabError(f"lab {self.name} exists and is not made from {origin}", "take it `down` first")
            lab = plan(known, self.name, Wishes(nodes, tuple(suites), managers, memory, subnet))
            lab.inventory = str(inventory_directory or lab.inventory or inventory.default_directory(self.name))
            bringup.prepare_images(lab, self.progress)
            bringup.prepare_network(lab, self.progress)
            bringup.boot(lab, lab.nodes, self.progress)
            self._write_inventory(lab)

    def down(self) -> None:
        """Remove the lab: its machines, disks, network and inventory."""
        with locked(bringup.lock_path(self.name)):
            lab = state.load(self.name) or LabState(self.name, "", 0, 0)
            bringup.take_down(lab)
            if lab.inventory:
                inventory.remove(Path(lab.inventory))
            shutil.rmtree(lab.directory, ignore_errors=True)

    def boot(self, *names: str) -> None:
        """Boot machines (all without names) and wait until they can be reached."""
        with locked(bringup.lock_path(self.name)):
            lab = self.state
            bringup.prepare_network(lab, self.progress)
            bringup.boot(lab, self._chosen(lab, names), self.progress)

    def reset(self, *names: str) -> None:
        """Re-image machines: same name and address, new disk, host key and machine-id."""
        with locked(bringup.lock_path(self.name)):
            lab = self.state
            bringup.prepare_network(lab, self.progress)
            nodes = self._chosen(lab, names)
            for node in nodes:
                hardware = lab.hardware(node)
                uml.power_cut(hardware)
                hardware.disk.unlink(missing_ok=True)
                key = (lab.directory / "id_ed25519.pub").read_text()
                identity.make(hardware.directory, node.name, key, lab.gateway)
            bringup.boot(lab, nodes, self.progress)

    def poweroff(self, *names: str) -> None:
        """Shut machines down cleanly (all without names)."""
        with locked(bringup.lock_path(self.name)):
            self._poweroff(self.state, names)

    def save(self, name: str, *, boot: bool = True) -> None:
        """Shut all machines down cleanly and keep their disks and identities; then boot them again."""
        saved.check_name(name)
        with locked(bringup.lock_path(self.name)):
            lab = self.state
            self._poweroff(lab, ())
            self.progress.say(f"saved {name}", "copying disks")
            saved.keep(lab, name)
            self.progress.say(f"saved {name}", f"{saved.size_mib(name)} MiB")
            if boot:
                bringup.boot(lab, lab.nodes, self.progress)

    def status(self) -> list[dict[str, object]]:
        """Give what can be seen of each machine."""
        machines = self.machines
        if not machines:
            return []
        with ThreadPoolExecutor(len(machines)) as pool:
            return list(pool.map(_describe, machines))

    def _poweroff(self, lab: LabState, names: tuple[str, ...]) -> None:
        nodes = [node for node in self._chosen(lab, names) if processes.running(lab.hardware(node).record)]
        for node in nodes:
            if not network.plugged(lab.hardware(node).tap):
                raise LabError(f"the cable of {node.name} is cut", f"run `python -m lab heal {node.name}` first")
        for node in nodes:
            self.progress.say(node.name, "shutting down")
            ssh.execute(lab.directory, lab.address(node), "systemctl poweroff", timeout=30)
        deadline = time.monotonic() + 60
        for node in nodes:
            record = lab.hardware(node).record
            if not processes.wait_exit(record, max(1.0, deadline - time.monotonic())):
                raise LabError(f"{node.name} does not shut down", f"run `python -m lab kill {node.name}`")
            processes.end(record, at_once=True)
            ssh.close_shared(lab.key, lab.address(node))
            self.progress.say(node.name, "off")

    def _chosen(self, lab: LabState, names: tuple[str, ...]) -> list[Node]:
        return [lab.node(name) for name in names] if names else list(lab.nodes)

    def _write_inventory(self, lab: LabState) -> None:
        hosts = [(node.name, lab.address(node)) for node in lab.nodes]
        managers, workers = hosts[: lab.managers], hosts[lab.managers :]
        common = " ".join(ssh.common(lab.directory, lab.key))
        archives = images.ensure_all(progress=self.progress)
        own: dict[str, dict[str, str]] = {}
        if any(SUITES[node.suite].rpm for node in lab.nodes):
            served = rpm_repository.ask(self.progress)
            variables = inventory.rpm_variables(served.url, served.fingerprint)
            own = {node.name: variables for node in lab.nodes if SUITES[node.suite].rpm}
        inventory.write(
            Path(lab.inventory),
            inventory.hosts_text(managers, workers, lab.directory, common, own),
            inventory.vars_text(lab.gateway, archives, lab.directory),
        )
        (lab.directory / "secrets").mkdir(mode=0o700, exist_ok=True)


def _describe(machine: Machine) -> dict[str, object]:
    power = machine.running
    return {
        "name": machine.name,
        "address": machine.address,
        "suite": machine.suite,
        "power": power,
        "cable": machine.connected,
        "reachable": power and machine.connected and machine.reachable(),
    }
