# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: the differences between two Specs of a service, the wanted and the present one. Pure functions.

:func:`comparable` brings both into one form.
"""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any, Iterable, Mapping

from .spec import capability
from .values import SECOND

if TYPE_CHECKING:
    from .._core.facts import ApiObject

    View = Mapping[str, Any]  # option -> value

# What the Engine has in nanoseconds.
_TIMES = ("Delay", "Interval", "Monitor", "StartInterval", "StartPeriod", "Timeout", "Window")


def comparable(spec: ApiObject, networks: Mapping[str, str]) -> View:
    """A Spec as ``option -> value``, without the defaults that the Engine adds.

    What is no option keeps the Engine's name, so that it is compared as well.

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
    view: dict[str, Any] = {
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
        "cap_drop": sorted(capability(item) for item in box.pop("CapabilityDrop", None) or []),
        "healthcheck": _pruned(box.pop("Healthcheck", None)),
        "resources": _pruned(task.pop("Resources", None)),
        "restart": _with_defaults(task.pop("RestartPolicy", None), Condition="any", Delay=5 * SECOND),
        "constraints": sorted(place.pop("Constraints", None) or []),
        "networks": _sorted([dict(net, Target=networks.get(net.get("Target"), net.get("Target"))) for net in attached]),
        "endpoint_mode": endpoint.pop("Mode", None),
        "update": _rollout_view(spec.pop("UpdateConfig", None)),
        "rollback": _rollout_view(spec.pop("RollbackConfig", None)),
        "publish": _sorted(
            [_with_defaults(port, Protocol="tcp", PublishMode="ingress") for port in endpoint.pop("Ports", None) or []]
        ),
    }
    # Added by the Engine.
    spec.pop("Name", None)
    task.pop("ForceUpdate", None)
    place.pop("Platforms", None)
    for part, key, default in (
        (task, "Runtime", "container"),
        (box, "Isolation", "default"),
        (view, "endpoint_mode", "vip"),
    ):
        if part.get(key) == default:
            part.pop(key)
    # Here 0 and false are values.
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


def differences(wanted: View, actual: View) -> dict[str, tuple[Any, Any]]:
    """The options in which two comparable Specs differ, as ``{option: (before, after)}``."""
    actual = dict(actual)
    if "@" not in wanted.get("image", ""):
        actual["image"] = actual.get("image", "").split("@")[0]
    keys = sorted(set(wanted) | set(actual))
    return {key: (actual.get(key), wanted.get(key)) for key in keys if actual.get(key) != wanted.get(key)}


def readable(option: str, value: Any) -> Any:
    """One value of a comparable Spec as a plan shows it: one text for each port, mount, network, secret and config."""
    text = {
        "configs": _file_text, "mounts": _mount_text, "networks": _network_text, "publish": _port_text, "secrets": _file_text,
    }.get(option)  # fmt: skip
    if text and isinstance(value, list):
        return [text(item) for item in value]
    return _in_seconds(value, "Delay" if option == "stop_grace_period" else "")


def _file_text(item: ApiObject) -> str:
    file = item.get("File") or {}
    text = "%s as %s (%s:%s, mode %04o)" % (
        item.get("SecretName") or item.get("ConfigName"),
        file.get("Name"), file.get("UID", 0), file.get("GID", 0), file.get("Mode", 0),
    )  # fmt: skip
    return text + _rest(item, "SecretName", "ConfigName", "File")


def _mount_text(item: ApiObject) -> str:
    text = "%s %s:%s%s" % (
        item.get("Type"),
        item.get("Source", ""),
        item.get("Target"),
        ":ro" if item.get("ReadOnly") else "",
    )
    return text + _rest(item, "Type", "Source", "Target", "ReadOnly")


def _network_text(item: ApiObject) -> str:
    aliases = item.get("Aliases")
    text: str = item.get("Target", "") + (" (aliases %s)" % ", ".join(aliases) if aliases else "")
    return text + _rest(item, "Target", "Aliases")


def _port_text(item: ApiObject) -> str:
    known = ("PublishedPort", "TargetPort", "Protocol", "PublishMode")
    return "%s:%s/%s %s" % tuple(item.get(key) for key in known) + _rest(item, *known)


def _rest(item: ApiObject, *known: str) -> str:
    """What no option stands for, so that no two items have the same text."""
    rest = {key: value for key, value in item.items() if key not in known}
    return " " + json.dumps(rest, sort_keys=True) if rest else ""


def _in_seconds(value: Any, key: str = "") -> Any:
    if isinstance(value, dict):
        return {name: _in_seconds(item, name) for name, item in value.items()}
    if key in _TIMES and isinstance(value, int):
        return "%g s" % (value / SECOND)
    return value


def _pruned(value: Any) -> Any:
    """A value without its empty parts, on all levels. Not for labels and the like, which may be empty."""
    if isinstance(value, dict):
        parts = {key: _pruned(item) for key, item in value.items()}
        return {key: item for key, item in parts.items() if item not in (None, "", 0, False, [], {})}
    if isinstance(value, list):
        return [_pruned(item) for item in value]
    return value


def _sorted(items: Iterable[ApiObject] | None) -> list[Any]:
    return sorted((_pruned(item) for item in items or []), key=lambda item: json.dumps(item, sort_keys=True))


def _without(items: Iterable[ApiObject] | None, key: str) -> list[ApiObject]:
    return [{name: value for name, value in item.items() if name != key} for item in items or []]


def _with_defaults(values: ApiObject | None, **defaults: Any) -> ApiObject:
    given = {key: value for key, value in (values or {}).items() if value is not None}
    view = dict(defaults, **given)
    return {key: value for key, value in view.items() if value not in ("", False, 0) or key == "Delay"}


def _rollout_view(values: ApiObject | None) -> Any:
    if values is None:  # the default of the swarm
        values = {"Parallelism": 1}
    view = dict({"Order": "stop-first", "FailureAction": "pause", "Monitor": 5 * SECOND}, **(values or {}))
    return _pruned(view)
