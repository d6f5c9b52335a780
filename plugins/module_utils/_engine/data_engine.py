# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: the Engine around a move of its data: stopped, started, and verified to be the same."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING, Any, Iterable

from .._core import file_tree, plan
from .._core.engine_api import EngineError
from .._core.systemd import RUNNING, act, read_units, systemctl
from .._core.wait import wait_for
from .._host import published_ports
from . import data_plan
from . import data_steps as steps
from .data_facts import inner_mounts, shims
from .data_plan import CONTAINERD, DOCKER

if TYPE_CHECKING:
    from .._core.engine_api import Engine
    from .data_plan import Move

SERVICE = "docker.service"
SOCKET = "docker.socket"
CONTAINERD_SERVICE = "containerd.service"
# In the order in which they are started.
UNITS = (CONTAINERD_SERVICE, SOCKET, SERVICE)
# Seconds that containers may take to end after their daemon did.
PATIENCE = 30
# Seconds that open connections to published ports get to end.
GRACE = 10


class Running:
    """The Engine's services on this host."""

    def __init__(self, engine: Engine, timeout: int) -> None:
        self.engine = engine
        self.timeout = timeout

    def look(self) -> dict[str, Any]:
        """Identity and images of the running Engine."""
        try:
            swarm = self.engine.get("/info").get("Swarm") or {}
            images = self.engine.get("/images/json")
        except EngineError as exc:
            raise plan.ApplyError("the data was not moved, and nothing was stopped: %s" % exc, rolled_back=True)
        return {
            "node_id": swarm.get("NodeID") or None,
            "state": swarm.get("LocalNodeState"),
            "images": sorted(image["Id"] for image in images),
        }

    def stop(self, move: Move, places: Iterable[str]) -> None:
        """Stop the Engine, keep it stopped, and make sure that nothing writes to its data."""
        there = read_units(UNITS)
        both = any(item["tree"] == CONTAINERD for item in move["trees"])
        units = [name for name in (SOCKET, SERVICE, CONTAINERD_SERVICE) if name in there]
        units = units if both else [name for name in units if name != CONTAINERD_SERVICE]
        if units:
            with published_ports.closed(GRACE, self.timeout):
                act("stop", *units)
            # Until the next boot at the latest.
            act("mask", "--runtime", *units, fail=False)
        if any(unit["active"] in RUNNING for name, unit in read_units(UNITS).items() if name in units):
            raise plan.ApplyError("something started the Engine again while it was stopped")
        if not wait_for(lambda: not any("moby" in name for name in shims()), PATIENCE):
            raise plan.ApplyError("containers still run although the Engine is stopped: stop them")
        table = file_tree.mounts()
        for root in places:
            for point, own in inner_mounts(root, table):
                _unmount(point, own)
            found = steps.writers(root)
            if found:
                raise plan.ApplyError(
                    "although the Engine is stopped, %s writes to its data: end it" % ", ".join(found)
                )

    def start(self, move: Move) -> str | None:
        """Start what ran before; returns the problem, or None."""
        there = read_units(UNITS)
        masked = [name for name in UNITS if name in there and name not in move["masked"]]
        if masked:
            act("unmask", "--runtime", *masked)
        for name in (name for name in UNITS if name in move["ran"]):
            systemctl("reset-failed", name)
            try:
                code, said = systemctl("start", name, timeout=self.timeout + 60)
            except subprocess.TimeoutExpired:
                return "the start of %s took longer than %d s" % (name, self.timeout + 60)
            if code:
                return said.strip()
        if SERVICE in move["ran"] and not wait_for(self.engine.answers, self.timeout):
            return "no answer within %d s of the start" % self.timeout
        return None

    def wait_for_the_same(self, move: Move) -> str | None:
        """Wait until the Engine has all that it had; returns what is missing, or None."""
        lacks: list[str | None] = [None]

        def same() -> bool:
            lacks[0] = self._lacks(move)
            return lacks[0] is None

        wait_for(same, self.timeout)
        return lacks[0]

    def _lacks(self, move: Move) -> str | None:
        try:
            info = self.engine.get("/info")
            have = {
                "images": {image["Id"] for image in self.engine.get("/images/json")},
                "containers": {item["Id"] for item in self.engine.get("/containers/json?all=true")},
                "volumes": {item["Name"] for item in self.engine.get("/volumes").get("Volumes") or []},
            }
        except EngineError as exc:
            return str(exc)
        root = os.path.realpath(info.get("DockerRootDir") or "/")
        for item in move["trees"]:
            if item["tree"] == DOCKER and not file_tree.is_below(root, item["target"]):
                return "its data-root is %s" % root
        return data_plan.lacks(move["before"], have, info.get("Swarm") or {})


def _unmount(point: str, own: bool) -> None:
    if not own:
        raise plan.ApplyError("something is mounted at %s, inside the data: unmount it" % point)
    done = subprocess.run(["umount", point], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        said = done.stdout.decode("utf-8", "replace").strip()
        raise plan.ApplyError("%s, which the Engine left mounted, cannot be unmounted: %s" % (point, said))
