"""What makes a machine itself: name, SSH host key, machine-id. Shown to it at first boot by hostfs."""

import secrets
from pathlib import Path

from lab.shell import run


def make_lab_key(state: Path) -> None:
    """Make the lab's SSH key pair unless it is there."""
    key = state / "id_ed25519"
    if not key.exists():
        _keygen(key, "lab")


def make(directory: Path, name: str, authorized_key: str, resolver: str) -> None:
    """Make a new identity in a machine's directory, replacing an old one."""
    seed = directory / "seed"
    seed.mkdir(parents=True, exist_ok=True)
    for old in seed.iterdir():
        old.unlink()
    _keygen(seed / "ssh_host_ed25519_key", name)
    (seed / "hostname").write_text(f"{name}\n")
    (seed / "authorized_keys").write_text(authorized_key)
    (seed / "resolv.conf").write_text(f"nameserver {resolver}\n")
    (directory / "machine-id").write_text(secrets.token_hex(16))


def known_host(directory: Path, address: str) -> str:
    """Give the known_hosts line of a machine."""
    kind, key = (directory / "seed/ssh_host_ed25519_key.pub").read_text().split()[:2]
    return f"{address} {kind} {key}\n"


def _keygen(path: Path, comment: str) -> None:
    run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", path])
