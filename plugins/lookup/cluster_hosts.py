# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: cluster_hosts
short_description: The group that a play of this collection works on, checked
version_added: 0.1.0
description:
  - Ansible skips a play whose group is not in the inventory, and ends without an error. With this lookup as the C(hosts) of the
    play, that is an error, which names the group that is wanted and the groups that were found.
author:
  - The dockyard.swarm maintainers (@dockyard)
options:
  _terms:
    description: Name of the group.
    type: list
    elements: str
    default: [swarm]
"""

EXAMPLES = r"""
- name: A play that must not be skipped in silence
  hosts: "{{ query('dockyard.swarm.cluster_hosts') }}"
  gather_facts: false
  roles:
    - dockyard.swarm.swarm_cluster
"""

RETURN = r"""
_raw:
  description: The name of the group, as a pattern of hosts.
  type: list
  elements: str
"""

from ansible import context
from ansible.errors import AnsibleError
from ansible.plugins.lookup import LookupBase

from ..module_utils._preflight.groups import missing_group


class LookupModule(LookupBase):
    def run(self, terms, variables=None):
        wanted = list(terms) or ["swarm"]
        if any(context.CLIARGS.get(option) for option in ("syntax", "listtags", "listtasks")):
            return wanted  # no inventory is needed for these
        groups = (variables or {}).get("groups") or {}
        problems = [text for text in (missing_group(name, groups) for name in wanted) if text]
        if problems:
            raise AnsibleError("; ".join(problems))
        return wanted
