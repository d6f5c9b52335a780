"""Writing a docker-archive: the same root file system always gives the same image ID."""

import gzip
import hashlib
import io
import json
import stat
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

EPOCH = "1970-01-01T00:00:00Z"
DEFAULT_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class Runtime:
    """What an image says about how it runs."""

    command: tuple[str, ...] = ()
    entrypoint: tuple[str, ...] = ()
    ports: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    stop_signal: str = ""
    environment: tuple[str, ...] = field(default=(DEFAULT_PATH,))

    def config(self) -> dict[str, object]:
        """Give it in the words of an image's configuration; what is empty is left out."""
        words: dict[str, object] = {
            "Env": list(self.environment),
            "Entrypoint": list(self.entrypoint),
            "Cmd": list(self.command),
            "ExposedPorts": {port: {} for port in self.ports},
            "Volumes": {volume: {} for volume in self.volumes},
            "StopSignal": self.stop_signal,
        }
        return {key: value for key, value in words.items() if value}


def write(root: Path, reference: str, runtime: Runtime, target: Path) -> str:
    """Write the archive of a root file system with one layer. Gives the image ID."""
    layer = _layer(root)
    config = json.dumps(
        {
            "architecture": "amd64",
            "os": "linux",
            "created": EPOCH,
            "config": runtime.config(),
            "history": [{"created": EPOCH, "created_by": f"lab image {reference}"}],
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
        },
        sort_keys=True,
    ).encode()
    image = hashlib.sha256(config).hexdigest()
    manifest = [{"Config": f"{image}.json", "RepoTags": [reference], "Layers": ["layer.tar.gz"]}]
    with tarfile.open(target, "w", format=tarfile.USTAR_FORMAT) as archive:
        # Compressed without name and time in it, so that the archive too is the same every time.
        _add_bytes(archive, "layer.tar.gz", gzip.compress(layer, 6, mtime=0))
        _add_bytes(archive, f"{image}.json", config)
        _add_bytes(archive, "manifest.json", json.dumps(manifest).encode())
    return image


def _layer(root: Path) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path in _walk(root):
            _add_path(tar, path, str(path.relative_to(root)))
    return buffer.getvalue()


def _walk(directory: Path) -> Iterator[Path]:
    for path in sorted(directory.iterdir()):
        yield path
        if path.is_dir() and not path.is_symlink():
            yield from _walk(path)


def _add_path(tar: tarfile.TarFile, path: Path, name: str) -> None:
    status = path.lstat()
    entry = tarfile.TarInfo(name)
    # Not the exact bits: they would carry the umask of whoever builds.
    entry.mode = 0o1777 if status.st_mode & stat.S_ISVTX else 0o755 if status.st_mode & 0o100 else 0o644
    if stat.S_ISLNK(status.st_mode):
        entry.type, entry.linkname, entry.mode = tarfile.SYMTYPE, str(path.readlink()), 0o777
        tar.addfile(entry)
    elif stat.S_ISDIR(status.st_mode):
        entry.type = tarfile.DIRTYPE
        tar.addfile(entry)
    else:
        entry.size = status.st_size
        with path.open("rb") as content:
            tar.addfile(entry, content)


def _add_bytes(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), 0o644
    archive.addfile(entry, io.BytesIO(content))
