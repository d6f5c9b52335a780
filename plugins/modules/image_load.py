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
  - Sends an archive, as written by C(docker save), to a host whose Engine lacks the image, and loads it there. For sites that
    cannot reach a registry.
  - An image of that name stays as it is, unless a power loss may have left it incomplete. Then it is loaded again.
author:
  - The dockyard.swarm maintainers (@dockyard)
options:
  src:
    description: The archive on the controller.
    type: path
  image:
    description: The image in the archive, with its tag.
    type: str
    required: true
extends_documentation_fragment:
  - dockyard.swarm.attributes
"""

EXAMPLES = r"""
- name: Load the registry's image
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

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._core.plan import run
from ..module_utils._engine.image_archive import ImageArchive


def main():
    module = AnsibleModule(
        argument_spec=dict(src=dict(type="path"), image=dict(type="str", required=True)),
        supports_check_mode=True,
    )
    archive = ImageArchive(module.params["image"], module.params["src"])
    run(module, "images", archive.read, archive.plan, archive.apply)


if __name__ == "__main__":
    main()
