#!/usr/bin/python
# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: swarm_stack
short_description: Deploy a stack of services with its secrets and configs, and wait until it runs
version_added: 0.1.0
description:
  - Makes the services, secrets and configs of a stack what the options say. Every difference is put right, also what
    was added by hand, for example an environment variable, a mount or a label.
  - Fails when the services do not run in the end, with what their tasks themselves say. This is so as well when there
    is nothing to change.
  - Secrets and configs are named C(<stack>_<name>_<hash>), the hash being the first 12 digits of their content's
    SHA-256, so that a change is a new one and a rolling update. The superseded ones are removed once the services run
    without them.
  - Runs on a manager and speaks to the Engine directly. Needs nothing but Python 3 on the host.
author:
  - The dockyard.swarm maintainers (@dockyard)
options:
  name:
    description: The stack's name. Letters, digits, dots, and hyphens, at most 31, without an underscore.
    type: str
    required: true
  state:
    description:
      - V(present) makes the stack what the options say.
      - V(absent) removes its services, secrets and configs, as far as this collection made them. Volumes stay.
    type: str
    choices: [present, absent]
    default: present
  secrets:
    description:
      - Secrets by name, each with its content.
      - The names in the swarm tell a part of the content's hash. Give secrets that cannot be guessed.
    type: dict
    default: {}
  configs:
    description: Configs by name, each with its content.
    type: dict
    default: {}
  services:
    description:
      - Services by name. In the swarm they are called C(<stack>_<name>). Each is a dictionary of these keys.
      - V(image) (text, required).
      - V(command) (list), which replaces the image's entry point, and V(args) (list), which replaces its command.
      - V(env) (dictionary of text; quote what is not text).
      - V(user), V(hostname) (text).
      - V(labels), V(container_labels) (dictionary of text).
      - V(mode) (V(replicated) or V(global), default V(replicated)) and V(replicas) (default 1).
      - V(constraints) (list), for example V(node.role==manager).
      - V(networks) (list). Each is a name, or a dictionary of V(name) and V(aliases) (list). On each the service is known by its
        short name and these aliases, too.
      - V(endpoint_mode) (V(vip) or V(dnsrr), default V(vip)). Whether the service's names give one address, from which the
        Engine spreads connections over the tasks, or the addresses of all tasks. V(dnsrr) goes with no port of mode
        V(ingress).
      - V(publish) (list) of V(published) (port, required), V(target) (port, default the same), V(protocol) (V(tcp) or
        V(udp), default V(tcp)) and V(mode) (V(ingress) or V(host), default V(ingress)).
      - V(mounts) (list) of V(type) (V(bind), V(volume) or V(tmpfs), default V(volume)), V(source), V(target)
        (required) and V(read_only) (default false).
      - V(secrets) and V(configs) (list) of V(source) (a key of O(secrets) or O(configs), required), V(target)
        (default is the source below C(/run/secrets), or below C(/) for a config), V(mode) (octal in quotes, default
        V("0400"), for a config V("0444")), V(uid) and V(gid) (default V("0")).
      - V(healthcheck) of V(test) (text for the container's shell, or a list; required), V(interval) (default 30),
        V(timeout) (default 30), V(retries) (default 3) and V(start_period) (default 0). All times are in seconds.
      - V(resources) of V(limit_cpus), V(limit_memory) (bytes, or for example V(256M)), V(limit_pids), V(reserve_cpus)
        and V(reserve_memory).
      - V(restart) of V(condition) (V(any), V(on-failure) or V(none), default V(any)), V(delay) (seconds, default 5),
        V(max_attempts) (default 0, no limit) and V(window) (seconds).
      - V(update) and V(rollback) of V(parallelism) (default 1), V(delay) (seconds, default 0), V(order)
        (V(stop-first) or V(start-first), default V(stop-first)), V(failure_action) (V(pause), V(continue) or, for
        V(update), V(rollback); default V(pause)) and V(monitor) (seconds, default 5).
      - V(stop_grace_period) (seconds), V(init) (boolean), V(read_only) (boolean), V(cap_drop) (list).
      - V(dns) (list of addresses) and V(hosts) (dictionary of host name to address).
      - V(hostname), V(env) and V(mounts) may hold the Engine's own templates, for example C({{.Node.Hostname}}). Mark them
        C(!unsafe), so that Ansible leaves them alone.
    type: dict
    default: {}
  registry_auth:
    description:
      - What the nodes log in with where a service's image lies in one of these registries.
      - The Engine never shows it again. A label with a slow hash of it tells whether it changed.
    type: list
    elements: dict
    default: []
    suboptions:
      registry:
        description: The registry's address as it stands in the image's name, V(docker.io) where there is none.
        type: str
        required: true
      username:
        description: The user.
        type: str
        required: true
      password:
        description: The password.
        type: str
        required: true
  wait:
    description:
      - Seconds in which the services have to run, all tasks with the new settings, healthy where they have a health
        check.
      - With V(0) nothing is waited for, and superseded secrets and configs are left to the next run.
    type: int
    default: 120
extends_documentation_fragment:
  - dockyard.swarm.attributes
seealso:
  - module: dockyard.swarm.overlay_network
"""

EXAMPLES = r"""
- name: A web service on every node, with a secret
  dockyard.swarm.swarm_stack:
    name: shop
    secrets:
      token: "{{ shop_token }}"
    services:
      web:
        image: registry.swarm.internal:5000/shop:1.4
        mode: global
        publish:
          - {published: 80, target: 8080}
        secrets:
          - source: token
        healthcheck:
          test: [wget, -q, -O, /dev/null, "http://127.0.0.1:8080/"]
          interval: 5
    registry_auth:
      - registry: registry.swarm.internal:5000
        username: swarm
        password: "{{ registry_password }}"

- name: Brokers that register under the address of the node that they run on
  dockyard.swarm.swarm_stack:
    name: mq
    services:
      broker:
        image: registry.swarm.internal:5000/broker:5.3
        mode: global
        env:
          BROKER_ADDRESS: !unsafe "{{.Node.Hostname}}"
        publish:
          - {published: 10911, mode: host}
        networks:
          - {name: apps, aliases: [mq]}
      console:
        image: registry.swarm.internal:5000/console:2.0
        networks: [apps]
        hosts: "{{ swarm_cluster_plan.hostnames }}"

- name: The stack goes away, its volumes stay
  dockyard.swarm.swarm_stack:
    name: shop
    state: absent
"""

RETURN = r"""
plan:
  description: The changes, each with what is done, to what, and why. Never the content of a secret or config.
  returned: success
  type: list
  elements: dict
  sample:
    - {do: update, to: "service shop_web: replicas", why: it differs, before: 0, after: 2}
services:
  description: Running and wanted tasks of each service of the stack, by its name in the swarm.
  returned: success
  type: dict
  sample: {shop_web: {running: 3, desired: 3}}
"""

from ..module_utils._core.engine_api import Engine
from ..module_utils._core.no_log import SecretiveModule
from ..module_utils._core.plan import PlanError, run
from ..module_utils._services.deployment import Deployment


def main():
    module = SecretiveModule(
        argument_spec=dict(
            name=dict(type="str", required=True),
            state=dict(type="str", choices=["present", "absent"], default="present"),
            secrets=dict(type="dict", default={}, no_log=True),
            configs=dict(type="dict", default={}),
            services=dict(type="dict", default={}),
            registry_auth=dict(
                type="list",
                elements="dict",
                default=[],
                no_log=False,
                options=dict(
                    registry=dict(type="str", required=True),
                    username=dict(type="str", required=True),
                    password=dict(type="str", required=True, no_log=True),
                ),
            ),
            wait=dict(type="int", default=120),
        ),
        supports_check_mode=True,
    )
    try:
        stack = Deployment(Engine(), module.params)
    except PlanError as exc:
        module.fail_json(msg=str(exc))
    result = stack.result if not module.check_mode else None
    run(module, "stack " + module.params["name"], stack.read, stack.plan, stack.apply, result)


if __name__ == "__main__":
    main()
