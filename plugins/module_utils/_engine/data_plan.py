# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: the plan of where the Engine's data is to be. Pure functions.

There are two trees: Docker's ``data-root``, and containerd's ``root``, where Engine 29 and later keep images.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Iterable, Mapping

from .._core.plan import change

if TYPE_CHECKING:
    from .._core.facts import ApiObject
    from .._core.plan import Change, Plan

    State = Mapping[str, Any]  # the facts of the data, with more for a move
    Tree = dict[str, Any]  # one of those that are moved, see moves()
    Move = dict[str, Any]  # what the journal has of a move

DOCKER, CONTAINERD = "docker", "containerd"
TREES = (CONTAINERD, DOCKER)
# The changes for which the Engine has to stop.
STOPPING = ("move", "finish", "abandon")
DEFAULTS = {DOCKER: "/var/lib/docker", CONTAINERD: "/var/lib/containerd"}
# As the user knows them.
OPTIONS = {DOCKER: "data-root", CONTAINERD: "containerd root"}
WANTED = {"data_root": None, "containerd_root": None, "link": False, "keep_old": True, "network_fs": False}

# Names of an incomplete copy in the new place, and of an old copy at, or in, the old place.
INCOMING = ".dockyard-incoming"
OLD = ".dockyard-old"


# Metadata is compared byte by byte; the content of layers and volumes by size and time.
BULK = ("overlay2", "vfs", "fuse-overlayfs", "volumes", "rootfs")
EXACT_UP_TO = 64 << 20
_REMAPPED = re.compile(r"^[0-9]+\.[0-9]+(/|$)")


def is_data(name: str) -> bool:
    """Whether a name in a folder is data: neither the file system's own folder, nor one of this collection."""
    return name != "lost+found" and not name.startswith(".dockyard-")


def exact(name: str, size: int) -> bool:
    """Whether the content of a copied file has to be compared."""
    name = _REMAPPED.sub("", name)
    parts = name.split("/")
    if parts[0] == "swarm":
        return True
    shallow = len(parts) <= 3
    bulk = parts[0] in BULK or parts[0].startswith("io.containerd.")
    return size <= EXACT_UP_TO and (shallow or not bulk)


def is_own_mount(name: str, kind: str, has_options: bool) -> bool:
    """Whether something mounted in a tree was mounted by the Engine, which unmounts it when it stops.

    :param name: its path in the tree; ``kind`` is the type of its file system.
    :param has_options: whether the volume, if it is one, was created with options of its driver, so that Docker mounts it.
    """
    parts = _REMAPPED.sub("", name).split("/")
    if kind in ("overlay", "nsfs", "fuse.fuse-overlayfs"):
        return True
    if parts[0] == "volumes":
        return len(parts) == 3 and parts[2] == "_data" and has_options
    if parts[0] == "containers":
        return len(parts) > 3 and parts[2] == "mounts"
    return len(parts) > 1 and parts[0] in ("plugins", "buildkit", "tmp", "tmpmounts", "rootfs", "overlay2", "vfs")


def with_data_root(text: str | None, root: str | None) -> str | None:
    """The daemon.json with this data-root, or, for None, without one. No file is None."""
    options = json.loads(text) if text is not None else {}
    if options.get("data-root") == root:
        return text
    options["data-root"] = root
    if root is None:
        del options["data-root"]
    return json.dumps(options, indent=2, sort_keys=True) + "\n"


def wanted_roots(wanted: Mapping[str, Any]) -> dict[str, str | None]:
    """The wanted path of each tree; None where any will do."""
    return {DOCKER: wanted["data_root"], CONTAINERD: wanted["containerd_root"]}


def moves(state: State) -> list[Tree]:
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
                    "link": wants_link(state["wanted"], name),
                    "used_mib": target["used_mib"],
                }
            )
    return found


def wants_link(wanted: Mapping[str, Any], name: str) -> bool:
    path = wanted_roots(wanted)[name]
    return bool(wanted["link"] and path and path.rstrip("/") != DEFAULTS[name])


def make_plan(state: State) -> Plan:
    """The changes of where the data is.

    :param state: the ``data`` of ``node_facts``, read with what is wanted.
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


def daemon_options(state: State, options: dict[str, Any]) -> dict[str, Any]:
    """The content of daemon.json once the data is where it is wanted."""
    coming = [item for item in moves(state) if item["tree"] == DOCKER]
    if not coming:
        return options
    left = {name: value for name, value in options.items() if name != "data-root"}
    return left if coming[0]["link"] else dict(left, **{"data-root": coming[0]["path"]})


def _move(item: Tree) -> Change:
    where = ", and %s becomes a link to it" % DEFAULTS[item["tree"]] if item["link"] else ""
    return change(
        "move",
        item["source"],
        "%s is to be %s%s: %d MiB are copied while the Engine is stopped"
        % (OPTIONS[item["tree"]], item["path"], where, item["used_mib"]),
        before=item["source"],
        after=item["target"],
    )


def _settle(state: State, item: Tree, coming: Iterable[Tree]) -> Change:
    what = "move of %s to %s" % (item["source"], item["target"])
    wanted = any((other["source"], other["target"]) == (item["source"], item["target"]) for other in coming)
    if wanted or state[item["tree"]]["place"] == item["target"]:
        return change("finish", what, "it was interrupted", before="unfinished", after="done")
    return change("abandon", what, "it was interrupted, and is no longer wanted", before="unfinished", after="undone")


def _settings(state: State, name: str) -> Plan:
    """The settings of a tree that does not have to be moved."""
    tree, target = state[name], state["targets"][name]
    if wants_link(state["wanted"], name):
        if tree["default"]["place"] == target["place"]:
            return []
        return [change("link", DEFAULTS[name], "missing", before=tree["default"]["kind"], after=target["place"])]
    # daemon.json belongs to daemon_config.
    if name == CONTAINERD and not target["same"]:
        return [change("set", "containerd: root", "differs", before=tree["root"], after=target["path"])]
    return []


def _removals(state: State, coming: list[Tree]) -> Plan:
    targets = tuple(item["target"] + "/" for item in coming)
    old = [item["path"] for item in state["kept"] if not item["path"].startswith(targets)]
    old += [item["parked"] for item in coming + list((state["move"] or {"trees": []})["trees"])]
    why = "the data was moved, and its old copy is no longer wanted"
    return [change("remove", path, why, before="present", after="absent") for path in dict.fromkeys(old)]


def lacks(before: Mapping[str, Any], have: Mapping[str, set[str]], swarm: ApiObject) -> str | None:
    """What a started Engine lacks compared with before, as a text; None if nothing.

    :param before: ``{images, containers, volumes}`` (names), ``node_id`` and ``state`` in the swarm; what is left out does
        not count. ``have`` has the same lists as sets, and ``swarm`` is that part of ``GET /info``.
    """
    found = []
    for what in ("images", "containers", "volumes"):
        missing = sorted(set(before.get(what) or []) - have[what])
        if missing:
            found.append("%d of its %d %s are missing (%s)" % (len(missing), len(before[what]), what, missing[0]))
    state, node_id = swarm.get("LocalNodeState"), swarm.get("NodeID")
    # A locked manager reports nothing about itself until it is unlocked.
    if before.get("node_id") and state != "locked":
        if node_id != before["node_id"]:
            found.append("its node in the swarm is %s instead of %s" % (node_id or "none", before["node_id"]))
        elif before.get("state") not in (None, state):
            found.append("its node in the swarm is %s instead of %s" % (state, before["state"]))
    return "; ".join(found) or None
