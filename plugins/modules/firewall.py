#!/usr/bin/python
# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: firewall
short_description: Open ports in a running ufw or firewalld
version_added: 0.1.0
description:
  - Adds rules that allow traffic to ufw or firewalld, whichever runs, and removes those that it added once they are no longer
    wanted. Does nothing where neither runs. Never starts, stops or reloads a firewall, and never denies anything.
  - In ufw its rules carry the comment C(dockyard) and come first in the list.
  - In firewalld they are rich rules of the default zone with the priority -32377, by which it recognises them. They are
    added to the runtime and to the permanent configuration, since a reload would remove rules that Docker made.
  - Goes by the firewall's files. Runtime rules of firewalld (without C(--permanent)) are not seen.
author:
  - The dockyard.swarm maintainers (@dockyard)
options:
  rules:
    description:
      - What has to be let in, each as C(PROTOCOL [PORT[-PORT]] from SOURCE), for example V(tcp 2377 from 192.0.2.12),
        V(esp from 192.0.2.12), V(udp 4000-4009 from 192.0.2.0/24) or V(tcp 443 from any).
      - A rule that any other one covers is not added.
    type: list
    elements: str
    required: true
  keep:
    description: Rules that are not added, and not removed where the module once added them.
    type: list
    elements: str
    default: []
extends_documentation_fragment:
  - dockyard.swarm.attributes
"""

EXAMPLES = r"""
- name: Open the port of managers to the other managers
  dockyard.swarm.firewall:
    rules:
      - tcp 2377 from 192.0.2.12
      - tcp 2377 from 192.0.2.13
"""

RETURN = r"""
plan:
  description: The changes made, or in check mode those that would be made, each with its reason.
  returned: success
  type: list
  elements: dict
firewall:
  description: The firewall, as M(dockyard.swarm.node_facts) returns it.
  returned: success
  type: dict
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._core.plan import run
from ..module_utils._host.firewall_apply import Firewall


def main():
    module = AnsibleModule(
        argument_spec=dict(
            rules=dict(type="list", elements="str", required=True),
            keep=dict(type="list", elements="str", default=[]),
        ),
        supports_check_mode=True,
    )
    firewall = Firewall(module.params)
    run(module, "firewall", firewall.read, firewall.plan, firewall.apply, lambda state: {"firewall": state})


if __name__ == "__main__":
    main()
