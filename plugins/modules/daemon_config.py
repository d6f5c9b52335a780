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
  - Merges options into C(daemon.json), keeps those that it was not told about, and makes the daemon apply them, by a
    reload where the changed options allow it and by a restart where they do not.
  - Options are checked first, in check mode too, against the list of what the Engine knows and removed, against the flags of
    its unit, and by C(dockerd --validate) where the Engine has it (from 23.0).
  - An option that is also a flag of the unit stops dockerd. For V(hosts), which the packaged unit sets, the drop-in of
    O(environment) starts dockerd without that flag; for others the module says so and does nothing.
  - A daemon that does not come up with the new file gets its old file back and is started with it; the module then
    fails with the daemon's own words.
  - A change that was cut short, by a power loss for example, is found and completed by the next run.
author:
  - The dockyard.swarm maintainers (@dockyard)
options:
  options:
    description:
      - Options by the names of C(daemon.json). Each gets exactly the value given here.
    type: dict
    default: {}
  remove:
    description: Names of options that must not be in the file.
    type: list
    elements: str
    default: []
  environment:
    description:
      - Environment variables of the daemon, such as V(HTTPS_PROXY), as a drop-in of its unit. Every user of the host
        can ask systemd for them.
      - An empty dictionary removes the drop-in; without the option it is left alone.
    type: dict
  validate:
    description:
      - Whether dockerd is asked, by C(dockerd --validate), before anything is written. V(false) where another version of it is to
        read the file.
    type: bool
    default: true
  swarm:
    description: Whether the daemon is, or is to be, in swarm mode, which refuses some options.
    type: bool
    default: false
  started:
    description:
      - Whether the daemon has to run and to start at boot, and systemd to know its unit's files as they are.
      - A daemon that does not start fails the module with its own words.
    type: bool
    default: false
  flushed:
    description: Whether something took the Engine's rules out of the kernel, which only a restart brings back.
    type: bool
    default: false
  allow_plain_tcp:
    description: Whether a TCP socket without verified TLS is let pass. It gives root to whoever connects.
    type: bool
    default: false
  path:
    description: The file.
    type: path
    default: /etc/docker/daemon.json
  timeout:
    description: Seconds that the daemon may take to answer after a restart.
    type: int
    default: 90
notes:
  - Where the Engine is not installed yet, the file is written and nothing is restarted.
  - A file that is no valid JSON is kept beside the new one with the ending C(.dockyard-unreadable).
  - A C(data-root) that would leave the Engine's data behind is refused. M(dockyard.swarm.engine_data) moves it first.
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
