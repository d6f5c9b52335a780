"""Removing what can be built again, except what labs or saved labs stand on."""

import shutil
from pathlib import Path

from lab import repository, stale, state
from lab.locks import computer_locked
from lab.paths import cache_root, labs_root, saved_root


def clean() -> list[str]:
    """Remove the cache; tells what stays because it is in use."""
    live = stale.live_bridges()
    if not live:
        with computer_locked():
            repository.stop()
    files = [*labs_root().glob("*/lab.json"), *saved_root().glob("*/lab.json")]
    files += [bridge.state / "lab.json" for bridge in live]
    labs = [found for found in map(state.read, files) if found]
    images = {Path(node.image) for lab in labs for node in lab.nodes}
    kept = []
    for entry in sorted(cache_root().iterdir()) if cache_root().is_dir() else []:
        if entry.name == "machines":
            for image in sorted(entry.iterdir()):
                if image in images:
                    kept.append(f"{image} (machines stand on it)")
                else:
                    image.unlink()
        elif entry.name == "kernel" and labs:
            kept.append(f"{entry} (machines are booted with it)")
        elif live and entry.name in ("packages", "images", "repository", "locks", "build"):
            kept.append(f"{entry} (labs are up)")
        else:
            shutil.rmtree(entry)
    return kept
