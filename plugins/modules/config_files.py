#!/usr/bin/python
# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: config_files
short_description: Manage configuration files, their folders and the units that read them
version_added: 0.1.0
description:
  - Writes any number of files and restarts the systemd units that read them, in one call, where the usual modules take one
    call for each file, folder and unit.
  - A file is replaced as a whole or not at all, also in a power cut. One with O(files[].validate) is first read by that command.
  - If a run is interrupted after the files were written and before a unit was restarted, the next run restarts the unit, which
    it knows by O(units[].stamp).
author:
  - The dockyard.swarm maintainers (@dockyard)
options:
  folders:
    description: Folders, which belong to root. Those that files lie in need not be named.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: The folder.
        type: path
        required: true
      mode:
        description: Its mode, four octal digits.
        type: str
        default: "0755"
      gid:
        description: The number of its group.
        type: int
        default: 0
  files:
    description: Files, which belong to root, in the order in which they are to be written.
    type: list
    elements: dict
    default: []
    suboptions: &file
      path:
        description: The file. A symbolic link there is replaced by a file.
        type: path
        required: true
      content:
        description: The text.
        type: str
        default: ""
      mode:
        description: Its mode, four octal digits.
        type: str
        default: "0644"
      unit:
        description: The unit that reads it when it starts.
        type: str
      present:
        description: Whether the file is wanted; one that is not is removed.
        type: bool
        default: true
      validate:
        description: A command that has to accept the new text before it is put in place; C(%s) stands for its path.
        type: str
  secret_files:
    description: The same for files whose content is never shown. They are written first.
    type: list
    elements: dict
    default: []
    suboptions: *file
  units:
    description: Units, in the order in which they are to be started.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: The unit.
        type: str
        required: true
      stamp:
        description:
          - A file with a checksum of the files that the unit was last started with. Without it, an interruption between writing
            and restarting stays unnoticed.
        type: path
      own:
        description:
          - Whether the unit has to run and to start at boot. Any other unit belongs to the host, and is only restarted
            where it runs.
        type: bool
        default: true
      present:
        description: Whether the unit is wanted; one that is not is stopped and disabled.
        type: bool
        default: true
      restart:
        description: Whether it is to be restarted whatever its files say.
        type: bool
        default: false
      reload:
        description: Whether a reload takes the place of a restart where it runs.
        type: bool
        default: false
extends_documentation_fragment:
  - dockyard.swarm.attributes
"""

EXAMPLES = r"""
- name: Configure the proxy
  dockyard.swarm.config_files:
    files:
      - path: /etc/haproxy/haproxy.cfg
        content: "{{ lookup('ansible.builtin.template', 'haproxy.cfg.j2') }}"
        validate: haproxy -c -f %s
        unit: haproxy.service
    secret_files:
      - path: /etc/haproxy/site.pem
        content: "{{ haproxy_key }}"
        mode: "0600"
        unit: haproxy.service
    units:
      - name: haproxy.service
        stamp: /etc/haproxy/.started
"""

RETURN = r"""
plan:
  description: The changes made, or in check mode those that would be made, each with its reason.
  returned: success
  type: list
  elements: dict
  sample:
    - {do: write, to: /etc/haproxy/haproxy.cfg, before: old content, after: new content, why: its content differs}
    - {do: restart, to: haproxy.service, before: null, after: null, why: its files change}
"""

from ..module_utils._core.config_files_apply import ConfigFiles
from ..module_utils._core.no_log import SecretiveModule
from ..module_utils._core.plan import run


def main():
    def file_options(secret):
        return dict(
            path=dict(type="path", required=True),
            content=dict(type="str", default="", no_log=secret),
            mode=dict(type="str", default="0644"),
            unit=dict(type="str"),
            present=dict(type="bool", default=True),
            validate=dict(type="str"),
        )

    module = SecretiveModule(
        argument_spec=dict(
            folders=dict(
                type="list",
                elements="dict",
                default=[],
                options=dict(
                    path=dict(type="path", required=True),
                    mode=dict(type="str", default="0755"),
                    gid=dict(type="int", default=0),
                ),
            ),
            files=dict(type="list", elements="dict", default=[], options=file_options(False)),
            # The content of each is what is not shown.
            secret_files=dict(type="list", elements="dict", default=[], options=file_options(True), no_log=False),
            units=dict(
                type="list",
                elements="dict",
                default=[],
                options=dict(
                    name=dict(type="str", required=True),
                    stamp=dict(type="path"),
                    own=dict(type="bool", default=True),
                    present=dict(type="bool", default=True),
                    restart=dict(type="bool", default=False),
                    reload=dict(type="bool", default=False),
                ),
            ),
        ),
        supports_check_mode=True,
    )
    files = ConfigFiles(module.params)
    run(module, "files and units", files.read, files.plan, files.apply, shown=files.shown)


if __name__ == "__main__":
    main()
