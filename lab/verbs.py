"""What each verb of the command line does and prints."""

import argparse
import json
import os
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TypeVar

from lab import clean as cleaning
from lab import doctor as checks
from lab import images as container_images
from lab import repository as package_repository
from lab import saved, state
from lab import setup as setting_up
from lab import ssh as connections
from lab.api import Lab
from lab.progress import Progress, for_terminal
from lab.shell import environment

Result = TypeVar("Result")


def up(arguments: argparse.Namespace) -> None:
    """Have a lab up."""
    suites = tuple((arguments.suites or "").replace(",", " ").split())

    def act(progress: Progress) -> Lab:
        lab = Lab(arguments.lab, progress)
        lab.up(
            nodes=arguments.nodes,
            suites=suites,
            managers=arguments.managers,
            memory=arguments.mem,
            subnet=arguments.subnet,
            origin=arguments.origin,
            inventory_directory=arguments.inventory.resolve() if arguments.inventory else None,
        )
        return lab

    lab = _shown(act)
    option = "" if lab.name == "default" else f" --lab {lab.name}"
    print(f"{len(lab.machines)} machines are up. Inventory: {_short(Path(lab.state.inventory))}/hosts.yml")
    print(f"A shell: python -m lab ssh{option} {lab.machines[0].name}")


def down(arguments: argparse.Namespace) -> None:
    """Remove a lab, or all."""
    checks.check_root()
    for name in state.known_labs() if arguments.all else [arguments.lab]:
        Lab(name).down()


def status(arguments: argparse.Namespace) -> None:
    """Show labs and their machines."""
    labs = [Lab(name) for name in ([arguments.lab] if arguments.lab else state.known_labs())]
    seen = [_lab_status(lab) for lab in labs]
    if arguments.json:
        print(json.dumps(seen, indent=2))
        return
    for lab in seen:
        print(f"{lab['name']}  {lab['subnet']}  inventory {_short(Path(str(lab['inventory'])))}/hosts.yml")
        for row in lab["machines"]:  # type: ignore[attr-defined]
            words = "up" if row["reachable"] else "off" if not row["power"] else "running, not reachable"
            print(f"  {row['name']:<8} {row['address']:<15} {row['suite']:<9} {words if row['cable'] else 'cable cut'}")
    if not seen:
        print("no labs; `python -m lab up` makes one")


def ssh(arguments: argparse.Namespace) -> None:
    """Become an SSH client of a machine."""
    checks.check_root()
    machine = Lab(arguments.lab).machine(arguments.machine)
    words = machine.ssh_command(*arguments.command, tty=not arguments.command)
    os.execvpe(words[0], words, environment())


def kill(arguments: argparse.Namespace) -> None:
    """Cut the power of machines."""
    _each(arguments, "kill")


def cut(arguments: argparse.Namespace) -> None:
    """Pull the cables of machines."""
    _each(arguments, "cut")


def heal(arguments: argparse.Namespace) -> None:
    """Plug the cables of machines in."""
    _each(arguments, "heal")


def boot(arguments: argparse.Namespace) -> None:
    """Switch machines on."""
    _shown(lambda progress: Lab(arguments.lab, progress).boot(*arguments.machines))


def reset(arguments: argparse.Namespace) -> None:
    """Re-image machines."""
    _shown(lambda progress: Lab(arguments.lab, progress).reset(*arguments.machines))


def poweroff(arguments: argparse.Namespace) -> None:
    """Shut machines down."""
    _shown(lambda progress: Lab(arguments.lab, progress).poweroff(*arguments.machines))


def save(arguments: argparse.Namespace) -> None:
    """Keep a lab's disks."""
    _shown(lambda progress: Lab(arguments.lab, progress).save(arguments.name, boot=not arguments.no_boot))


def list_saved(_arguments: argparse.Namespace) -> None:
    """List saved labs."""
    for name in saved.names():
        lab = saved.read(name)
        print(f"{name}  {len(lab.nodes)} machines  {lab.subnet}  {saved.size_mib(name)} MiB")


def unsave(arguments: argparse.Namespace) -> None:
    """Forget a saved lab."""
    saved.remove(arguments.name)


def images(arguments: argparse.Namespace) -> None:
    """Make container images."""
    archives = _shown(lambda progress: container_images.ensure_all(arguments.references, progress))
    print(json.dumps({image: str(path) for image, path in archives.items()}, indent=2))


def repository(_arguments: argparse.Namespace) -> None:
    """Make and serve the repository that stands in for Docker's."""
    served = _shown(package_repository.ask)
    print(json.dumps({name: str(value) for name, value in asdict(served).items()}, indent=2))


def setup(_arguments: argparse.Namespace) -> None:
    """Install and make what the lab needs."""
    _shown(setting_up.prepare)


def doctor(_arguments: argparse.Namespace) -> int:
    """Say what is missing."""
    problems = checks.problems()
    for problem in problems:
        print(problem)
    if not problems:
        print("this computer can run a lab")
    return 2 if problems else 0


def clean(_arguments: argparse.Namespace) -> None:
    """Remove caches."""
    checks.check_root()
    for kept in cleaning.clean():
        print(f"kept {kept}")


def _each(arguments: argparse.Namespace, action: str) -> None:
    checks.check_root()
    lab = Lab(arguments.lab)
    for machine in [lab.machine(name) for name in arguments.machines]:
        getattr(machine, action)()


def _shown(act: Callable[[Progress], Result]) -> Result:
    checks.check_root()
    progress, context = for_terminal()
    with context:
        return act(progress)


def _lab_status(lab: Lab) -> dict[str, object]:
    known = lab.state
    return {
        "name": known.name,
        "subnet": known.subnet,
        "gateway": known.gateway,
        "inventory": known.inventory,
        "directory": str(known.directory),
        "ssh_private_key": str(known.directory / "id_ed25519"),
        "ssh_common_args": " ".join(connections.common(known.directory, known.key)),
        "machines": lab.status(),
    }


def _short(path: Path) -> str:
    return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)
