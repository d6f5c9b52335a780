#!/usr/bin/python
# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: network_probe
short_description: Send packets between hosts, as a swarm would, and report which arrive
version_added: 0.1.0
description:
  - In three steps, each on all hosts before the next one begins, listens for packets, sends them, and reports what arrived. Needs
    neither Docker nor any other program on the hosts, and works as well where the ports are in use.
  - Distinguishes what came to a host from what its firewall let in. The sizes that arrive show the path MTU, and the time stamps
    in the packets by how much clocks differ. IPv4 only.
  - Changes nothing, so it does the same in check mode. A listener ends once it was asked.
  - Where the ports are in use, no connection is established, and the Engine ignores the datagrams, apart from three lines in its
    log for those to port 7946.
author:
  - The dockyard.swarm maintainers (@dockyard)
options:
  step:
    description: V(listen), V(send), or V(collect).
    type: str
    choices: [listen, send, collect]
    required: true
  nonce:
    description: A number from 65536 to 4294967295 that marks the packets of this run, the same on all hosts.
    type: int
    required: true
  index:
    description: The host's number among those that send, from 0 to 65535.
    type: int
    default: 0
  peers:
    description: With O(step=send), where to send.
    type: list
    elements: dict
    default: []
    suboptions:
      index:
        description: The peer's number.
        type: int
        required: true
      address:
        description: Its IPv4 address for the swarm's control traffic.
        type: str
        required: true
      data_path:
        description: Its IPv4 address for traffic of overlay networks.
        type: str
        required: true
      tcp:
        description: Ports to which connection requests are sent.
        type: list
        elements: int
        default: []
      udp:
        description: Ports to which datagrams are sent.
        type: list
        elements: int
        default: []
      data_path_port:
        description: The UDP port of overlay networks.
        type: int
        default: 4789
      esp:
        description: Whether packets of IP protocol 50 are sent, as encrypted networks need.
        type: bool
        default: false
      sizes:
        description: Whether packets of many sizes go to the port of overlay networks, some 110 kB, to see the MTU of the path.
        type: bool
        default: true
  timeout:
    description: Seconds after which a listener ends that was not asked.
    type: int
    default: 300
extends_documentation_fragment:
  - dockyard.swarm.attributes
"""

EXAMPLES = r"""
- name: Listen
  dockyard.swarm.network_probe:
    step: listen
    nonce: 482910347

- name: Send from each host to all others
  dockyard.swarm.network_probe:
    step: send
    nonce: 482910347
    index: "{{ ansible_play_hosts.index(inventory_hostname) }}"
    peers:
      - index: 1
        address: 192.0.2.12
        data_path: 192.0.2.12
        tcp: [2377, 7946]
        udp: [7946]

- name: See what came
  dockyard.swarm.network_probe:
    step: collect
    nonce: 482910347
  register: heard
"""

RETURN = r"""
errors:
  description:
    - By number of the peer and by path (C(tcp 2377), C(udp 4789), C(esp), or C(route) for all of them), why nothing could be
      sent.
  returned: with O(step=send)
  type: dict
  sample: {"1": {"udp 4789": "its own firewall"}}
mtus:
  description: By number of the peer, the MTU of the interface that leads to it.
  returned: with O(step=send)
  type: dict
  sample: {"1": 1500}
heard:
  description:
    - By number of the sender, the C(paths) with how far packets came (V(arrived), or V(filtered) by this host's firewall), in
      C(sizes) the largest IP packet in bytes that came so far, and in C(delay) the seconds that the clock here is ahead of the
      sender's, with the time that packets travel. Null where no listener was there.
  returned: with O(step=collect)
  type: dict
  sample: {"0": {"paths": {"udp 4789": "arrived"}, "sizes": {"arrived": 1500, "filtered": 1500}, "delay": 0.0004}}
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._probe import listener, sender


def main():
    peer = dict(
        index=dict(type="int", required=True),
        address=dict(type="str", required=True),
        data_path=dict(type="str", required=True),
        tcp=dict(type="list", elements="int", default=[]),
        udp=dict(type="list", elements="int", default=[]),
        data_path_port=dict(type="int", default=4789),
        esp=dict(type="bool", default=False),
        sizes=dict(type="bool", default=True),
    )
    module = AnsibleModule(
        argument_spec=dict(
            step=dict(type="str", choices=["listen", "send", "collect"], required=True),
            nonce=dict(type="int", required=True),
            index=dict(type="int", default=0),
            peers=dict(type="list", elements="dict", default=[], options=peer),
            timeout=dict(type="int", default=300),
        ),
        supports_check_mode=True,
    )
    nonce, step = module.params["nonce"], module.params["step"]
    if not 1 << 16 <= nonce < 1 << 32:
        module.fail_json(msg="option nonce: %d is not between 65536 and 4294967295" % nonce)
    if not 0 <= module.params["index"] < 1 << 16:
        module.fail_json(msg="option index: %d is not between 0 and 65535" % module.params["index"])
    try:
        if step == "listen":
            listener.start(nonce, module.params["timeout"])
            module.exit_json(changed=False)
        if step == "send":
            sent = sender.send(nonce, module.params["index"], module.params["peers"])
            module.exit_json(changed=False, **sent)
        module.exit_json(changed=False, heard=listener.ask(nonce))
    except OSError as exc:
        module.fail_json(msg="%s failed: %s. The module needs root" % (step, exc))


if __name__ == "__main__":
    main()
