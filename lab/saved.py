"""Saved labs: the disks and identities of machines that were shut down cleanly, to boot again from there."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from lab import naming, network, state
from lab.errors import LabError
from lab.paths import labs_root, saved_root
from lab.shell import run
from lab.state import LabState

# What makes a lab; its logs, sockets and process records are not part of that.
_LAB_PARTS = ("id_ed25519", "id_ed25519.pub", "known_hosts", "secrets")
_MACHINE_PARTS = ("machine-id", "seed", "disk.cow")


def keep(lab: LabState, name: str) -> None:
    """Copy a lab whose machines are off; an older one of that name is replaced."""
    _copy(lab, saved_root() / check_name(name))


def restore(name: str, lab_name: str) -> LabState:
    """Make a lab out of a saved one. Its machines keep their addresses: a swarm stores them."""
    saved = read(name)
    for node in saved.nodes:
        if not Path(node.image).exists():
            raise LabError(
                f"the disk image of saved lab {name} is gone ({node.image})", f"`unsave {name}`, make it anew"
            )
    try:
        naming.choose_subnet(saved.network, network.routed())
    except LabError as error:
        raise LabError(f"saved lab {name} cannot come up: {error.problem}", "take down the lab that has it") from None
    lab = replace(saved, name=lab_name, origin=name, inventory="")
    _copy(lab, labs_root() / lab_name, source=saved_root() / name)
    return lab


def read(name: str) -> LabState:
    """Read what is known of a saved lab."""
    found = state.read(saved_root() / name / "lab.json")
    if found is None:
        raise LabError(f"there is no saved lab {name}", f"saved are: {', '.join(names()) or 'none'}")
    return found


def names() -> list[str]:
    """Name the saved labs."""
    return sorted(path.parent.name for path in saved_root().glob("[!.]*/lab.json"))


def remove(name: str) -> None:
    """Remove a saved lab, if it is there."""
    shutil.rmtree(saved_root() / check_name(name), ignore_errors=True)


def size_mib(name: str) -> int:
    """Give the room that a saved lab's disks take."""
    return sum(path.stat().st_blocks for path in (saved_root() / name).rglob("*") if path.is_file()) // 2048


def check_name(name: str) -> str:
    """Refuse names that would not do as a directory."""
    try:
        return naming.check_lab_name(name)
    except LabError as error:
        raise LabError(f"{name!r} does not do as the name of a saved lab", error.remedy) from None


def _copy(lab: LabState, target: Path, source: Path | None = None) -> None:
    """Copy a lab's parts next to the target, then put them in its place."""
    source = source or lab.directory
    making = target.parent / f".{target.name}.new"
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir(parents=True, mode=0o700)
    for part in _parts(lab):
        if (source / part).exists():
            (making / part).parent.mkdir(parents=True, exist_ok=True)
            run(["cp", "-a", "--sparse=always", "--reflink=auto", source / part, making / part])
    lab.write(making)
    shutil.rmtree(target, ignore_errors=True)
    making.rename(target)


def _parts(lab: LabState) -> Iterator[Path]:
    yield from map(Path, _LAB_PARTS)
    for node in lab.nodes:
        yield from (Path("machines", node.name, part) for part in _MACHINE_PARTS)
