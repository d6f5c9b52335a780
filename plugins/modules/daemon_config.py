#!/usr/bin/python
# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: daemon_config
short_description: Set options of the Docker daemon, with a rollback if it does not start
version_added: 0.1.0
description:
  - Merges options into C(daemon.json), keeps all others, and makes the daemon apply them, with a reload if that is enough
    for the changed options, and otherwise with a restart.
  - First checks the options, also in check mode, against the options that the Engine knows or has removed, against the flags
    of its unit, and with C(dockerd --validate) where the Engine has it (from 23.0).
  - dockerd does not start with an option that is also a flag of its unit. For V(hosts), which the packaged unit sets, the
    drop-in of O(environment) starts dockerd without that flag; for other options the module fails and changes nothing.
  - If the daemon does not start with the new file, the module restores the old one, starts the daemon with it, and fails with
    the reason from the daemon's log.
  - The next run completes a change that was interrupted, for example by a power loss.
author:
  - The dockyard.swarm maintainers (@dockyard)
options:
  options:
    description:
      - Options by their names in C(daemon.json). Each is set to exactly this value.
    type: dict
    default: {}
  remove:
    description: Names of options to remove from the file.
    type: list
    elements: str
    default: []
  environment:
    description:
      - Environment variables of the daemon, such as V(HTTPS_PROXY), written to a drop-in of its unit. Every user of the host
        can read them from systemd.
      - An empty dictionary removes the drop-in; without the option it stays as it is.
    type: dict
  validate:
    description:
      - Whether C(dockerd --validate) checks the file before it is written. Set it to V(false) if another version of dockerd will
        read the file.
    type: bool
    default: true
  swarm:
    description: Whether the daemon is, or will be, in swarm mode, which rejects some options.
    type: bool
    default: false
  started:
    description:
      - Whether the daemon has to run and to start at boot, and systemd has to read changed files of its unit.
      - If the daemon does not start, the module fails with the reason from its log.
    type: bool
    default: false
  flushed:
    description: Whether the Engine's rules are missing in the kernel, for example after a flush. Only a restart restores them.
    type: bool
    default: false
  allow_plain_tcp:
    description: Whether a TCP socket without verified TLS is allowed. It gives root to anyone who connects.
    type: bool
    default: false
  path:
    description: The file.
    type: path
    default: /etc/docker/daemon.json
  timeout:
    description: Seconds within which the daemon has to answer after a restart.
    type: int
    default: 90
notes:
  - If the Engine is not installed yet, the file is written and nothing is restarted.
  - A file that the Engine does not accept is left as it is, since its options are not known, and named with line and column.
    What the Engine accepts is accepted, such as a byte order mark from Engine 23.0 on.
  - Flags that the unit gets from a variable, such as C(DOCKER_OPTS) in C(/etc/default/docker), are checked like those of the
    unit.
  - A C(data-root) that would leave the Engine's data behind is rejected. Move the data with M(dockyard.swarm.engine_data) first.
extends_documentation_fragment:
  - dockyard.swarm.attributes
seealso:
  - name: dockerd
    description: The options of daemon.json.
    link: https://docs.docker.com/reference/cli/dockerd/
"""

EXAMPLES = r"""
- name: Send container logs to the journal
  dockyard.swarm.daemon_config:
    options:
      log-driver: journald
      max-concurrent-downloads: 10
    remove: [log-opts]

- name: Send the daemon's requests through a proxy
  dockyard.swarm.daemon_config:
    environment:
      HTTPS_PROXY: http://proxy.example.com:3128
      NO_PROXY: localhost,127.0.0.1,.example.com
"""

RETURN = r"""
plan:
  description: The changes made, or in check mode those that would be made, each with its reason.
  returned: success
  type: list
  elements: dict
  sample:
    - {do: set, to: "daemon.json: log-driver", before: json-file, after: journald, why: differs}
    - {do: restart, to: docker.service, before: null, after: null, why: only a restart applies log-driver}
options:
  description: The content of the file.
  returned: success
  type: dict
journal:
  description: The last lines of the daemon's log.
  returned: when the daemon did not start
  type: str
rolled_back:
  description: Whether the daemon runs again with the old file.
  returned: when the daemon did not apply the new file
  type: bool
"""

import os

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._core.plan import run
from ..module_utils._engine.daemon_control import Daemon


def main():
    module = AnsibleModule(
        argument_spec=dict(
            options=dict(type="dict", default={}),
            remove=dict(type="list", elements="str", default=[]),
            environment=dict(type="dict", no_log=True),
            validate=dict(type="bool", default=True),
            swarm=dict(type="bool", default=False),
            started=dict(type="bool", default=False),
            flushed=dict(type="bool", default=False),
            allow_plain_tcp=dict(type="bool", default=False),
            path=dict(type="path", default="/etc/docker/daemon.json"),
            timeout=dict(type="int", default=90),
        ),
        supports_check_mode=True,
    )
    daemon = Daemon(module.params)
    run(
        module,
        os.path.basename(daemon.path),
        daemon.read,
        daemon.plan,
        daemon.apply,
        lambda state: {"options": state["options"]},
    )


if __name__ == "__main__":
    main()
