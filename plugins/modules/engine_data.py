#!/usr/bin/python
# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: engine_data
short_description: Move the Engine's data to another place without losing any of it
version_added: 0.1.0
description:
  - Moves Docker's C(data-root), and the C(root) of containerd, where an Engine that was first installed as 29 or later keeps
    images, to another place.
  - First checks that the new place is suitable, empty and large enough. Then stops the Engine, copies the data, compares the
    copy with its source, switches over, starts the Engine, and verifies that it is the same node of its swarm, with the same
    images, volumes and containers. If not, moves the Engine back to the old place.
  - The copy keeps hard links, holes, extended attributes, access control lists, owners, modes, times and devices, as
    C(cp -a) does. Swarm state, certificates and metadata are compared byte by byte, layers and volumes by size and time.
  - The next run completes a move that was interrupted, for example by a power loss.
author:
  - The dockyard.swarm maintainers (@dockyard)
options:
  data_root:
    description:
      - Where Docker's data is to be. Without the option it stays where it is.
      - The folder must be empty or must not exist, on ext4, xfs, btrfs or zfs.
    type: path
  containerd_root:
    description: Where containerd's data is to be, in the same way.
    type: path
  link:
    description:
      - Whether the Engine keeps its default paths, C(/var/lib/docker) and C(/var/lib/containerd), as symbolic links to the new
        places, instead of settings in C(daemon.json) and in containerd's C(config.toml).
      - An existing link is not undone.
    type: bool
    default: false
  keep_old:
    description:
      - Whether the data is kept at the old place, renamed with the suffix C(.dockyard-old), so that no Engine starts on it.
      - With V(false) old copies are removed once the Engine runs at the new place, those of earlier moves as well.
    type: bool
    default: true
  network_fs:
    description: Whether the new place may be on a network file system.
    type: bool
    default: false
  timeout:
    description: Seconds within which the Engine has to start, and its node has to be back in the swarm.
    type: int
    default: 120
notes:
  - A daemon that did not run before is not started. M(dockyard.swarm.daemon_config) does that.
  - File attributes set by C(chattr), and quotas, are not kept, as with C(cp -a).
  - Waits for another process of this module on the host, which may still run after its controller has gone.
extends_documentation_fragment:
  - dockyard.swarm.attributes
seealso:
  - module: dockyard.swarm.daemon_config
"""

EXAMPLES = r"""
- name: Move the Engine's data to a disk of its own
  dockyard.swarm.engine_data:
    data_root: /srv/docker
    containerd_root: /srv/containerd

- name: Remove the old copies
  dockyard.swarm.engine_data:
    data_root: /srv/docker
    containerd_root: /srv/containerd
    keep_old: false
"""

RETURN = r"""
plan:
  description: The changes made, or in check mode those that would be made, each with its reason.
  returned: success
  type: list
  elements: dict
  sample:
    - do: move
      to: /var/lib/docker
      before: /var/lib/docker
      after: /srv/docker
      why: "data-root is to be /srv/docker: 2048 MiB are copied while the Engine is stopped"
places:
  description: Where the data of C(docker) and of C(containerd) is, symbolic links followed.
  returned: success
  type: dict
  sample: {docker: /srv/docker, containerd: /var/lib/containerd}
kept:
  description: Old copies that still exist.
  returned: success
  type: list
  elements: str
  sample: [/var/lib/docker.dockyard-old]
journal:
  description: The last lines of the daemon's log.
  returned: when the Engine did not run at the new place
  type: str
rolled_back:
  description: Whether the Engine runs again at the old place.
  returned: when the data was not moved
  type: bool
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._core.atomic_files import hold
from ..module_utils._core.plan import run
from ..module_utils._engine.data_move import LOCK, DataMove
from ..module_utils._facts.engine import read_engine


def main():
    module = AnsibleModule(
        argument_spec=dict(
            data_root=dict(type="path"),
            containerd_root=dict(type="path"),
            link=dict(type="bool", default=False),
            keep_old=dict(type="bool", default=True),
            network_fs=dict(type="bool", default=False),
            timeout=dict(type="int", default=120),
        ),
        supports_check_mode=True,
    )
    if not module.check_mode:
        hold(LOCK)
    data = DataMove(module.params, read_engine)
    run(module, "the Engine's data", data.read, data.plan, data.apply, data.result)


if __name__ == "__main__":
    main()
