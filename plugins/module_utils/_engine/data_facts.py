# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: where the Engine's data is. Only trees that have to be moved are measured."""

from __future__ import annotations

import glob
import json
import os
import re
from typing import TYPE_CHECKING, Any, Collection, Iterable, Mapping, Sequence

from .._core.atomic_files import read_text, remove, write_text
from . import data_plan
from .containerd_config import imports_of, root_of
from .daemon_options import flags_of
from .data_plan import CONTAINERD, DEFAULTS, DOCKER, INCOMING, OLD

if TYPE_CHECKING:
    from .._core.facts import DaemonFile
    from .._core.file_tree import Mount
    from .data_plan import Move, Tree

    Journal = dict[str, Any]
    Units = Mapping[str, Any]

# The state of a move that is under way, and where old copies are: {"move": {…} or null, "kept": [{path, of}]}.
MOVE_JOURNAL = "/etc/docker/.dockyard-data.json"
CONTAINERD_CONFIG = "/etc/containerd/config.toml"
# Folders that data of Docker, or of containerd, is recognised by.
SIGNS = {DOCKER: ("containers", "image", "volumes", "swarm", "overlay2"), CONTAINERD: ("io.containerd.*",)}
# Layers that are not plain files, by where they would be.
SPECIAL = {
    DOCKER: {"btrfs": "btrfs/*/*", "zfs": "zfs/*/*", "devicemapper": "devicemapper/*/*", "aufs": "aufs/*/*"},
    CONTAINERD: {
        "btrfs": "io.containerd.snapshotter.v1.btrfs/*/*",
        "zfs": "io.containerd.snapshotter.v1.zfs/*/*",
    },
}
REMAPPED = re.compile(r"/[0-9]+\.[0-9]+$")


def read_journal(path: str | None = None) -> Journal:
    """``{move, kept}``; ``move`` is None where none was begun, and ``kept`` has the copies that still exist."""
    text = read_text(path or MOVE_JOURNAL)
    journal = json.loads(text) if text else {"move": None, "kept": []}
    return dict(journal, kept=[item for item in journal["kept"] if os.path.lexists(item["path"])])


def write_journal(journal: Journal, path: str | None = None) -> None:
    """Write what :func:`read_journal` returns; if nothing is to be kept, the file is removed."""
    if journal["move"] or journal["kept"]:
        write_text(path or MOVE_JOURNAL, json.dumps(journal, indent=1), mode=0o600)
    else:
        remove(path or MOVE_JOURNAL)


def save_move(move: Move | None) -> None:
    """Keep a move in the journal; None ends it."""
    write_journal(dict(read_journal(), move=move))


def save_kept(move: Move | None, trees: Iterable[Tree]) -> None:
    """The same, and add the old copies of trees."""
    kept = read_journal()["kept"] + [{"path": item["parked"], "of": item["source"]} for item in trees]
    write_journal({"move": move, "kept": kept})


def read_data(
    daemon: DaemonFile, units: Units, engine: Mapping[str, Any], wanted: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Where the Engine's data is, and what a move to the wanted places needs to know.

    :param daemon: what :func:`daemon_file.read_daemon_json` gives; ``engine`` what :func:`engine.read_engine` does.
    :param wanted: see :data:`data_plan.WANTED`; without it only the present places are read.
    """
    wanted = dict(data_plan.WANTED, **{key: value for key, value in (wanted or {}).items() if value is not None})
    journal = read_journal()
    facts = {
        "wanted": wanted,
        "move": journal["move"],
        "kept": journal["kept"],
        "installed": "docker.service" in units,
        DOCKER: _docker(daemon, units, engine),
        CONTAINERD: _containerd(units),
        "running_on": _running_on(engine.get("info") or {}),
        "targets": {},
        "others": [],
    }
    for name, path in data_plan.wanted_roots(wanted).items():
        if path and path.startswith("/"):
            facts["targets"][name] = _target(path, facts[name], journal["move"])
    if data_plan.moves(facts):
        _look_closely(facts)
    return facts


def _running_on(info: Mapping[str, Any]) -> int:
    """How many containers keep running when the Engine stops."""
    return info.get("containers_running") or 0 if info.get("live_restore") else 0


def _docker(daemon: DaemonFile, units: Units, engine: Mapping[str, Any]) -> dict[str, Any]:
    key = daemon["options"].get("data-root")
    argv = units.get("docker.service", {}).get("argv", [])
    flag = flags_of(argv).get("data-root")
    reported = REMAPPED.sub("", (engine.get("info") or {}).get("data_root") or "")
    root = reported or _value_of(argv, ("--data-root", "-g", "--graph")) or str(key or DEFAULTS[DOCKER])
    if not reported and not holds(DOCKER, root) and holds(DOCKER, DEFAULTS[DOCKER]):
        root = DEFAULTS[DOCKER]  # the file was changed, and the Engine has not run with it
    used = (engine.get("info") or {}).get("data_root") or root
    return dict(
        _tree(DOCKER, root), key=key, flag=flag, error=daemon["error"], config="daemon.json", has=data_kinds(str(used))
    )


# What one of these names is there for, in the Engine's folder. A file beside the volumes lists them.
KINDS = {
    "containers": "containers/*",
    "images": "image/*/imagedb/content/sha256/*",
    "swarm": "swarm/docker-state.json",
    "volumes": "volumes/*/_data",
}


def data_kinds(root: str) -> list[str]:
    """What data of Docker a folder has; one that the Engine has just made has none."""
    found = (glob.iglob(os.path.join(glob.escape(root), pattern)) for pattern in KINDS.values())
    return [kind for kind, paths in zip(KINDS, found) if next(paths, None)]


def _containerd(units: Units) -> dict[str, Any]:
    unit = units.get("containerd.service")
    argv = unit["argv"] if unit else []
    config = _value_of(argv, ("--config", "-c")) or CONTAINERD_CONFIG
    text = read_text(config)
    key = root_of(text)
    imported = None
    for pattern in imports_of(text):
        for path in sorted(glob.glob(os.path.join(os.path.dirname(config), pattern))):
            found = root_of(read_text(path)) if path != config else None
            key, imported = (found, path) if found else (key, imported)
    flag = _value_of(argv, ("--root",))
    return dict(
        _tree(CONTAINERD, flag or key or DEFAULTS[CONTAINERD]),
        key=key,
        flag="--root" if flag else None,
        imported=imported,
        error=None,
        config=config,
        installed=unit is not None,
    )


def _value_of(argv: Sequence[str], names: Collection[str]) -> str | None:
    """The value of a flag on a command line, or None."""
    for place, word in enumerate(argv):
        name, sep, value = word.partition("=")
        if name in names:
            return value if sep else next(iter(argv[place + 1 : place + 2]), None)
    return None


def holds(name: str, root: str) -> bool:
    """Whether a folder contains data of Docker, or of containerd."""
    return any(glob.glob(os.path.join(glob.escape(top), sign)) for top in tops(root) for sign in SIGNS[name])


def tops(root: str) -> list[str]:
    """The folders that may contain Docker's: with userns-remap there is one for each range of user IDs."""
    inner = glob.glob(os.path.join(glob.escape(root), "*.*"))
    return [root] + sorted(path for path in inner if REMAPPED.search(path))


def left_behind(options: Mapping[str, Any], merged: Mapping[str, Any]) -> tuple[str, str] | None:
    """(old, new) where a changed data-root would leave Docker's data behind, else None."""
    old, new = (os.path.realpath(str(item.get("data-root") or DEFAULTS[DOCKER])) for item in (options, merged))
    return (old, new) if old != new and holds(DOCKER, old) and not holds(DOCKER, new) else None


def _tree(name: str, root: str) -> dict[str, Any]:
    place = os.path.realpath(root)
    return {
        "root": root,
        "place": place,
        "holds": holds(name, place),
        "mount": False,
        "parked": None,
        "foreign": [],
        "drivers": [],
        "default": _default(name, place),
    }


def _default(name: str, place: str) -> dict[str, Any]:
    path = DEFAULTS[name]
    kind = _kind(path)
    return {
        "path": path,
        "place": os.path.realpath(path),
        "kind": "link" if os.path.islink(path) else kind,
        "empty": kind == "folder" and not os.listdir(path),
        "live": os.path.realpath(path) == place,
        "mount": os.path.ismount(path),
    }


def _kind(path: str) -> str:
    if not os.path.lexists(path):
        return "absent"
    return "folder" if os.path.isdir(path) else "other"


def _target(path: str, tree: Mapping[str, Any], move: Move | None) -> dict[str, Any]:
    """The wanted place of a tree, with a few of the names in it."""
    place = os.path.realpath(path)
    ours = any(item["target"] == place for item in (move or {"trees": []})["trees"])
    names = []
    if os.path.isdir(place) and not ours:
        names = sorted(filter(data_plan.is_data, os.listdir(place)))[:5]
    same = place == tree["place"] or (
        os.path.exists(place) and os.path.exists(tree["place"]) and _samefile(place, tree)
    )
    return {
        "path": path,
        "place": place,
        "kind": _kind(place),
        "same": same,
        "names": names,
        "holds": not ours and any(holds(name, place) for name in SIGNS),
        "used_mib": 0,
        "files": 0,
    }


def _samefile(place: str, tree: Mapping[str, Any]) -> bool:
    return os.path.samefile(place, tree["place"])


def _look_closely(facts: Any) -> None:
    """What takes time to read and is only needed for a move: sizes, file systems, mounts, processes."""
    from .._core import file_tree

    table = file_tree.mounts()
    points = {item["point"] for item in table}
    for item in data_plan.moves(facts):
        name, tree = item["tree"], facts[item["tree"]]
        target, place = facts["targets"][name], tree["place"]
        size, files = file_tree.measure(place, points - {place})
        target.update(used_mib=-(-size >> 20), files=files, fs=_file_system(target["place"], table))
        copied = os.path.join(target["place"], INCOMING)
        ours = any(other["target"] == target["place"] for other in (facts["move"] or {"trees": []})["trees"])
        size, files = file_tree.measure(target["place"] if ours else copied)
        target.update(copied_mib=size >> 20, copied_files=files)
        mount = is_mounted(place, table)
        tree.update(
            mount=mount,
            parked=_free(os.path.join(place, OLD) if mount else place + OLD),
            foreign=[point for point, own in inner_mounts(place, table) if not own],
            drivers=sorted(kind for kind, where in SPECIAL[name].items() if glob.glob(os.path.join(place, where))),
        )
    facts["others"] = sorted(set(shims()) - {"moby", "plugins.moby"})


def _free(path: str) -> str:
    """A name that is not in use: there may be copies of earlier moves."""
    names = [path] + ["%s-%d" % (path, number) for number in range(2, 100)]
    return next(name for name in names if not os.path.lexists(name))


def _file_system(path: str, table: Iterable[Mount]) -> dict[str, Any]:
    from .._core import file_tree

    there = file_tree.existing(path)
    mount, free = file_tree.mount_of(there, table), os.statvfs(there)
    return {
        "point": mount["point"],
        "type": mount["type"],
        "options": [option for option in mount["options"] if option in ("ro", "noexec")],
        "types": file_tree.tells_types(there),
        "free_mib": free.f_bavail * free.f_frsize >> 20,
        # Some file systems have no limit.
        "free_files": free.f_favail if free.f_files else None,
    }


def is_mounted(place: str, table: Sequence[Mount]) -> bool:
    """Whether a folder is a mount point, other than by Docker, which mounts its data-root on itself."""
    return any(item["point"] == place and not _on_itself(item, table) for item in table)


def _on_itself(item: Mount, table: Iterable[Mount]) -> bool:
    from .._core import file_tree

    above = file_tree.mount_of(os.path.dirname(item["point"]), table)
    inner = os.path.relpath(item["point"], above["point"])
    root = os.path.normpath(os.path.join(above["root"], inner))
    return bool(above["device"] == item["device"] and item["root"] == root)


def inner_mounts(place: str, table: Sequence[Mount]) -> list[tuple[str, bool]]:
    """What is mounted in a tree, and whether by the Engine: ``[(mount point, bool)]``, the innermost first."""
    found = []
    for item in table:
        point = item["point"]
        if point == place and _on_itself(item, table):
            found.append((point, True))
        elif point.startswith(place.rstrip("/") + "/"):
            volume = os.path.join(os.path.dirname(point), "opts.json")
            name = os.path.relpath(point, place)
            found.append((point, data_plan.is_own_mount(name, item["type"], os.path.exists(volume))))
    return found[::-1]


def shims(proc: str = "/proc") -> list[str]:
    """The namespaces of containerd that have running containers, one entry for each container's shim."""
    found = []
    for path in glob.glob(proc + "/[0-9]*/cmdline"):
        try:
            with open(path, "rb") as handle:
                words = handle.read().decode("utf-8", "replace").split("\0")
        except OSError:
            continue
        if os.path.basename(words[0]).startswith("containerd-shim") and "-namespace" in words[:-1]:
            found.append(words[words.index("-namespace") + 1])
    return found
