#!/usr/bin/python
# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: sysctl
short_description: Set kernel parameters, and no others
version_added: 0.1.0
description:
  - Sets the running values of kernel parameters. A restart of systemd-sysctl would also put in force what other files of the
    host say and is not in force.
  - Writes no file, so that the next boot sets what the host's files say; see M(dockyard.swarm.config_files).
author:
  - The dockyard.swarm maintainers (@dockyard)
options:
  values:
    description:
      - Values by name. After a first dot in a name, a slash stands for a dot of an interface, as in
        V(net.ipv4.conf.eth0/100.rp_filter).
    type: dict
    required: true
extends_documentation_fragment:
  - dockyard.swarm.attributes
"""

EXAMPLES = r"""
- name: Let packets through
  dockyard.swarm.sysctl:
    values: {net.ipv4.ip_forward: 1}
"""

RETURN = r"""
plan:
  description: The changes made, or in check mode those that would be made, each with its reason.
  returned: success
  type: list
  elements: dict
  sample: [{do: set, to: sysctl net.ipv4.ip_forward, why: differs, before: "0", after: "1"}]
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._core.plan import run
from ..module_utils._host.sysctl_apply import Sysctls


def main():
    module = AnsibleModule(argument_spec=dict(values=dict(type="dict", required=True)), supports_check_mode=True)
    sysctls = Sysctls(module.params)
    run(module, "kernel parameters", sysctls.read, sysctls.plan, sysctls.apply)


if __name__ == "__main__":
    main()
