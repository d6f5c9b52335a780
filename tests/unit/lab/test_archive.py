"""Container image archives."""

import gzip
import hashlib
import io
import json
import os
import tarfile
from pathlib import Path

from lab.images.archive import Runtime, write
from lab.images.recipes import RECIPES


def tree(root: Path) -> Path:
    (root / "bin").mkdir(parents=True)
    (root / "bin" / "tool").write_text("#!/bin/sh\n")
    (root / "bin" / "tool").chmod(0o755)
    (root / "tmp").mkdir()
    (root / "tmp").chmod(0o1777)
    (root / "sh").symlink_to("bin/tool")
    return root


def test_the_same_tree_gives_the_same_bytes(tmp_path: Path) -> None:
    first = write(tree(tmp_path / "a"), "x:1", Runtime(command=("sh",)), tmp_path / "a.tar")
    old = os.umask(0o077)
    try:
        second = write(tree(tmp_path / "b"), "x:1", Runtime(command=("sh",)), tmp_path / "b.tar")
    finally:
        os.umask(old)
    assert first == second
    assert (tmp_path / "a.tar").read_bytes() == (tmp_path / "b.tar").read_bytes()


def test_manifest_config_and_layer_agree(tmp_path: Path) -> None:
    runtime = Runtime(entrypoint=("/e",), ports=("80/tcp",), volumes=("/v",), stop_signal="SIGQUIT")
    image = write(tree(tmp_path / "a"), "x:1", runtime, tmp_path / "a.tar")
    with tarfile.open(tmp_path / "a.tar") as archive:
        files = {name: archive.extractfile(name).read() for name in archive.getnames()}  # type: ignore[union-attr]
    (entry,) = json.loads(files["manifest.json"])
    assert entry["RepoTags"] == ["x:1"]
    config = files[entry["Config"]]
    assert hashlib.sha256(config).hexdigest() == image
    layer = gzip.decompress(files[entry["Layers"][0]])
    assert json.loads(config)["rootfs"]["diff_ids"] == [f"sha256:{hashlib.sha256(layer).hexdigest()}"]
    assert json.loads(config)["config"]["ExposedPorts"] == {"80/tcp": {}}
    assert "Cmd" not in json.loads(config)["config"]
    with tarfile.open(fileobj=io.BytesIO(layer)) as tar:
        modes = {member.name: (member.mode, member.uid, member.mtime) for member in tar}
    assert modes == {
        "bin": (0o755, 0, 0),
        "bin/tool": (0o755, 0, 0),
        "sh": (0o777, 0, 0),
        "tmp": (0o1777, 0, 0),
    }


def test_recipes_have_the_official_ports_and_entry_points() -> None:
    assert set(RECIPES) >= {"registry:2.8", "nginx:1", "busybox:1"}
    registry, nginx = RECIPES["registry:2.8"].runtime.config(), RECIPES["nginx:1"].runtime.config()
    assert registry["Entrypoint"] == ["/entrypoint.sh"]
    assert registry["ExposedPorts"] == {"5000/tcp": {}}
    assert nginx["Cmd"] == ["nginx", "-g", "daemon off;"]
