# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: former_authority
short_description: The certificate authority that a take-over replaces
version_added: 0.1.0
description:
  - Picks it from what hosts trust, which role swarm_cluster reads into C(__swarm_cluster_trusted), and from what an interrupted
    run kept of it. Only the authority that the swarm has the fingerprint of counts, or, without one, what the acting manager
    trusts.
author:
  - The dockyard.swarm maintainers (@dockyard)
positional: hosts, plan, secrets_dir
options:
  _input:
    description: The variable C(hostvars).
    type: dict
    required: true
  hosts:
    description: Inventory names of the hosts.
    type: list
    elements: str
    required: true
  plan:
    description: The variable C(swarm_cluster_plan).
    type: dict
    required: true
  secrets_dir:
    description: The folder for secrets on the controller.
    type: path
    required: true
"""

EXAMPLES = r"""
- name: Show it
  ansible.builtin.debug:
    msg: "{{ hostvars | dockyard.swarm.former_authority(ansible_play_hosts, swarm_cluster_plan, '/srv/secrets') }}"
"""

RETURN = r"""
_value:
  description: Its certificate, PEM; empty where there is none.
  type: str
"""

import base64
import os

from jinja2 import pass_environment

from ..plugin_utils import _controller, _secret_files


@pass_environment
def former_authority(environment, hostvars, hosts, plan, secrets_dir):
    kept = _secret_files.read(
        os.path.join(_secret_files.folder(secrets_dir), "pki", _controller.FORMER),
        _secret_files.by_environment(environment),
    )
    texts = {
        host: [
            base64.b64decode(item["content"]).decode("utf-8", "replace")
            for item in hostvars[host].get("__swarm_cluster_trusted", {}).get("results", [])
            if "content" in item
        ]
        for host in hosts
    }
    former = plan["controller"]["former"]
    shown = [text for found in texts.values() for text in found]
    if not former:
        former = _controller.fingerprint_of(*texts.get(plan["manager"], []), *shown)
    kept_text = (kept or b"").decode("utf-8", "replace")
    return _controller.former_authorities([*shown, kept_text], former)


class FilterModule:
    def filters(self):
        return {"former_authority": former_authority}
