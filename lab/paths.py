"""Where the lab keeps its files."""

import os
from pathlib import Path

# Shared by all labs of this computer, whoever's state root they live in; gone after a reboot, as its contents are.
RUN_ROOT = Path("/run/dockyard-lab")


def cache_root() -> Path:
    """Give the directory of everything that can be built again."""
    return _root("DOCKYARD_LAB_CACHE", "~/.cache/dockyard-lab")


def state_root() -> Path:
    """Give the directory with one directory per lab."""
    return _root("DOCKYARD_LAB_STATE", "~/.local/state/dockyard-lab")


def labs_root() -> Path:
    """Give the directory of live and stopped labs."""
    return state_root() / "labs"


def saved_root() -> Path:
    """Give the directory of saved labs."""
    return state_root() / "saved"


def repository_root() -> Path:
    """Give the directory that holds this package."""
    return Path(__file__).resolve().parent.parent


def _root(variable: str, default: str) -> Path:
    return Path(os.environ.get(variable) or default).expanduser().resolve()
