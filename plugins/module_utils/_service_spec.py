# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: a swarm service, from swarm_stack's options to the Engine's Spec and back to what differs.

Pure: :func:`parse` checks the options, :func:`build` makes the complete Spec, :func:`comparable` brings a Spec, ours or
the Engine's, into the one form in which two of them can be compared.
"""

from __future__ import annotations

import copy
import json
import re

from ansible_collections.dockyard.swarm.plugins.module_utils._engine_facts import MANAGED
from ansible_collections.dockyard.swarm.plugins.module_utils._plan import PlanError

NAMESPACE = "com.docker.stack.namespace"
AUTH = "dockyard.swarm.registry-auth"
SECOND = 10**9
REQUIRED = object()


# --- options: what a user may write ---------------------------------------------------------------------------------


def text(value, where):
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise PlanError("%s must be text; put the value in quotes" % where)
    return str(value)


def boolean(value, where):
    if isinstance(value, str) and value.lower() in ("true", "yes", "false", "no"):
        return value.lower() in ("true", "yes")
    if not isinstance(value, bool):
        raise PlanError("%s must be true or false" % where)
    return value


def integer(lowest, highest=None):
    def convert(value, where):
        try:
            number = int(value) if not isinstance(value, (bool, float)) else None
        except (TypeError, ValueError):
            number = None
        if number is None or number < lowest or (highest is not None and number > highest):
            limits = "from %d to %d" % (lowest, highest) if highest is not None else "of at least %d" % lowest
            raise PlanError("%s must be a whole number %s, not %r" % (where, limits, value))
        return number

    return convert


def number(value, where):
    try:
        result = float(value) if not isinstance(value, bool) else -1.0
    except (TypeError, ValueError):
        result = -1.0
    if not 0 <= result < 1e9:
        raise PlanError("%s must be a number of at least 0, not %r" % (where, value))
    return result


def seconds(value, where):
    """Seconds, given as a number; kept in the Engine's nanoseconds."""
    return round(number(value, where) * SECOND)


def size(value, where):
    """Bytes, given as a number or with one of the suffixes K, M, G and T (powers of 1024)."""
    match = re.match(r"^\s*(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?\s*$", str(value), re.IGNORECASE)
    if isinstance(value, bool) or not match:
        raise PlanError("%s must be a number of bytes or a size as 256M, not %r" % (where, value))
    return int(float(match.group(1)) * 1024 ** " KMGT".index(match.group(2).upper() or " "))


def file_mode(value, where):
    """A file mode, given as octal text (``"0400"``) or as a number."""
    try:
        mode = int(value, 8) if isinstance(value, str) else int(value)
    except (TypeError, ValueError):
        mode = -1
    if isinstance(value, bool) or not 0 <= mode <= 0o7777:
        raise PlanError('%s must be an octal mode in quotes, for example "0400"' % where)
    return mode


def choice(*known):
    def convert(value, where):
        if value not in known:
            raise PlanError("%s is %r; it can be %s" % (where, value, ", ".join(known)))
        return str(value)

    return convert


def several(convert_one):
    def convert(value, where):
        if not isinstance(value, (list, tuple)):
            raise PlanError("%s must be a list" % where)
        return [convert_one(item, "%s[%d]" % (where, index)) for index, item in enumerate(value)]

    return convert


def mapping(value, where):
    if not isinstance(value, dict):
        raise PlanError("%s must be a dictionary" % where)
    return {text(key, where): text(item, "%s.%s" % (where, key)) for key, item in value.items()}


def record(fields):
    """A dictionary with known keys: ``key -> (converter, default)``; what is absent or null gets the default."""

    def convert(value, where):
        if not isinstance(value, dict):
            raise PlanError("%s must be a dictionary" % where)
        unknown = sorted(str(key) for key in value if key not in fields)
        if unknown:
            raise PlanError("%s has no option %s; it has %s" % (where, ", ".join(unknown), ", ".join(sorted(fields))))
        result = {}
        for key, (one, default) in fields.items():
            given = value.get(key)
            if given is not None:
                result[key] = one(given, "%s.%s" % (where, key))
            elif default is REQUIRED:
                raise PlanError("%s.%s is missing" % (where, key))
            else:
                result[key] = copy.deepcopy(default)
        return result

    return convert


def test(value, where):
    """A health check's command: text runs in the container's shell, a list runs as it is."""
    if isinstance(value, str):
        return ["CMD-SHELL", value]
    words = several(text)(value, where)
    if not words:
        raise PlanError("%s is empty; leave healthcheck out, or give [NONE] to switch the image's own off" % where)
    return words if words[0] in ("NONE", "CMD", "CMD-SHELL") else ["CMD"] + words


def _rollout(*failure_actions):
    return record(
        {
            "parallelism": (integer(0), 1),
            "delay": (seconds, 0),
            "order": (choice("stop-first", "start-first"), "stop-first"),
            "failure_action": (choice(*failure_actions), "pause"),
            "monitor": (seconds, 5 * SECOND),
        }
    )


_ROLLOUT_DEFAULT = {
    "parallelism": 1, "delay": 0, "order": "stop-first", "failure_action": "pause", "monitor": 5 * SECOND,
}  # fmt: skip

_FILE = {
    "source": (text, REQUIRED),
    "target": (text, None),
    "mode": (file_mode, 0o400),
    "uid": (text, "0"),
    "gid": (text, "0"),
}

SERVICE = {
    "image": (text, REQUIRED),
    "command": (several(text), []),
    "args": (several(text), []),
    "env": (mapping, {}),
    "user": (text, ""),
    "hostname": (text, ""),
    "labels": (mapping, {}),
    "container_labels": (mapping, {}),
    "mode": (choice("replicated", "global"), "replicated"),
    "replicas": (integer(0), None),
    "constraints": (several(text), []),
    "networks": (several(text), []),
    "publish": (
        several(
            record(
                {
                    "published": (integer(1, 65535), REQUIRED),
                    "target": (integer(1, 65535), None),
                    "protocol": (choice("tcp", "udp"), "tcp"),
                    "mode": (choice("ingress", "host"), "ingress"),
                }
            )
        ),
        [],
    ),
    "mounts": (
        several(
            record(
                {
                    "type": (choice("bind", "volume", "tmpfs"), "volume"),
                    "source": (text, ""),
                    "target": (text, REQUIRED),
                    "read_only": (boolean, False),
                }
            )
        ),
        [],
    ),
    "secrets": (several(record(_FILE)), []),
    "configs": (several(record(dict(_FILE, mode=(file_mode, 0o444)))), []),
    "healthcheck": (
        record(
            {
                "test": (test, REQUIRED),
                "interval": (seconds, 30 * SECOND),
                "timeout": (seconds, 30 * SECOND),
                "retries": (integer(1), 3),
                "start_period": (seconds, 0),
            }
        ),
        None,
    ),
    "resources": (
        record(
            {
                "limit_cpus": (number, 0.0),
                "limit_memory": (size, 0),
                "limit_pids": (integer(0), 0),
                "reserve_cpus": (number, 0.0),
                "reserve_memory": (size, 0),
            }
        ),
        {"limit_cpus": 0.0, "limit_memory": 0, "limit_pids": 0, "reserve_cpus": 0.0, "reserve_memory": 0},
    ),
    "restart": (
        record(
            {
                "condition": (choice("none", "on-failure", "any"), "any"),
                "delay": (seconds, 5 * SECOND),
                "max_attempts": (integer(0), 0),
                "window": (seconds, 0),
            }
        ),
        {"condition": "any", "delay": 5 * SECOND, "max_attempts": 0, "window": 0},
    ),
    "update": (_rollout("pause", "continue", "rollback"), _ROLLOUT_DEFAULT),
    "rollback": (_rollout("pause", "continue"), _ROLLOUT_DEFAULT),
    "stop_grace_period": (seconds, None),
    "dns": (several(text), []),
    "hosts": (mapping, {}),
    "read_only": (boolean, False),
    "init": (boolean, None),
    "cap_drop": (several(text), []),
}


def parse(name, given):
    """The options of one service, complete and of the right types; raises PlanError that names the option."""
    where = "services.%s" % name
    options = record(SERVICE)(given, where)
    if options["mode"] == "global" and options["replicas"] is not None:
        raise PlanError("%s.replicas cannot be given with mode global, which runs one on each node" % where)
    seen = set()
    for index, mount in enumerate(options["mounts"]):
        at = "%s.mounts[%d]" % (where, index)
        if not mount["target"].startswith("/"):
            raise PlanError("%s.target must be an absolute path, not %s" % (at, mount["target"]))
        if mount["target"] in seen:
            raise PlanError("%s.target is %s, as that of another mount; give each its own" % (at, mount["target"]))
        seen.add(mount["target"])
        if mount["type"] == "bind" and not mount["source"].startswith("/"):
            raise PlanError("%s.source must be an absolute path of the host for type bind" % at)
        if mount["type"] == "tmpfs" and mount["source"]:
            raise PlanError("%s.source cannot be given for type tmpfs" % at)
    ports = [(item["published"], item["protocol"]) for item in options["publish"]]
    for port in ports:
        if ports.count(port) > 1:
            raise PlanError("%s.publish names port %d/%s twice" % ((where,) + port))
    return options


# --- the Spec: what the Engine gets ---------------------------------------------------------------------------------


def build(stack, name, options, secrets, configs, auth=None):
    """The complete Spec of one service.

    Networks are named and secrets and configs have no ID yet: see :func:`resolve`.

    :param options: as :func:`parse` gives them.
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
        "CapabilityDrop": [_capability(item) for item in options["cap_drop"]],
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
            "Networks": [{"Target": network, "Aliases": [name]} for network in options["networks"]],
        },
        "Mode": {"Global": {}} if options["mode"] == "global" else {"Replicated": {"Replicas": replicas}},
        "UpdateConfig": _rollout_spec(options["update"]),
        "RollbackConfig": _rollout_spec(options["rollback"]),
        "EndpointSpec": {
            "Mode": "vip",
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


def _mount(mount):
    spec = {"Type": mount["type"], "Target": mount["target"], "ReadOnly": mount["read_only"]}
    if mount["source"]:
        spec["Source"] = mount["source"]
    return spec


def _file(item, known, kind, where, option):
    if item["source"] not in known:
        have = ", ".join(sorted(known)) or "none"
        raise PlanError("%s.%s: %s is not in option %s, which has %s" % (where, option, item["source"], option, have))
    # A config without a target lies at the root of the container, a secret below /run/secrets.
    target = item["target"] or (item["source"] if kind == "Secret" else "/" + item["source"])
    return {
        kind + "Name": known[item["source"]],
        "File": {"Name": target, "UID": item["uid"], "GID": item["gid"], "Mode": item["mode"]},
    }


def _capability(name):
    name = name.upper()
    return name if name == "ALL" or name.startswith("CAP_") else "CAP_" + name


def _rollout_spec(options):
    return {
        "Parallelism": options["parallelism"],
        "Delay": options["delay"],
        "Order": options["order"],
        "FailureAction": options["failure_action"],
        "Monitor": options["monitor"],
    }


def resolve(spec, networks, secrets, configs, current=None):
    """The Spec as it is sent: names get their IDs, and what the Engine pinned stays, so that nothing restarts for it.

    :param networks: name -> ID; ``secrets`` and ``configs`` likewise.
    :param current: the Spec that is there now.
    """
    spec = copy.deepcopy(spec)
    task = spec["TaskTemplate"]
    for network in task["Networks"]:
        if network["Target"] not in networks:
            raise PlanError(
                "service %s: the swarm has no network %s; make it first (overlay_network), or correct option networks"
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


# --- comparing ------------------------------------------------------------------------------------------------------


def comparable(spec, networks):
    """What a Spec says, as ``option -> value``, without the defaults that the Engine writes into it.

    What no option stands for keeps the Engine's own name, so that it is found as well.

    :param networks: ID -> name.
    """
    spec = copy.deepcopy(spec)
    task = spec.pop("TaskTemplate", None) or {}
    box = task.pop("ContainerSpec", None) or {}
    place = task.pop("Placement", None) or {}
    endpoint = spec.pop("EndpointSpec", None) or {}
    dns = box.pop("DNSConfig", None) or {}
    mode = spec.pop("Mode", None) or {}
    attached = (task.pop("Networks", None) or []) + (spec.pop("Networks", None) or [])
    image = box.pop("Image", None)
    view = {
        "image": image,
        "command": box.pop("Command", None),
        "args": box.pop("Args", None),
        "env": sorted(box.pop("Env", None) or []),
        "user": box.pop("User", None),
        "hostname": box.pop("Hostname", None),
        "labels": spec.pop("Labels", None),
        "container_labels": box.pop("Labels", None),
        "read_only": box.pop("ReadOnly", None),
        "mounts": _sorted(box.pop("Mounts", None)),
        "hosts": sorted(box.pop("Hosts", None) or []),
        "dns": dns.pop("Nameservers", None),
        "secrets": _sorted(_without(box.pop("Secrets", None), "SecretID")),
        "configs": _sorted(_without(box.pop("Configs", None), "ConfigID")),
        "cap_drop": sorted(_capability(item) for item in box.pop("CapabilityDrop", None) or []),
        "healthcheck": _pruned(box.pop("Healthcheck", None)),
        "resources": _pruned(task.pop("Resources", None)),
        "restart": _with_defaults(task.pop("RestartPolicy", None), Condition="any", Delay=5 * SECOND),
        "constraints": sorted(place.pop("Constraints", None) or []),
        "networks": _sorted([dict(net, Target=networks.get(net.get("Target"), net.get("Target"))) for net in attached]),
        "update": _rollout_view(spec.pop("UpdateConfig", None)),
        "rollback": _rollout_view(spec.pop("RollbackConfig", None)),
        "publish": _sorted(
            [_with_defaults(port, Protocol="tcp", PublishMode="ingress") for port in endpoint.pop("Ports", None) or []]
        ),
    }
    # The Engine's own notes, not somebody's wish.
    spec.pop("Name", None)
    task.pop("ForceUpdate", None)
    place.pop("Platforms", None)
    for part, key, default in (
        (task, "Runtime", "container"),
        (box, "Isolation", "default"),
        (endpoint, "Mode", "vip"),
    ):
        if part.get(key) == default:
            part.pop(key)
    # These may be 0 or false and mean it.
    view["stop_grace_period"] = box.pop("StopGracePeriod", None)
    view["init"] = box.pop("Init", None)
    zero_counts = {"stop_grace_period", "init"}
    replicated = mode.pop("Replicated", None)
    if replicated is not None:
        view["replicas"] = 1 if replicated.get("Replicas") is None else replicated["Replicas"]
        zero_counts.add("replicas")
    elif "Global" in mode:
        mode.pop("Global")
        view["mode"] = "global"
    rest = {"": spec, "TaskTemplate.": task, "ContainerSpec.": box, "Placement.": place, "EndpointSpec.": endpoint,
            "DNSConfig.": dns, "Mode.": mode}  # fmt: skip
    for prefix, part in rest.items():
        for key, value in part.items():
            view[prefix + key] = _pruned(value)
    return {key: value for key, value in view.items() if (value is not None if key in zero_counts else value)}


def differences(wanted, actual):
    """The options in which two comparable Specs differ, as ``{option: (before, after)}``."""
    actual = dict(actual)
    if "@" not in wanted.get("image", ""):
        actual["image"] = actual.get("image", "").split("@")[0]
    keys = sorted(set(wanted) | set(actual))
    return {key: (actual.get(key), wanted.get(key)) for key in keys if actual.get(key) != wanted.get(key)}


def _pruned(value):
    """Without everything that is empty, down to the leaves; labels and the like hold texts and are not passed here."""
    if isinstance(value, dict):
        parts = {key: _pruned(item) for key, item in value.items()}
        return {key: item for key, item in parts.items() if item not in (None, "", 0, False, [], {})}
    if isinstance(value, list):
        return [_pruned(item) for item in value]
    return value


def _sorted(items):
    return sorted((_pruned(item) for item in items or []), key=lambda item: json.dumps(item, sort_keys=True))


def _without(items, key):
    return [{name: value for name, value in item.items() if name != key} for item in items or []]


def _with_defaults(values, **defaults):
    given = {key: value for key, value in (values or {}).items() if value is not None}
    view = dict(defaults, **given)
    return {key: value for key, value in view.items() if value not in ("", False, 0) or key == "Delay"}


def _rollout_view(values):
    if values is None:  # what the swarm does without one
        values = {"Parallelism": 1}
    view = dict({"Order": "stop-first", "FailureAction": "pause", "Monitor": 5 * SECOND}, **(values or {}))
    return _pruned(view)
