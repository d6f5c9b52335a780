# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: options by which the Engine would start without data that it has. Pure functions.

Nothing is deleted, and all is out of sight: with ``userns-remap`` everything, the swarm included, since the daemon uses another
folder inside of its data folder (daemon/daemon_unix.go, setupDaemonRoot); with another storage driver or image store images
and containers (daemon/daemon.go loads only those of its own driver); with another containerd or namespace likewise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Collection, Iterable

from .daemon_json import merge

if TYPE_CHECKING:
    from .._core.facts import NodeFacts
    from .daemon_json import Options

SNAPSHOTTER = "containerd-snapshotter"
# Drivers of containerd's image store have other names than those of the Engine's own.
SNAPSHOTTERS = ("overlayfs", "native", "fuse-overlayfs", "stargz", "erofs", "blockfile", "devmapper", "nix")
DEFAULT_USER = "dockremap"
# Option -> what stays visible with another value of it.
KEEPS: dict[str, tuple[str, ...]] = {
    "userns-remap": (),
    "storage-driver": ("swarm", "volumes"),
    SNAPSHOTTER: ("swarm", "volumes"),
    "containerd": ("swarm", "volumes"),
    "containerd-namespace": ("swarm", "volumes"),
}
STEPS = (
    "Leave the option as it is on hosts with data. To have it all the same, take such hosts out of the swarm one by one "
    "(playbooks/remove.yml -e swarm_remove=%s), copy away what is needed, empty the Engine's data folder, and let "
    "site.yml add them again"
)


def kinds(facts: NodeFacts) -> list[str]:
    """What data the Engine has: some of containers, images, swarm, volumes."""
    found = set(facts["data"]["docker"].get("has") or () if facts.get("data") else ())
    info = facts["engine"].get("info") or {}
    found.update(kind for kind in ("containers", "images") if info.get(kind))
    if facts["swarm"]["state"] != "inactive":
        found.add("swarm")
    return sorted(found)


def check(
    has: Collection[str],
    current: Options,
    wanted: Options,
    remove: Collection[str] = (),
    driver: str | None = None,
    name: str = "HOST",
) -> list[str]:
    """The problems of wanted options that would hide the Engine's data, as texts.

    :param has: what :func:`kinds` gives.
    :param current: the content of daemon.json.
    :param driver: the storage driver that the Engine runs with; None where that is not known.
    """
    merged = merge(current, wanted, remove)
    problems = []
    for option, before, after in _changes(current, merged, driver):
        hidden = [kind for kind in sorted(has) if kind not in KEEPS[option]]
        if hidden:
            problems.append(
                "daemon option %s would become %s instead of %s: the Engine would start without its %s. %s"
                % (_full(option), after, before, _list(hidden), STEPS % name)
            )
    return problems


def _changes(current: Options, merged: Options, driver: str | None) -> Iterable[tuple[str, str, str]]:
    """(option, before, after) of the options that change what the Engine sees."""
    before, after = _user(current.get("userns-remap")), _user(merged.get("userns-remap"))
    if before != after:
        yield "userns-remap", before or "off", after or "off"
    has_store, wants_store = _store(current, driver), _switch(merged)
    if wants_store is None and _switch(current) is not None:
        wants_store = False if driver is None else None
    if has_store is not None and wants_store is not None and has_store != wants_store:
        yield SNAPSHOTTER, _word(has_store), _word(wants_store)
    else:
        running, wanted = driver or current.get("storage-driver"), merged.get("storage-driver")
        if running and wanted and running != wanted:
            yield "storage-driver", str(running), str(wanted)
    for option, default in (("containerd", "/run/containerd/containerd.sock"), ("containerd-namespace", "moby")):
        old, new = (str(item.get(option) or default) for item in (current, merged))
        if old != new:
            yield option, old, new


def _user(value: Any) -> str:
    name = str(value or "")
    name = DEFAULT_USER if name == "default" else name
    user, _sep, group = name.partition(":")
    return user if group in ("", user) else name


def _switch(options: Options) -> bool | None:
    features = options.get("features")
    value = features.get(SNAPSHOTTER) if isinstance(features, dict) else None
    return value if isinstance(value, bool) else None


def _store(current: Options, driver: str | None) -> bool | None:
    """Whether the Engine uses containerd's image store; None where that is not known."""
    return _switch(current) if driver is None else driver in SNAPSHOTTERS


def _word(value: bool) -> str:
    return "true" if value else "false"


def _full(option: str) -> str:
    return "features: %s" % option if option == SNAPSHOTTER else option


def _list(words: list[str]) -> str:
    return " and ".join([", ".join(words[:-1])] * (len(words) > 1) + words[-1:])
