#!/usr/bin/python
# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: image_load
short_description: Load an image from an archive on the controller
version_added: 0.1.0
description:
  - Sends an archive, as C(docker save) writes it, to a host whose Engine lacks the image, and loads it there. For sites
    without a way to a registry.
  - An image of that name that is there already is left alone, unless a power cut may have left it with empty files. Then it is
    loaded again.
author:
  - The dockyard.swarm maintainers (@dockyard)
options:
  src:
    description: The archive on the controller.
    type: path
  image:
    description: The image that the archive holds, with its tag.
    type: str
    required: true
extends_documentation_fragment:
  - dockyard.swarm.attributes
"""

EXAMPLES = r"""
- name: Have the registry's image
  dockyard.swarm.image_load:
    image: registry:2.8
    src: files/registry-2.8.tar
"""

RETURN = r"""
plan:
  description: The change made, or in check mode the one that would be made, with its reason.
  returned: success
  type: list
  elements: dict
"""

import os

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._core.engine_api import Engine, EngineError
from ..module_utils._core.plan import ApplyError, PlanError, change, run
from ..module_utils._core.unfinished import IMAGES

LOAD_TIMEOUT = 600


def load_steps(image, there, pending):
    """The changes that bring an image.

    :param there: whether the Engine has it.
    :param pending: names of images that are not certain to be whole.
    """
    if there and image not in pending:
        return []
    if there:
        return [change("load", "image %s" % image, "its load was cut short", before="in parts", after=image)]
    return [change("load", "image %s" % image, "not on this host", after=image)]


def main():
    module = AnsibleModule(
        argument_spec=dict(src=dict(type="path"), image=dict(type="str", required=True)),
        supports_check_mode=True,
    )
    image, src = module.params["image"], module.params["src"]
    engine = Engine(timeout=LOAD_TIMEOUT)

    def read():
        try:
            there = engine.find("/images/%s/json" % image) is not None
        except EngineError as exc:
            raise PlanError("the Engine cannot be asked for images: %s" % exc.message) from exc
        return {"there": there, "pending": IMAGES.names()}

    def plan(state):
        return load_steps(image, state["there"], state["pending"])

    def apply(_plan_made, state):
        if not src:
            return  # asked by the controller whether to send the archive
        IMAGES.begin([image])
        try:
            if state["there"]:
                # The Engine would take over the parts that it has.
                engine.delete("/images/%s?force=1" % image)
            with open(src, "rb") as archive:
                answer = engine.request(
                    "POST", "/images/load?quiet=1", stream=archive, length=os.fstat(archive.fileno()).st_size
                )
        except (OSError, EngineError) as exc:
            raise ApplyError("image %s was not loaded: %s" % (image, exc)) from exc
        if not read()["there"]:
            IMAGES.forget([image])
            raise ApplyError("the archive %s does not hold image %s: %s" % (src, image, answer))
        IMAGES.end([image])

    run(module, "images", read, plan, apply)


if __name__ == "__main__":
    main()
