#!/usr/bin/python
# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: swarm_member
short_description: Wait until this node says that it is back in its swarm
version_added: 0.1.0
description:
  - Asks the Engine of this host until it is an active member of its swarm as the node that it was.
  - Managers list a node as ready for some seconds after its Engine stopped, and one that now runs with other data is in no
    swarm, or in another one. An Engine calls itself active only after a manager has accepted its node.
author:
  - The dockyard.swarm maintainers (@dockyard)
options:
  node:
    description: The node's ID.
    type: str
    required: true
  timeout:
    description: Seconds to wait.
    type: int
    default: 300
extends_documentation_fragment:
  - dockyard.swarm.attributes
  - dockyard.swarm.attributes.facts
"""

EXAMPLES = r"""
- name: Wait until the restarted node is back
  dockyard.swarm.swarm_member:
    node: 9jmb0s7w2u4c
"""

RETURN = r"""
state:
  description: The state of the node by itself.
  returned: always
  type: str
  sample: active
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._core.engine_api import Engine, EngineError
from ..module_utils._core.wait import wait_for
from ..module_utils._swarm.membership import missing


def main():
    module = AnsibleModule(
        argument_spec=dict(node=dict(type="str", required=True), timeout=dict(type="int", default=300)),
        supports_check_mode=True,
    )
    engine, node, seen = Engine(), module.params["node"], {}

    def back():
        try:
            seen.update(info=engine.get("/info"), error=None)
        except EngineError as exc:
            seen.update(info={}, error=exc.message)
        return not missing(seen["info"], node)

    if not wait_for(back, module.params["timeout"]):
        problem = seen["error"] or missing(seen["info"], node)
        module.fail_json(
            msg="this node did not come back as %s within %d s: %s. See `journalctl -u docker`. It stays drained until a later "
            "run finds it ready" % (node, module.params["timeout"], problem),
            away=True,
        )
    module.exit_json(changed=False, state=seen["info"]["Swarm"]["LocalNodeState"])


if __name__ == "__main__":
    main()
