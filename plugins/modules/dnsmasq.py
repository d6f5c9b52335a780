#!/usr/bin/python
# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: dnsmasq
short_description: Serve DNS records and forward other names with dnsmasq
version_added: 0.1.0
description:
  - Writes one configuration file and one hosts file for dnsmasq, and makes the server run with them.
  - A and AAAA records are in the hosts file. A change of them alone is a reload, which loses no query; every other
    change is a restart.
  - C(dnsmasq --test) has to pass before a new configuration is put in place. Where the server does not start with it
    or does not answer as planned, the old files are put back and it is started with them again.
  - The next run completes an interrupted one.
  - dnsmasq itself must be installed. In check mode it need not be.
author:
  - The dockyard.swarm maintainers (@dockyard)
options:
  records:
    description:
      - The records to serve. Several of the same name and type are fine; the order of several addresses changes from
        answer to answer.
      - An address gets its PTR record by itself, for the first name that has it. A PTR record given here goes before.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description:
          - The name. One without dots is expanded in O(domain), and so is V(_sip._tcp). V(@) is the domain itself.
          - For a PTR record the address, or its name below C(in-addr.arpa) or C(ip6.arpa).
        type: str
        required: true
      type:
        description: One of V(A), V(AAAA), V(CNAME), V(PTR), V(SRV), V(TXT) and V(MX).
        type: str
        required: true
      value:
        description:
          - The address, the text, or the name of the target, which is expanded like O(records[].name).
          - The target of a CNAME must be among the records, since dnsmasq follows it only to names of its own.
        type: str
        required: true
      priority:
        description: Priority of an SRV or preference of an MX record, V(0) if left out. The lowest is tried first.
        type: int
      weight:
        description: Weight of an SRV record among those of the same priority, V(0) if left out.
        type: int
      port:
        description: Port of an SRV record, which needs one.
        type: int
      ttl:
        description: Seconds that a CNAME record may be cached. Other records may not be cached at all.
        type: int
  domain:
    description: The local domain. Names in it are answered from the records alone and never asked for upstream.
    type: str
    default: ""
  upstreams:
    description: Servers that are asked for all other names, each as C(ADDRESS) or C(ADDRESS#PORT).
    type: list
    elements: str
    default: []
  upstreams_file:
    description:
      - A file in the form of C(resolv.conf) whose name servers are asked where O(upstreams) is empty.
      - Without both, only own names are answered.
    type: path
  forwarders:
    description: Servers for the names of one domain, as a dictionary from domain to a list of servers.
    type: dict
    default: {}
  listen_addresses:
    description: Addresses to answer on, besides V(127.0.0.1).
    type: list
    elements: str
    default: []
  cache_size:
    description: How many names are kept in the cache.
    type: int
    default: 1000
  bind:
    description:
      - How addresses are bound. V(dynamic) also gets one that comes up later.
      - V(interfaces) where the distribution's own configuration already says so, since dnsmasq takes only one of both.
    type: str
    choices: [dynamic, interfaces]
    default: dynamic
  extra:
    description: Further lines for the configuration file, as dnsmasq understands them.
    type: list
    elements: str
    default: []
  conf_path:
    description: The configuration file.
    type: path
    default: /etc/dnsmasq.d/dockyard.conf
  hosts_path:
    description: The hosts file.
    type: path
    default: /etc/dockyard/dnsmasq.hosts
  service:
    description: The systemd unit of the server. It is enabled and started.
    type: str
    default: dnsmasq
  timeout:
    description: Seconds within which the server must answer after a start or a reload.
    type: int
    default: 15
extends_documentation_fragment:
  - dockyard.swarm.attributes
"""

EXAMPLES = r"""
- name: Serve a domain and forward everything else
  dockyard.swarm.dnsmasq:
    domain: swarm.internal
    listen_addresses: [192.0.2.11]
    upstreams: [198.51.100.1, 198.51.100.2#5353]
    forwarders:
      corp.example: [203.0.113.53]
    records:
      - {name: web, type: A, value: 192.0.2.21}
      - {name: web, type: A, value: 192.0.2.22}
      - {name: www, type: CNAME, value: web}
      - {name: _sip._tcp, type: SRV, value: web, port: 5060, priority: 10}
      - {name: "@", type: MX, value: web, priority: 10}
      - {name: "@", type: TXT, value: "v=spf1 -all"}
      - {name: 192.0.2.99, type: PTR, value: printer}
"""

RETURN = r"""
plan:
  description:
    - What was done, or in check mode what would be done, one item for each record or option that differs, and one for
      the unit (V(start), V(restart) or V(reload)) where needed.
  returned: success
  type: list
  elements: dict
  sample:
    - do: add
      to: "/etc/dockyard/dnsmasq.hosts: A web.swarm.internal"
      why: is missing
      before: null
      after: 192.0.2.21
    - {do: reload, to: dnsmasq.service, why: dnsmasq reads addresses again on SIGHUP, before: active, after: reload}
rolled_back:
  description: Whether the old files are back and the server runs as it did before.
  returned: when the server did not start with its new files or did not answer as planned
  type: bool
journal:
  description: The unit's last log lines.
  returned: when the server did not start with its new files or did not answer as planned
  type: str
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._core.plan import run
from ..module_utils._dns import dnsmasq
from ..module_utils._dns.server import Server


def main():
    strings = dict(type="list", elements="str", default=[])
    module = AnsibleModule(
        argument_spec=dict(
            records=dict(
                type="list",
                elements="dict",
                default=[],
                options=dict(
                    name=dict(type="str", required=True),
                    type=dict(type="str", required=True),
                    value=dict(type="str", required=True),
                    priority=dict(type="int"),
                    weight=dict(type="int"),
                    port=dict(type="int"),
                    ttl=dict(type="int"),
                ),
            ),
            domain=dict(type="str", default=""),
            upstreams=strings,
            upstreams_file=dict(type="path"),
            forwarders=dict(type="dict", default={}),
            listen_addresses=strings,
            cache_size=dict(type="int", default=1000),
            bind=dict(type="str", choices=["dynamic", "interfaces"], default="dynamic"),
            extra=strings,
            conf_path=dict(type="path", default=dnsmasq.CONF_PATH),
            hosts_path=dict(type="path", default=dnsmasq.HOSTS_PATH),
            service=dict(type="str", default="dnsmasq"),
            timeout=dict(type="int", default=15),
        ),
        supports_check_mode=True,
    )
    server = Server(module.params)
    run(module, "dnsmasq", server.read, server.plan, server.apply)


if __name__ == "__main__":
    main()
