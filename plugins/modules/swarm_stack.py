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

import base64
import time

from ..module_utils._core.engine_api import Engine, EngineError, query
from ..module_utils._core.no_log import SecretiveModule
from ..module_utils._core.plan import ApplyError, PlanError, public, run
from ..module_utils._core.swarm_objects import MANAGED
from ..module_utils._networks.network_facts import network_facts
from ..module_utils._services.spec import NAMESPACE, resolve
from ..module_utils._services.stack import desired, judge, plan_stack, task_errors

REFUSED = "this node is not a manager of a swarm with a quorum: run on a manager (%s)"


class Stack:
    """One stack of the swarm whose manager this host is."""

    def __init__(self, engine, options):
        self.engine = engine
        self.options = options
        self.want = desired(options)
        self.changed = set()  # services that this run changed

    def read(self):
        try:
            services = self.engine.get("/services")
            networks = [network_facts(net) for net in self.engine.get("/networks" + query(scope=["swarm"]))]
            contents = {kind: self.engine.get("/" + kind) for kind in ("secrets", "configs")}
        except EngineError as exc:
            raise PlanError(REFUSED % exc) from exc
        ours = {
            item["Spec"]["Name"]: item
            for item in services
            if item["Spec"]["Name"] in self.want["services"] or MANAGED in (item["Spec"].get("Labels") or {})
        }
        state = {
            "raw": ours,
            "services": {name: item["Spec"] for name, item in ours.items()},
            "networks": networks,
            "ids": {"networks": {net["name"]: net["id"] for net in networks}},
        }
        for kind, items in contents.items():
            state[kind] = {item["Spec"]["Name"]: item["Spec"].get("Labels") or {} for item in items}
            state["ids"][kind] = {item["Spec"]["Name"]: item["ID"] for item in items}
        return state

    def plan(self, state):
        return plan_stack(self.options, state)

    def apply(self, plan, state):
        # Names that lead nowhere are found before anything is made; secrets and configs are made first.
        contents = {
            kind: dict(state["ids"][kind], **dict.fromkeys(self.want[kind], "")) for kind in ("secrets", "configs")
        }
        for spec in self.want["services"].values():
            resolve(spec, state["ids"]["networks"], contents["secrets"], contents["configs"])
        removals = [item for item in plan if item["do"] == "remove" and item["kind"] != "service"]
        done = []
        for item in plan:
            if item not in removals:
                self._apply_one(item, state, done)
        if self.options["wait"] and self.changed:
            self.wait(done)
        if self.options["wait"] or not self.want["services"]:
            for item in removals:
                self._apply_one(item, state, done)

    def _apply_one(self, item, state, done):
        if item["kind"] == "service" and item["name"] in self.changed:
            return  # one update puts all the differences of a service right
        act = self._service if item["kind"] == "service" else self._content
        try:
            act(item, state)
        except EngineError as exc:
            raise ApplyError(
                "cannot %s %s: %s%s" % (item["do"], item["to"], exc.message, _left(done)), plan=public([item])
            ) from exc
        done.append("%s %s" % (item["do"], item["to"]))

    def _content(self, item, state):
        kind, name = item["kind"] + "s", item["name"]
        if item["do"] in ("remove", "replace"):
            self._delete("/%s/%s" % (kind, state["ids"][kind][name]))
        labels = {MANAGED: "true", NAMESPACE: self.want["name"]}
        if item["do"] == "label":
            current = self.engine.get("/%s/%s" % (kind, state["ids"][kind][name]))
            path = "/%s/%s/update?version=%d" % (kind, current["ID"], current["Version"]["Index"])
            self.engine.post(path, dict(current["Spec"], Labels=labels))
        if item["do"] in ("create", "replace"):
            data = base64.b64encode(self.want[kind][name].encode("utf-8")).decode()
            made = self.engine.post("/%s/create" % kind, {"Name": name, "Labels": labels, "Data": data})
            state["ids"][kind][name] = made["ID"]

    def _service(self, item, state):
        name = item["name"]
        current = state["raw"].get(name)
        if item["do"] == "remove":
            self._delete("/services/" + current["ID"])
            return
        ids = state["ids"]
        auth = self.want["auth"][name]
        headers = {"X-Registry-Auth": auth} if auth else None
        wanted = self.want["services"][name]
        if item["do"] == "replace":
            self._delete("/services/" + current["ID"])
        if item["do"] in ("create", "replace"):
            spec = resolve(wanted, ids["networks"], ids["secrets"], ids["configs"])
            self.engine.post("/services/create", spec, headers=headers)
        else:
            self._update(current, wanted, ids, headers)
        self.changed.add(name)

    def _update(self, current, wanted, ids, headers):
        for attempt in (1, 2, 3):
            spec = resolve(wanted, ids["networks"], ids["secrets"], ids["configs"], current["Spec"])
            try:
                self.engine.post(
                    "/services/%s/update?version=%d" % (current["ID"], current["Version"]["Index"]),
                    spec,
                    headers=headers,
                )
                return
            except EngineError as exc:
                # The swarm itself writes to a service while a rollout goes on.
                if attempt == 3 or "out of sequence" not in exc.message:
                    raise
            current = self.engine.get("/services/" + current["ID"])

    def _delete(self, path):
        try:
            self.engine.delete(path)
        except EngineError as exc:
            if exc.status != 404:
                raise

    def wait(self, done=()):
        """Wait until every service of the stack runs; raises ApplyError with what its tasks say."""
        end = time.monotonic() + self.options["wait"]
        steady = {}  # service -> (its running tasks, since when they are the same)
        interval = 0.25
        while True:
            verdicts = self._judge()
            now = time.monotonic()
            late = {}
            for name, (verdict, _service, _tasks) in verdicts.items():
                if steady.get(name, (None, 0))[0] != verdict["ids"]:
                    steady[name] = (verdict["ids"], now)
                calm = now - steady[name][1] >= verdict["needs"] or _age(verdict["since"]) >= 2 * verdict["needs"]
                if verdict["state"] != "running" or not calm:
                    late[name] = verdict
            failed = [name for name, verdict in late.items() if verdict["state"] == "failed"]
            if not late:
                return
            if failed or now >= end:
                self._give_up(failed or sorted(late), verdicts, done, timed_out=not failed)
            time.sleep(min(interval, max(0.05, end - now)))
            interval = min(1.0, interval * 1.5)

    def _judge(self):
        try:
            listed = {
                item["Spec"]["Name"]: item
                for item in self.engine.get("/services" + query(name=sorted(self.want["services"])))
            }
            verdicts = {}
            for name in self.want["services"]:
                if name not in listed:
                    raise ApplyError("service %s is gone: somebody removed it meanwhile; run again" % name)
                tasks = self.engine.get("/tasks" + query(service=[listed[name]["ID"]]))
                verdicts[name] = (judge(listed[name], tasks, name in self.changed), listed[name], tasks)
            return verdicts
        except EngineError as exc:
            raise ApplyError("cannot see whether the services run: %s" % exc) from exc

    def _give_up(self, names, verdicts, done, timed_out):
        try:
            nodes = {node["ID"]: (node.get("Description") or {}).get("Hostname") for node in self.engine.get("/nodes")}
        except EngineError:
            nodes = {}
        parts, errors = [], {}
        for name in names:
            verdict, service, tasks = verdicts[name]
            started = (service.get("UpdateStatus") or {}).get("StartedAt") if name in self.changed else None
            errors[name] = task_errors(name, tasks, nodes, started or "")
            after = " after %d s" % self.options["wait"] if timed_out else ""
            parts.append("service %s: %s%s" % (name, verdict["why"], after))
            parts += errors[name] or ["its tasks report no error"]
        hint = "see: docker service ps --no-trunc %s; docker service logs %s" % (names[0], names[0])
        raise ApplyError("%s. %s%s" % ("; ".join(parts), hint, _left(done)), task_errors=errors)

    def result(self, _state):
        if self.options["wait"] and not self.changed and self.want["services"]:
            self.wait()
        services = {}
        for name, (verdict, _service, _tasks) in (self._judge() if self.want["services"] else {}).items():
            services[name] = {"running": verdict["running"], "desired": verdict["desired"]}
        return {"services": services}


def _left(done):
    return ". Done so far: %s; run again to converge" % ", ".join(done) if done else ""


def _age(stamp):
    """Seconds since an API time stamp, by this host's clock; 0 where it cannot be told."""
    import calendar

    try:
        return time.time() - calendar.timegm(time.strptime(stamp[:19], "%Y-%m-%dT%H:%M:%S"))
    except ValueError:
        return 0.0


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
        stack = Stack(Engine(), module.params)
    except PlanError as exc:
        module.fail_json(msg=str(exc))
    result = stack.result if not module.check_mode else None
    run(module, "stack " + module.params["name"], stack.read, stack.plan, stack.apply, result)


if __name__ == "__main__":
    main()
