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
  - Brings the services, secrets and configs of a stack to what the options say. Every difference is corrected, also one that
    was made by hand, for example an added environment variable, mount or label.
  - Fails with the errors of the tasks if the services do not run in the end, even if there was nothing to change.
  - Secrets and configs are named C(<stack>_<name>_<hash>), where the hash is the first 12 digits of the SHA-256 of the content,
    so that a change makes a new one and a rolling update. Superseded ones are removed once the services run without them.
  - Runs on a manager and uses the Engine's API directly. The host needs nothing but Python 3.
author:
  - The dockyard.swarm maintainers (@dockyard)
options:
  name:
    description: The stack's name. Letters, digits, dots, and hyphens, at most 31, without an underscore.
    type: str
    required: true
  state:
    description:
      - V(present) brings the stack to what the options say.
      - V(absent) removes the services, secrets and configs of the stack that this collection created. Volumes stay.
    type: str
    choices: [present, absent]
    default: present
  adopt:
    description:
      - Whether services, secrets and configs that others made are taken over where they have the name of one of this stack. A
        service is changed to what the options say; a secret or config that no service uses is replaced, since its content is
        unknown.
      - Otherwise the module fails and leaves them alone. What the collection made has the label C(dockyard.swarm.managed).
    type: bool
    default: false
  secrets:
    description:
      - Secrets by name, each with its content.
      - The names in the swarm contain a part of the content's hash. Use secrets that cannot be guessed.
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
      - V(env) (dictionary of text; quote other values).
      - V(user), V(hostname) (text).
      - V(labels), V(container_labels) (dictionary of text).
      - V(mode) (V(replicated) or V(global), default V(replicated)) and V(replicas) (default 1).
      - V(constraints) (list), for example V(node.role==manager).
      - V(networks) (list). Each is a name, or a dictionary of V(name) and V(aliases) (list). On each network the service also has
        its short name and these aliases.
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
      - The credentials of registries that images of services come from.
      - The Engine does not return them. A label with a slow hash shows whether they changed.
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
      - Seconds within which all tasks of the services have to run with the new settings, and be healthy if they have a health
        check.
      - With V(0) the module does not wait, and the next run removes superseded secrets and configs.
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

- name: Remove the stack, keep its volumes
  dockyard.swarm.swarm_stack:
    name: shop
    state: absent
"""

RETURN = r"""
plan:
  description: The changes, each with what is done, to what, why, and both values. Never the content of a secret or config.
  returned: success
  type: list
  elements: dict
  sample:
    - {do: update, to: "service shop_web: replicas", why: differs, before: 0, after: 2}
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
            adopt=dict(type="bool", default=False),
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
    run(module, "stack " + module.params["name"], stack.read, stack.plan, stack.apply, result, alone=False)


if __name__ == "__main__":
    main()
