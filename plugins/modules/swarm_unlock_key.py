#!/usr/bin/python
# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: swarm_unlock_key
short_description: Get the swarm's unlock key from a manager
version_added: 0.1.0
description:
  - Returns the key that managers of a swarm with autolock need after a start. It is a secret; run the task with C(no_log).
  - Changes nothing.
author:
  - The dockyard.swarm maintainers (@dockyard)
extends_documentation_fragment:
  - dockyard.swarm.attributes
  - dockyard.swarm.attributes.facts
"""

EXAMPLES = r"""
- name: Ask for the key
  dockyard.swarm.swarm_unlock_key:
  register: unlock
  no_log: true
"""

RETURN = r"""
key:
  description: The key, or null where autolock is off.
  returned: success
  type: str
cluster_id:
  description: The ID of the swarm that it belongs to.
  returned: success
  type: str
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._core.engine_api import Engine, EngineError
from ..module_utils._swarm.manager_key import unlock_key


def main():
    module = AnsibleModule(argument_spec={}, supports_check_mode=True)
    try:
        engine = Engine()
        cluster = engine.get("/swarm")
        key = unlock_key(engine, cluster)
    except EngineError as exc:
        module.fail_json(msg="this host cannot answer for the swarm: %s" % exc.message)
    module.exit_json(changed=False, key=key, cluster_id=cluster["ID"])


if __name__ == "__main__":
    main()
