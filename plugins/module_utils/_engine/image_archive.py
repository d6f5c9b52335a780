# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: loads an image from an archive, again if an earlier load was interrupted."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Collection, TypedDict

from .._core.engine_api import Engine, EngineError
from .._core.plan import ApplyError, PlanError, change
from .._core.unfinished import IMAGES

if TYPE_CHECKING:
    from .._core.plan import Plan

LOAD_TIMEOUT = 600


class State(TypedDict):
    there: bool  # whether the Engine has the image
    pending: set[str]  # names of images that may be incomplete


def load_steps(image: str, there: bool, pending: Collection[str]) -> Plan:
    """The changes that load an image.

    :param there: whether the Engine has it.
    :param pending: names of images that may be incomplete.
    """
    if there and image not in pending:
        return []
    if there:
        return [change("load", "image %s" % image, "its load was interrupted", before="incomplete", after=image)]
    return [change("load", "image %s" % image, "not on this host", after=image)]


class ImageArchive:
    """An image, and the archive on this host that has it.

    :param path: the archive; None where the controller only asks whether to send it.
    """

    def __init__(self, image: str, path: str | None) -> None:
        self.image = image
        self.path = path
        self.engine = Engine(timeout=LOAD_TIMEOUT)

    def read(self) -> State:
        try:
            there = self.engine.find("/images/%s/json" % self.image) is not None
        except EngineError as exc:
            raise PlanError("the Engine cannot be asked for images: %s" % exc.message) from exc
        return {"there": there, "pending": IMAGES.names()}

    def plan(self, state: State) -> Plan:
        return load_steps(self.image, state["there"], state["pending"])

    def apply(self, _plan: Plan, state: State) -> None:
        if not self.path:
            return
        IMAGES.begin([self.image])
        try:
            if state["there"]:
                # The Engine would keep the parts that it has.
                self.engine.delete("/images/%s?force=1" % self.image)
            with open(self.path, "rb") as archive:
                answer = self.engine.request(
                    "POST", "/images/load?quiet=1", stream=archive, length=os.fstat(archive.fileno()).st_size
                )
        except (OSError, EngineError) as exc:
            raise ApplyError("image %s was not loaded: %s" % (self.image, exc)) from exc
        if not self.read()["there"]:
            IMAGES.forget([self.image])
            raise ApplyError("the archive %s does not contain image %s: %s" % (self.path, self.image, answer))
        IMAGES.end([self.image])
