# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: what stands in the way of a move of the Engine's data. Pure functions."""

from __future__ import annotations

from .data_plan import CONTAINERD, OPTIONS, TREES, moves, wanted_roots, wants_link

NETWORK = (
    "nfs", "nfs4", "cifs", "smb3", "ceph", "fuse.ceph", "fuse.glusterfs", "glusterfs", "9p", "lustre", "fuse.sshfs",
    "afs", "beegfs", "gpfs",
)  # fmt: skip
UNFIT = {
    "tmpfs": "what is on it is gone after a reboot",
    "ramfs": "what is on it is gone after a reboot",
    "overlay": "layers of images cannot be put on top of each other there",
    "vfat": "it knows no owners",
    "msdos": "it knows no owners",
    "exfat": "it knows no owners",
    "ntfs": "it knows no owners",
    "ntfs3": "it knows no owners",
    "fuseblk": "it knows no owners",
    "squashfs": "it is read-only",
    "iso9660": "it is read-only",
}
# What a copy needs beyond the size of the tree: for the other file system's own records.
MARGIN_PERCENT, MARGIN_MIB = 5, 64


def check(state):
    """What stands in the way of moving the data, one text each; empty where nothing does."""
    problems = []
    for name, path in wanted_roots(state["wanted"]).items():
        if path and not path.startswith("/"):
            problems.append("%s %s is no absolute path: give one" % (OPTIONS[name], path))
    coming = moves(state)
    for item in coming:
        problems += _check_move(state, item)
    problems += _check_nesting(state, coming)
    for name in TREES:
        if name in state["targets"]:
            problems += _check_settings(state, name, any(item["tree"] == name for item in coming))
    if coming and state.get("running_on"):
        problems.append(
            "%d containers would run on while the Engine is stopped, since live-restore is on: stop them, or set "
            "live-restore to false" % state["running_on"]
        )
    return problems


def _check_move(state, item):
    name, tree = item["tree"], state[item["tree"]]
    target = state["targets"][name]
    option, path, place = OPTIONS[name], item["path"], item["target"]
    problems = []
    if target["kind"] == "other":
        problems.append("%s %s is no folder: name another" % (option, path))
    elif target["holds"]:
        problems.append(
            "%s %s holds the data of another Engine already, and %s that of this one: name an empty folder, or "
            "empty it if nobody needs it" % (option, path, item["source"])
        )
    elif target["names"]:
        problems.append(
            "%s %s is not empty (%s): name a folder of its own" % (option, path, ", ".join(target["names"]))
        )
    problems += ["%s %s: %s" % (option, path, text) for text in _check_fs(target["fs"], state["wanted"])]
    problems += _check_space(item, target)
    for point in tree["foreign"]:
        problems.append(
            "something is mounted at %s, in the middle of the data to be moved: unmount it, and put its content into "
            "the folder" % point
        )
    for driver in tree["drivers"]:
        problems.append(
            "%s holds layers of the storage driver %s, which are no plain files: move it with the tools of that file "
            "system, or change to overlay2" % (item["source"], driver)
        )
    if state["others"] and name == CONTAINERD:
        problems.append(
            "containerd runs containers of others, too (namespaces %s): stop them before its root is moved"
            % ", ".join(state["others"])
        )
    if place == "/":
        problems.append("%s %s is the root of all file systems: name a folder of its own" % (option, path))
    return problems


def _check_fs(fs, wanted):
    where = "the file system at %s" % fs["point"]
    if fs["type"] in NETWORK and not wanted["network_fs"]:
        return [
            "%s is %s, a network file system, which layers of images cannot be on: name a place on a disk, or set "
            "swarm_engine_data_network_fs if it is known to work" % (where, fs["type"])
        ]
    if fs["type"] in UNFIT:
        return ["%s is %s: %s. Name a place on a disk" % (where, fs["type"], UNFIT[fs["type"]])]
    problems = []
    for option in ("ro", "noexec"):
        if option in fs["options"]:
            problems.append("%s is mounted with %s: mount it without" % (where, option))
    if not fs["types"]:
        problems.append("%s has no d_type, which overlay2 needs: make it anew with ftype=1" % where)
    return problems


def needed_mib(used_mib):
    """What must be free for a tree of this size."""
    return used_mib + used_mib * MARGIN_PERCENT // 100 + MARGIN_MIB


def _check_space(item, target):
    need, free = needed_mib(item["used_mib"]), target["fs"]["free_mib"] + target["copied_mib"]
    if need > free:
        return [
            "not enough space for the data of %s: it has %d MiB and needs %d MiB, %d MiB are free at %s: free some, or "
            "name a larger place"
            % (item["source"], item["used_mib"], need, free, target["place"])
        ]  # fmt: skip
    files = target["fs"]["free_files"]
    if files is not None and target["files"] > files + target["copied_files"]:
        return [
            "not enough inodes for the data of %s: it has %d files, and %d more can be made at %s: make its file system "
            "anew with more"
            % (item["source"], target["files"], files + target["copied_files"], target["place"])
        ]  # fmt: skip
    return []


def _check_nesting(state, coming):
    targets = [(item["target"], "%s %s" % (OPTIONS[item["tree"]], item["path"])) for item in coming]
    sources = [(state[name]["place"], "the data of %s" % name) for name in TREES if state[name]["holds"]]
    problems = []
    for number, (place, what) in enumerate(targets):
        for other, whose in sources + targets[:number]:
            if place == other or place.startswith(other.rstrip("/") + "/"):
                problems.append("%s lies in %s (%s): name a place outside" % (what, other, whose))
            elif other.startswith(place.rstrip("/") + "/"):
                problems.append("%s would hold %s (%s): name a place beside it" % (what, other, whose))
    return problems


def _check_settings(state, name, moving):
    tree, option = state[name], OPTIONS[name]
    linked, target = wants_link(state["wanted"], name), state["targets"][name]
    changes = moving or (name == CONTAINERD and not target["same"])
    problems = []
    if changes and tree["flag"]:
        problems.append(
            "%s is set by flag %s of the unit of %s: take it out of the unit, so that the file counts"
            % (option, tree["flag"], name)
        )
    if changes and tree.get("imported"):
        problems.append("%s is set in %s, too: remove it there" % (option, tree["imported"]))
    if changes and tree.get("error"):
        problems.append("%s cannot be read (%s): put it right first" % (tree["config"], tree["error"]))
    if changes and name == CONTAINERD and state["installed"] and not tree["installed"]:
        problems.append("%s %s: this host has no containerd.service to be set" % (option, target["path"]))
    if linked and tree["default"]["place"] != target["place"]:
        problems += _check_link(tree, option)
    return problems


def _check_link(tree, option):
    default = tree["default"]
    if default["mount"]:
        return ["%s is a mount point and cannot become a link: set %s instead" % (default["path"], option)]
    if default["kind"] == "other" or (default["kind"] == "folder" and not default["empty"] and not default["live"]):
        return [
            "%s is to become a link, and there is something else in it than the data in use: move it away"
            % default["path"]
        ]
    return []
