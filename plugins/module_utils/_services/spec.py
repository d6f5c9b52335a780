# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: the Spec of a service. Pure functions.

Networks, secrets and configs are named in it until :func:`resolve` sets their IDs.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, Mapping

from .._core.plan import PlanError
from .._core.swarm_objects import MANAGED
from .values import SECOND

if TYPE_CHECKING:
    from .._core.facts import ApiObject

    Options = Mapping[str, Any]
    Names = Mapping[str, str]  # by another name: a short one's long one, or a name's ID

NAMESPACE = "com.docker.stack.namespace"
AUTH = "dockyard.swarm.registry-auth"


def build(
    stack: str, name: str, options: Options, secrets: Names, configs: Names, auth: str | None = None
) -> ApiObject:
    """The complete Spec of one service.

    :param options: see :func:`options.parse`.
    :param secrets: short name -> name in the swarm; ``configs`` likewise.
    :param auth: fingerprint of the registry's credentials, which the Engine never shows again.
    """
    where = "services.%s" % name
    labels = dict(options["labels"], **{NAMESPACE: stack, MANAGED: "true"})
    if auth:
        labels[AUTH] = auth
    container = {
        "Image": options["image"],
        "Labels": dict(options["container_labels"], **{NAMESPACE: stack}),
        "Command": options["command"],
        "Args": options["args"],
        "Env": ["%s=%s" % item for item in sorted(options["env"].items())],
        "User": options["user"],
        "Hostname": options["hostname"],
        "ReadOnly": options["read_only"],
        "Mounts": [_mount(mount) for mount in options["mounts"]],
        "Hosts": ["%s %s" % (address, host) for host, address in sorted(options["hosts"].items())],
        "DNSConfig": {"Nameservers": options["dns"]},
        "Secrets": [_file(item, secrets, "Secret", where, "secrets") for item in options["secrets"]],
        "Configs": [_file(item, configs, "Config", where, "configs") for item in options["configs"]],
        "CapabilityDrop": [capability(item) for item in options["cap_drop"]],
    }
    if options["init"] is not None:
        container["Init"] = options["init"]
    if options["stop_grace_period"] is not None:
        container["StopGracePeriod"] = options["stop_grace_period"]
    health = options["healthcheck"]
    if health:
        container["Healthcheck"] = {
            "Test": health["test"],
            "Interval": health["interval"],
            "Timeout": health["timeout"],
            "Retries": health["retries"],
            "StartPeriod": health["start_period"],
        }
    limits = options["resources"]
    restart = options["restart"]
    replicas = 1 if options["replicas"] is None else options["replicas"]
    return {
        "Name": "%s_%s" % (stack, name),
        "Labels": labels,
        "TaskTemplate": {
            "ContainerSpec": container,
            "Resources": {
                "Limits": {
                    "NanoCPUs": round(limits["limit_cpus"] * SECOND),
                    "MemoryBytes": limits["limit_memory"],
                    "Pids": limits["limit_pids"],
                },
                "Reservations": {
                    "NanoCPUs": round(limits["reserve_cpus"] * SECOND),
                    "MemoryBytes": limits["reserve_memory"],
                },
            },
            "RestartPolicy": {
                "Condition": restart["condition"],
                "Delay": restart["delay"],
                "MaxAttempts": restart["max_attempts"],
                "Window": restart["window"],
            },
            "Placement": {"Constraints": options["constraints"]},
            "Networks": [
                {"Target": network["name"], "Aliases": [name] + network["aliases"]} for network in options["networks"]
            ],
        },
        "Mode": {"Global": {}} if options["mode"] == "global" else {"Replicated": {"Replicas": replicas}},
        "UpdateConfig": _rollout_spec(options["update"]),
        "RollbackConfig": _rollout_spec(options["rollback"]),
        "EndpointSpec": {
            "Mode": options["endpoint_mode"],
            "Ports": [
                {
                    "Protocol": port["protocol"],
                    "TargetPort": port["target"] or port["published"],
                    "PublishedPort": port["published"],
                    "PublishMode": port["mode"],
                }
                for port in options["publish"]
            ],
        },
    }


def _mount(mount: Options) -> ApiObject:
    spec = {"Type": mount["type"], "Target": mount["target"], "ReadOnly": mount["read_only"]}
    if mount["source"]:
        spec["Source"] = mount["source"]
    return spec


def _file(item: Options, known: Names, kind: str, where: str, option: str) -> ApiObject:
    if item["source"] not in known:
        have = ", ".join(sorted(known)) or "none"
        raise PlanError("%s.%s: %s is not in option %s, which has %s" % (where, option, item["source"], option, have))
    # Without a target a config is placed in the root of the container, a secret in /run/secrets.
    target = item["target"] or (item["source"] if kind == "Secret" else "/" + item["source"])
    return {
        kind + "Name": known[item["source"]],
        "File": {"Name": target, "UID": item["uid"], "GID": item["gid"], "Mode": item["mode"]},
    }


def capability(name: str) -> str:
    """The name of a capability as the Engine has it."""
    name = name.upper()
    return name if name == "ALL" or name.startswith("CAP_") else "CAP_" + name


def _rollout_spec(options: Options) -> ApiObject:
    return {
        "Parallelism": options["parallelism"],
        "Delay": options["delay"],
        "Order": options["order"],
        "FailureAction": options["failure_action"],
        "Monitor": options["monitor"],
    }


def resolve(
    spec: ApiObject, networks: Names, secrets: Names, configs: Names, current: ApiObject | None = None
) -> ApiObject:
    """The Spec to be sent: names get their IDs, and the digest of the image stays, so that no task restarts for it.

    :param networks: name -> ID; ``secrets`` and ``configs`` likewise.
    :param current: the present Spec.
    """
    spec = copy.deepcopy(spec)
    task = spec["TaskTemplate"]
    for network in task["Networks"]:
        if network["Target"] not in networks:
            raise PlanError(
                "service %s: the swarm has no network %s; create it first (overlay_network), or correct option networks"
                % (spec["Name"], network["Target"])
            )
        network["Target"] = networks[network["Target"]]
    for item in task["ContainerSpec"]["Secrets"]:
        item["SecretID"] = secrets[item["SecretName"]]
    for item in task["ContainerSpec"]["Configs"]:
        item["ConfigID"] = configs[item["ConfigName"]]
    if current:
        old = current.get("TaskTemplate") or {}
        image = (old.get("ContainerSpec") or {}).get("Image") or ""
        if image.split("@")[0] == task["ContainerSpec"]["Image"]:
            task["ContainerSpec"]["Image"] = image
        task["ForceUpdate"] = old.get("ForceUpdate") or 0
    return spec
