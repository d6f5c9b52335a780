# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The data of an example host's Engine, as facts."""

from __future__ import annotations

from ansible_collections.dockyard.swarm.plugins.module_utils._engine import data_plan

GOOD_DISK = {"point": "/", "type": "ext4", "options": [], "types": True, "free_mib": 10000, "free_files": 100}


def tree(place, holds=True, **changed):
    default = {"path": place, "place": place, "kind": "folder", "empty": False, "live": True, "mount": False}
    found = {
        "root": place, "place": place, "holds": holds, "mount": False, "parked": place + ".dockyard-old", "foreign": [],
        "drivers": [], "default": default, "key": None, "flag": None, "error": None, "config": "x", "imported": None,
        "installed": True,
    }  # fmt: skip
    return dict(found, **changed)


def target(path, **changed):
    found = {
        "path": path, "place": path, "kind": "absent", "same": False, "names": [], "holds": False, "used_mib": 1000,
        "files": 50, "fs": GOOD_DISK, "copied_mib": 0, "copied_files": 0,
    }  # fmt: skip
    return dict(found, **changed)


def state(docker=None, containerd=None, targets=None, wanted=None, **changed):
    targets = targets or {}
    paths = {"data_root": targets.get("docker"), "containerd_root": targets.get("containerd")}
    asked = {key: item["path"] for key, item in paths.items() if item}
    wanted = dict(data_plan.WANTED, **dict(asked, **(wanted or {})))
    found = {
        "docker": docker or tree("/var/lib/docker"), "containerd": containerd or tree("/var/lib/containerd"),
        "targets": targets, "wanted": wanted, "move": None, "kept": [], "installed": True, "others": [], "running_on": 0,
    }  # fmt: skip
    return dict(found, **changed)


def move(phase="copy", trees=()):
    return {"phase": phase, "trees": list(trees)}


ITEM = {
    "tree": "docker",
    "source": "/var/lib/docker",
    "target": "/srv/docker",
    "parked": "/var/lib/docker.dockyard-old",
}
