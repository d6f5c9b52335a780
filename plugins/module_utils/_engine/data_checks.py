# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: what prevents a move of the Engine's data. Pure functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Iterable, Mapping

from .data_plan import CONTAINERD, OPTIONS, TREES, moves, wanted_roots, wants_link

if TYPE_CHECKING:
    from .data_plan import State, Tree

NETWORK = (
    "nfs", "nfs4", "cifs", "smb3", "ceph", "fuse.ceph", "fuse.glusterfs", "glusterfs", "9p", "lustre", "fuse.sshfs",
    "afs", "beegfs", "gpfs",
)  # fmt: skip
FIT = ("ext4", "xfs", "btrfs", "zfs")
# What a copy needs beyond the size of the tree: for the other file system's own records.
MARGIN_PERCENT, MARGIN_MIB = 5, 64


def check(state: State) -> list[str]:
    """The problems that prevent a move of the data, as texts."""
    problems = []
    for name, path in wanted_roots(state["wanted"]).items():
        if path and not path.startswith("/"):
            problems.append("%s %s is not an absolute path: give one" % (OPTIONS[name], path))
    coming = moves(state)
    for item in coming:
        problems += _check_move(state, item)
    problems += _check_nesting(state, coming)
    for name in TREES:
        if name in state["targets"]:
            problems += _check_settings(state, name, any(item["tree"] == name for item in coming))
    if coming and state.get("running_on"):
        problems.append(
            "%d containers would keep running while the Engine is stopped, since live-restore is on: stop them, or set "
            "live-restore to false" % state["running_on"]
        )
    return problems


def _check_move(state: State, item: Tree) -> list[str]:
    name, tree = item["tree"], state[item["tree"]]
    target = state["targets"][name]
    option, path, place = OPTIONS[name], item["path"], item["target"]
    problems = []
    if target["kind"] == "other":
        problems.append("%s %s is not a folder: choose another path" % (option, path))
    elif target["holds"]:
        problems.append(
            "%s %s already holds the data of another Engine, and %s that of this one: choose an empty folder, or "
            "empty it if nobody needs that data" % (option, path, item["source"])
        )
    elif target["names"]:
        problems.append("%s %s is not empty (%s): choose an empty folder" % (option, path, ", ".join(target["names"])))
    problems += ["%s %s: %s" % (option, path, text) for text in _check_fs(target["fs"], state["wanted"])]
    problems += _check_space(item, target)
    for point in tree["foreign"]:
        problems.append(
            "something is mounted at %s, inside the data to be moved: unmount it, and copy its content into the "
            "folder" % point
        )
    for driver in tree["drivers"]:
        problems.append(
            "%s holds layers of the storage driver %s, which are not plain files: move them with the tools of that file "
            "system, or change to overlay2" % (item["source"], driver)
        )
    if state["others"] and name == CONTAINERD:
        problems.append(
            "containerd also runs containers of other programs (namespaces %s): stop them before its root is moved"
            % ", ".join(state["others"])
        )
    if place == "/":
        problems.append("%s %s is the root of the file system: choose a folder" % (option, path))
    return problems


def _check_fs(fs: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[str]:
    where = "the file system at %s" % fs["point"]
    if fs["type"] in NETWORK and not wanted["network_fs"]:
        return [
            "%s is %s, a network file system, which cannot hold layers of images: choose a folder on a disk, or set "
            "swarm_engine_data_network_fs if it is known to work" % (where, fs["type"])
        ]
    if fs["type"] not in FIT + NETWORK:
        fit = "%s or %s" % (", ".join(FIT[:-1]), FIT[-1])
        return ["%s is %s, and the data needs %s: choose a folder on one" % (where, fs["type"], fit)]
    problems = []
    for option in ("ro", "noexec"):
        if option in fs["options"]:
            problems.append("%s is mounted with %s: mount it without" % (where, option))
    if not fs["types"]:
        problems.append("%s has no d_type, which overlay2 needs: recreate it with ftype=1" % where)
    return problems


def needed_mib(used_mib: int) -> int:
    """What must be free for a tree of this size."""
    return used_mib + used_mib * MARGIN_PERCENT // 100 + MARGIN_MIB


def _check_space(item: Tree, target: Mapping[str, Any]) -> list[str]:
    need, free = needed_mib(item["used_mib"]), target["fs"]["free_mib"] + target["copied_mib"]
    if need > free:
        return [
            "not enough space for the data of %s: it has %d MiB and needs %d MiB, %d MiB are free at %s: free some, or "
            "choose a larger disk"
            % (item["source"], item["used_mib"], need, free, target["place"])
        ]  # fmt: skip
    files = target["fs"]["free_files"]
    if files is not None and target["files"] > files + target["copied_files"]:
        return [
            "not enough inodes for the data of %s: it has %d files, and %d more can be created at %s: recreate that file "
            "system with more"
            % (item["source"], target["files"], files + target["copied_files"], target["place"])
        ]  # fmt: skip
    return []


def _check_nesting(state: State, coming: Iterable[Tree]) -> list[str]:
    targets = [(item["target"], "%s %s" % (OPTIONS[item["tree"]], item["path"])) for item in coming]
    sources = [(state[name]["place"], "the data of %s" % name) for name in TREES if state[name]["holds"]]
    problems = []
    for number, (place, what) in enumerate(targets):
        for other, whose in sources + targets[:number]:
            if place == other or place.startswith(other.rstrip("/") + "/"):
                problems.append("%s lies in %s (%s): choose a folder outside of it" % (what, other, whose))
            elif other.startswith(place.rstrip("/") + "/"):
                problems.append("%s would hold %s (%s): choose a folder beside it" % (what, other, whose))
    return problems


def _check_settings(state: State, name: str, moving: bool) -> list[str]:
    tree, option = state[name], OPTIONS[name]
    linked, target = wants_link(state["wanted"], name), state["targets"][name]
    changes = moving or (name == CONTAINERD and not target["same"])
    problems = []
    if changes and tree["flag"]:
        problems.append(
            "%s is set by flag %s in the unit of %s: remove the flag, so that the file takes effect"
            % (option, tree["flag"], name)
        )
    if changes and tree.get("imported"):
        problems.append("%s is also set in %s: remove it there" % (option, tree["imported"]))
    if changes and tree.get("error"):
        problems.append("%s cannot be read (%s): correct it first" % (tree["config"], tree["error"]))
    if changes and name == CONTAINERD and state["installed"] and not tree["installed"]:
        problems.append("%s %s: this host has no containerd.service: leave the option out" % (option, target["path"]))
    if linked and tree["default"]["place"] != target["place"]:
        problems += _check_link(tree, option)
    return problems


def _check_link(tree: Mapping[str, Any], option: str) -> list[str]:
    default = tree["default"]
    if default["mount"]:
        return ["%s is a mount point and cannot become a link: set %s instead" % (default["path"], option)]
    if default["kind"] == "other" or (default["kind"] == "folder" and not default["empty"] and not default["live"]):
        return [
            "%s is to become a link, and it contains something other than the data in use: move that away"
            % default["path"]
        ]
    return []
