# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: the steps of a move on the disk. Each can be interrupted anywhere and repeated.

``item`` is one tree of a move, see :func:`data_plan.moves`. The copy is written to a separate folder in the new place
(``incoming``), so that no Engine starts on half of it. The old place is renamed when it is out of use (``parked``), so that
none starts on it either.
"""

from __future__ import annotations

import glob
import json
import os
import re
from typing import TYPE_CHECKING, Any, Mapping, Sequence

from .._core import file_tree
from .._core.atomic_files import read_text, remove, sync_folder, write_text
from .._core.plan import ApplyError
from .containerd_config import with_root
from .daemon_file import DAEMON_JSON, PREVIOUS
from .data_facts import inner_mounts, read_journal, tops, write_journal
from .data_plan import CONTAINERD, DEFAULTS, DOCKER, INCOMING, is_data, with_data_root

if TYPE_CHECKING:
    from .data_plan import Tree

# Anonymous volumes go with their containers.
ANONYMOUS = re.compile(r"^[0-9a-f]{64}$")
TASK_LABEL = "com.docker.swarm.task.id"
# Files and folders that show what an Engine has.
CONTENTS = {
    DOCKER: ("containers/*", "volumes/*", "image/*/imagedb/content/sha256/*"),
    CONTAINERD: ("io.containerd.content.v1.content/blobs/sha256/*",),
}


def incoming(item: Tree) -> str:
    """Where the copy is written."""
    return os.path.join(item["target"], INCOMING)


def place(item: Tree) -> None:
    """Put a complete copy in its place."""
    source, target = incoming(item), item["target"]
    if not os.path.isdir(source):
        return
    _rename_all(source, target)
    file_tree.dress(source, target)
    os.rmdir(source)
    sync_folder(target)


def unplace(item: Tree) -> None:
    """Move a copy out of its place, so that nothing starts on it."""
    if os.path.isdir(item["target"]):
        os.makedirs(incoming(item), mode=0o700, exist_ok=True)
        _rename_all(item["target"], incoming(item))


def park(item: Tree) -> None:
    """Rename the old place to show that it is out of use."""
    source, parked = item["source"], item["parked"]
    if item["mount"]:
        os.makedirs(parked, mode=0o700, exist_ok=True)
        _rename_all(source, parked)
    elif os.path.isdir(source) and not os.path.islink(source):
        os.rename(source, parked)
        sync_folder(os.path.dirname(source))
    default = DEFAULTS[item["tree"]]
    if os.path.islink(default) and os.path.realpath(default) == source:
        remove(default)  # it would point to nothing


def unpark(item: Tree) -> None:
    """Give the old place its name back."""
    source, parked = item["source"], item["parked"]
    if not os.path.isdir(parked) or os.path.islink(parked):
        return
    if item["mount"]:
        _rename_all(parked, source)
        os.rmdir(parked)
    elif not os.path.lexists(source):
        os.rename(parked, source)
        sync_folder(os.path.dirname(source))


def _rename_all(source: str, target: str) -> None:
    for name in sorted(os.listdir(source)):
        if is_data(name):
            os.rename(os.path.join(source, name), os.path.join(target, name))
    sync_folder(source)
    sync_folder(target)


def link(path: str, target: str) -> None:
    """Make a path a symbolic link, in place of a link or an empty folder."""
    if os.path.isdir(path) and not os.path.islink(path):
        os.rmdir(path)
    scratch = path + ".dockyard-link"
    remove(scratch)
    os.symlink(target, scratch)
    os.rename(scratch, path)
    sync_folder(os.path.dirname(path))


def link_default(item: Tree) -> None:
    """Make the default path a link to the new place."""
    default = DEFAULTS[item["tree"]]
    if default == item["source"] and not os.path.islink(default):
        # The link and the data change places at once: the path always exists.
        link(item["parked"], item["target"])
        file_tree.exchange(default, item["parked"])
        sync_folder(os.path.dirname(default))
    else:
        link(default, item["target"])


def unlink_default(item: Tree) -> None:
    """Restore the default path as it was; the data does not have its old name yet."""
    default, was = DEFAULTS[item["tree"]], item["was"]
    if default == item["source"]:
        if os.path.islink(default) and not os.path.islink(item["parked"]):
            file_tree.exchange(default, item["parked"])
            sync_folder(os.path.dirname(default))
        if os.path.islink(item["parked"]):
            remove(item["parked"])
    elif was["default"] == "link":
        link(default, was["to"])
    elif item["link"] and os.path.islink(default):
        remove(default)


def carry_back(item: Tree, since: float) -> None:
    """Copy to the old place what has changed in swarm and volumes at the new one.

    A manager must not forget what it has agreed to, and a volume must not lose what was written to it. What was removed at the
    new place stays at the old one.

    :param since: when the Engine was started at the new place.
    """
    old = item["parked"] if os.path.isdir(item["parked"]) and not os.path.islink(item["parked"]) else item["source"]
    for new in tops(item["target"]):
        to = os.path.join(old, os.path.relpath(new, item["target"]))
        if os.path.exists(os.path.join(new, "swarm", "docker-state.json")):
            file_tree.sync(os.path.join(new, "swarm"), os.path.join(to, "swarm"), since)
        for path in glob.glob(os.path.join(glob.escape(new), "volumes", "*", "_data")):
            volume = os.path.dirname(path)
            file_tree.sync(volume, os.path.join(to, "volumes", os.path.basename(volume)), since)


def contents(item: Tree, root: str) -> list[str]:
    """What an Engine has at a place, as names."""
    found = _found(root, CONTENTS[item["tree"]])
    return sorted(os.path.relpath(path, root) for path in found)


def _found(root: str, patterns: Sequence[str]) -> list[str]:
    return [
        path
        for top in tops(root)
        for pattern in patterns
        for path in glob.glob(os.path.join(glob.escape(top), pattern))
    ]


def lasting(root: str) -> dict[str, list[str]]:
    """The containers and volumes of a stopped Engine that neither the swarm nor a flag removes."""
    containers = []
    for path in _found(root, ["containers/*/config.v2.json"]):
        folder = os.path.dirname(path)
        text: Any = read_text(path)  # it was just found
        config = json.loads(text)
        host = json.loads(read_text(os.path.join(folder, "hostconfig.json")) or "{}")
        if TASK_LABEL not in ((config.get("Config") or {}).get("Labels") or {}) and not host.get("AutoRemove"):
            containers.append(os.path.basename(folder))
    names = [os.path.basename(os.path.dirname(path)) for path in _found(root, ["volumes/*/_data"])]
    return {"containers": sorted(containers), "volumes": sorted(name for name in names if not ANONYMOUS.match(name))}


def put(path: str, before: str | None, after: str | None) -> None:
    """Write a text where it differs from the present one; None removes the file."""
    if after == before:
        return
    if after is None:
        remove(path)
    else:
        write_text(path, after)


def writers(root: str, proc: str = "/proc") -> list[str]:
    """Processes that have a file of a tree open to write to it, as texts."""
    found = {}
    for path in glob.glob(proc + "/[0-9]*/fd/*"):
        pid, handle = path.split("/")[-3], path.split("/")[-1]
        try:
            name = os.readlink(path)
            if pid == str(os.getpid()) or not file_tree.is_below(name, root):
                continue
            flags = int((read_text("%s/%s/fdinfo/%s" % (proc, pid, handle)) or "").split("flags:")[1].split()[0], 8)
            command = (read_text("%s/%s/comm" % (proc, pid)) or "").strip()
        except (OSError, IndexError):
            continue  # it ended meanwhile
        if flags & (os.O_WRONLY | os.O_RDWR):
            found[pid] = "%s (process %s: %s)" % (command, pid, name)
    return [found[pid] for pid in sorted(found, key=int)]


def boot_id() -> str:
    """The ID of this boot of the host."""
    return (read_text("/proc/sys/kernel/random/boot_id") or "").strip()


def as_it_was(tree: Mapping[str, Any], item: Tree, earlier: Mapping[str, Any]) -> dict[str, Any]:
    """What a move has to remember of a tree: how the files named its place, and since when its copy is valid."""
    default = tree["default"]
    was = {"key": tree["key"], "config": tree["config"], "default": default["kind"], "to": None}
    if default["kind"] == "link":
        was["to"] = os.readlink(DEFAULTS[item["tree"]])
    same = [
        other for other in earlier["trees"] if (other["source"], other["target"]) == (item["source"], item["target"])
    ]
    # After a power cut no part of a copy is trusted.
    since = same[0]["since"] if same and earlier["boot"] == boot_id() else 0.0
    return {"was": same[0]["was"] if same else was, "since": since}


def point_back(item: Tree) -> None:
    """Set the files to the old place: to their own value of it, or to its path where they name another."""
    key, source = item["was"]["key"], item["source"]
    right = os.path.realpath(str(key or DEFAULTS[item["tree"]])) == source
    set_root(item["tree"], item["was"]["config"], key if right else source)


def set_root(name: str, config: str, root: str | None) -> None:
    """Write a data-root into daemon.json, or a root into containerd's file; None removes it."""
    if name == CONTAINERD:
        text = read_text(config)
        put(config, text, with_root(text, root))
        return
    text = read_text(DAEMON_JSON)
    put(DAEMON_JSON, text, with_data_root(text, root))
    # An interrupted change of other options would otherwise restore the old place with the old options.
    kept = read_text(PREVIOUS)
    if kept:
        before = json.loads(kept)
        before["text"] = with_data_root(before["text"], root)
        put(PREVIOUS, kept, json.dumps(before))


def remove_old(path: str) -> None:
    """Remove an old copy, unless something is mounted in it."""
    found = [point for point, _own in inner_mounts(path, file_tree.mounts())]
    if found:
        raise ApplyError("the old copy %s is not removed: something is mounted at %s" % (path, found[0]))
    file_tree.remove_tree(path)
    journal = read_journal()
    write_journal(dict(journal, kept=[item for item in journal["kept"] if item["path"] != path]))
