#!/usr/bin/python
# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: dns_answers
short_description: Find out which DNS servers answer with the records that they are to serve
version_added: 0.1.0
description:
  - Asks each server for some of the records. A server counts when all of its answers have the addresses wanted; an open port does
    not.
  - Waits for servers that do not answer yet. Fails if none of them does. Changes nothing.
author:
  - The dockyard.swarm maintainers (@dockyard)
options:
  servers:
    description: Addresses of the servers.
    type: list
    elements: str
    required: true
  records:
    description: The records, as in M(dockyard.swarm.dnsmasq).
    type: list
    elements: dict
    default: []
  domain:
    description: The domain of names without one.
    type: str
    default: ""
  timeout:
    description: Seconds to wait for an answer. Where one server answers, the others have 5.
    type: int
    default: 30
extends_documentation_fragment:
  - dockyard.swarm.attributes
  - dockyard.swarm.attributes.facts
"""

EXAMPLES = r"""
- name: Ask the servers
  dockyard.swarm.dns_answers:
    servers: [192.0.2.11, 192.0.2.12]
    domain: swarm.internal
    records:
      - {name: registry, type: A, value: 192.0.2.11}
  register: dns
"""

RETURN = r"""
answering:
  description: The servers that answer with these records, in the order given.
  returned: success
  type: list
  elements: str
  sample: [192.0.2.11]
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._dns.client import ask
from ..module_utils._dns.dnsmasq import settings_of


def main():
    module = AnsibleModule(
        argument_spec=dict(
            servers=dict(type="list", elements="str", required=True),
            records=dict(type="list", elements="dict", default=[]),
            domain=dict(type="str", default=""),
            timeout=dict(type="int", default=30),
        ),
        supports_check_mode=True,
    )
    servers = module.params["servers"]
    if not servers:
        module.fail_json(
            msg="no DNS server is left, all of them failed earlier in this run; the resolver of this host is left alone"
        )
    silent = ask(servers, settings_of(module.params), module.params["timeout"])
    texts = ["DNS server %s did not answer as planned when asked for %s" % item for item in silent.items()]
    if len(silent) == len(servers):
        module.fail_json(msg="%s; the resolver of this host is left alone" % "; ".join(texts))
    for text in texts:
        module.warn("%s; this host is not sent to it" % text)
    module.exit_json(changed=False, answering=[server for server in servers if server not in silent])


if __name__ == "__main__":
    main()
