# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: where the Engine's data lies, where it should, and what stands in the way. Pure functions.

There are two trees: Docker's own, ``data-root``, and containerd's ``root``, in which Engine 29 and later keep images.
"""

from __future__ import annotations

import json
import re

from ansible_collections.dockyard.swarm.plugins.module_utils._plan import change

DOCKER, CONTAINERD = "docker", "containerd"
TREES = (CONTAINERD, DOCKER)
# Of the changes those for which the Engine has to stop.
STOPPING = ("move", "finish", "abandon")
DEFAULTS = {DOCKER: "/var/lib/docker", CONTAINERD: "/var/lib/containerd"}
# As the user knows them.
OPTIONS = {DOCKER: "data-root", CONTAINERD: "containerd root"}
WANTED = {"data_root": None, "containerd_root": None, "link": False, "keep_old": True, "network_fs": False}

# In the new place, while it is not complete; and at, or in, the old one when it is out of use.
INCOMING = ".dockyard-incoming"
OLD = ".dockyard-old"

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

# A file's content is compared byte by byte where it says what the rest means, and by size and time where it is that rest.
BULK = ("overlay2", "vfs", "fuse-overlayfs", "volumes", "rootfs")
EXACT_UP_TO = 64 << 20
_REMAPPED = re.compile(r"^[0-9]+\.[0-9]+(/|$)")


def is_data(name):
    """Whether a name in a place is data: not a file system's own folder, nor one of this collection."""
    return name != "lost+found" and not name.startswith(".dockyard-")


def exact(name, size):
    """Whether the content of a file in a tree has to be compared after it was copied."""
    name = _REMAPPED.sub("", name)
    parts = name.split("/")
    if parts[0] == "swarm":
        return True
    shallow = len(parts) <= 3
    bulk = parts[0] in BULK or parts[0].startswith("io.containerd.")
    return size <= EXACT_UP_TO and (shallow or not bulk)


def is_own_mount(name, kind, has_options):
    """Whether what is mounted in a tree was mounted by the Engine, which takes it away when it stops.

    :param name: where in the tree; ``kind`` is the type of its file system.
    :param has_options: whether the volume, if it is one, was made with options of its driver, so that Docker mounts it.
    """
    parts = _REMAPPED.sub("", name).split("/")
    if kind in ("overlay", "nsfs", "fuse.fuse-overlayfs"):
        return True
    if parts[0] == "volumes":
        return len(parts) == 3 and parts[2] == "_data" and has_options
    if parts[0] == "containers":
        return len(parts) > 3 and parts[2] == "mounts"
    return len(parts) > 1 and parts[0] in ("plugins", "buildkit", "tmp", "tmpmounts", "rootfs", "overlay2", "vfs")


# The root of containerd, in its config.toml: a key of the part above all tables.
_TABLE = re.compile(r"^[ \t]*\[\[?[^\[\],\n]+\]\]?[ \t]*(#.*)?$", re.MULTILINE)
_ROOT = re.compile(r"^[ \t]*root[ \t]*=[ \t]*([\"'])(.*?)\1[^\n]*\n?", re.MULTILINE)
_IMPORTS = re.compile(r"^[ \t]*imports[ \t]*=[ \t]*\[(.*?)\]", re.MULTILINE | re.DOTALL)
MADE = "# Written by dockyard.swarm.\nversion = 2\n"


def _top(text):
    found = _TABLE.search(text)
    return text[: found.start()] if found else text


def root_of(text):
    """The root that a config.toml of containerd sets, or None."""
    found = _ROOT.search(_top(text or ""))
    return found.group(2) if found else None


def imports_of(text):
    """The files, or patterns of them, that a config.toml takes in."""
    found = _IMPORTS.search(_top(text or ""))
    return re.findall(r"[\"'](.*?)[\"']", found.group(1)) if found else []


def with_root(text, root):
    """The config.toml with this root, or, for None, without one. No file is None; of ours nothing is left behind."""
    line = 'root = "%s"\n' % root if root is not None else ""
    top = _top(text or "")
    found = _ROOT.search(top)
    if found:
        new = top[: found.start()] + line + top[found.end() :] + text[len(top) :]
    elif text is None:
        new = MADE + line if line else None
    else:
        new = line + text
    return None if new == MADE and not line else new


def with_data_root(text, root):
    """The daemon.json with this data-root, or, for None, without one. No file is None."""
    options = json.loads(text) if text is not None else {}
    if options.get("data-root") == root:
        return text
    options["data-root"] = root
    if root is None:
        del options["data-root"]
    return json.dumps(options, indent=2, sort_keys=True) + "\n"


def wanted_roots(wanted):
    """The wanted path of each tree, None where it may lie anywhere."""
    return {DOCKER: wanted["data_root"], CONTAINERD: wanted["containerd_root"]}


def moves(state):
    """The trees that have to be moved: ``[{tree, source, target, path, parked, link, used_mib}]``."""
    found = []
    for name in TREES:
        tree, target = state[name], state["targets"].get(name)
        if target and tree["holds"] and not target["same"]:
            found.append(
                {
                    "tree": name,
                    "source": tree["place"],
                    "target": target["place"],
                    "path": target["path"],
                    "parked": tree["parked"],
                    "mount": tree["mount"],
                    "link": _linked(state["wanted"], name),
                    "used_mib": target["used_mib"],
                }
            )
    return found


def _linked(wanted, name):
    path = wanted_roots(wanted)[name]
    return bool(wanted["link"] and path and path.rstrip("/") != DEFAULTS[name])


def make_plan(state):
    """The changes to where the data lies.

    :param state: what ``node_facts`` reads of it, with what was wanted when it did so.
    """
    wanted, interrupted = state["wanted"], state["move"]
    plan = []
    coming = moves(state)
    if interrupted:
        plan += [_settle(state, item, coming) for item in interrupted["trees"]]
        known = {(item["source"], item["target"]) for item in interrupted["trees"]}
        coming = [item for item in coming if (item["source"], item["target"]) not in known]
    plan += [_move(item) for item in coming]
    moving = {item["tree"] for item in coming} | {item["tree"] for item in (interrupted or {"trees": []})["trees"]}
    for name in TREES:
        if name in state["targets"] and name not in moving:
            plan += _settings(state, name)
    if not wanted["keep_old"]:
        plan += _removals(state, coming)
    return plan


def daemon_options(state, options):
    """The content of daemon.json once the data is where it is wanted."""
    coming = [item for item in moves(state) if item["tree"] == DOCKER]
    if not coming:
        return options
    left = {name: value for name, value in options.items() if name != "data-root"}
    return left if coming[0]["link"] else dict(left, **{"data-root": coming[0]["path"]})


def _move(item):
    where = ", and %s becomes a link to it" % DEFAULTS[item["tree"]] if item["link"] else ""
    return change(
        "move",
        item["source"],
        "%s is to be %s%s: %d MiB are copied while the Engine is stopped"
        % (OPTIONS[item["tree"]], item["path"], where, item["used_mib"]),
        before=item["source"],
        after=item["target"],
    )


def _settle(state, item, coming):
    what = "move of %s to %s" % (item["source"], item["target"])
    wanted = any((other["source"], other["target"]) == (item["source"], item["target"]) for other in coming)
    if wanted or state[item["tree"]]["place"] == item["target"]:
        return change("finish", what, "it was cut short", before="unfinished", after="done")
    return change("abandon", what, "it was cut short, and is not wanted any more", before="unfinished", after="undone")


def _settings(state, name):
    """What has to be set where no data has to be moved."""
    tree, target = state[name], state["targets"][name]
    if _linked(state["wanted"], name):
        if tree["default"]["place"] == target["place"]:
            return []
        return [change("link", DEFAULTS[name], "missing", before=tree["default"]["kind"], after=target["place"])]
    # daemon.json belongs to daemon_config.
    if name == CONTAINERD and not target["same"]:
        return [change("set", "containerd: root", "differs", before=tree["root"], after=target["path"])]
    return []


def _removals(state, coming):
    targets = tuple(item["target"] + "/" for item in coming)
    old = [item["path"] for item in state["kept"] if not item["path"].startswith(targets)]
    old += [item["parked"] for item in coming + list((state["move"] or {"trees": []})["trees"])]
    why = "the data was moved away, and its old copy is not wanted any more"
    return [change("remove", path, why, before="present", after="absent") for path in dict.fromkeys(old)]


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
    linked, target = _linked(state["wanted"], name), state["targets"][name]
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


def lacks(before, have, swarm):
    """What a started Engine lacks of what it was before, as a text; None where nothing.

    :param before: ``{images, containers, volumes}`` (names), ``node_id`` and ``state`` in the swarm; what is left out does
        not count. ``have`` has the same lists as sets, and ``swarm`` is that part of ``GET /info``.
    """
    found = []
    for what in ("images", "containers", "volumes"):
        missing = sorted(set(before.get(what) or []) - have[what])
        if missing:
            found.append("%d of its %d %s are missing (%s)" % (len(missing), len(before[what]), what, missing[0]))
    state, node_id = swarm.get("LocalNodeState"), swarm.get("NodeID")
    # A locked manager tells nothing of itself until somebody unlocks it.
    if before.get("node_id") and state != "locked":
        if node_id != before["node_id"]:
            found.append("its node in the swarm is %s instead of %s" % (node_id or "none", before["node_id"]))
        elif before.get("state") not in (None, state):
            found.append("its node in the swarm is %s instead of %s" % (state, before["state"]))
    return "; ".join(found) or None
