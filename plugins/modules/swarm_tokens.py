#!/usr/bin/python
# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: swarm_tokens
short_description: Get the swarm's join tokens from a manager
version_added: 0.1.0
description:
  - Returns the tokens that let nodes join. They are secrets; run the task with C(no_log).
  - Changes nothing.
author:
  - The dockyard.swarm maintainers (@dockyard)
extends_documentation_fragment:
  - dockyard.swarm.attributes
  - dockyard.swarm.attributes.facts
"""

EXAMPLES = r"""
- name: Ask for the tokens
  dockyard.swarm.swarm_tokens:
  register: tokens
  no_log: true
"""

RETURN = r"""
worker:
  description: The token to join as worker.
  returned: success
  type: str
manager:
  description: The token to join as manager.
  returned: success
  type: str
cluster_id:
  description: The ID of the swarm.
  returned: success
  type: str
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._core.engine_api import Engine, EngineError


def main():
    module = AnsibleModule(argument_spec={}, supports_check_mode=True)
    try:
        swarm = Engine().get("/swarm")
    except EngineError as exc:
        module.fail_json(msg="this host cannot answer for the swarm: %s" % exc.message)
    tokens = swarm["JoinTokens"]
    module.exit_json(changed=False, worker=tokens["Worker"], manager=tokens["Manager"], cluster_id=swarm["ID"])


if __name__ == "__main__":
    main()
