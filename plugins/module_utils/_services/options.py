# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: the options of one service in swarm_stack, with their types and defaults. Pure functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._core.plan import PlanError
from .values import (
    REQUIRED,
    SECOND,
    boolean,
    choice,
    file_mode,
    integer,
    mapping,
    number,
    record,
    seconds,
    several,
    size,
    text,
)

if TYPE_CHECKING:
    from .values import Converter, Fields


def _test(value: Any, where: str) -> list[str]:
    """A health check's command: text runs in the container's shell, a list runs directly."""
    if isinstance(value, str):
        return ["CMD-SHELL", value]
    words = several(text)(value, where)
    if not words:
        raise PlanError("%s is empty; leave healthcheck out, or give [NONE] to disable the image's own" % where)
    return words if words[0] in ("NONE", "CMD", "CMD-SHELL") else ["CMD"] + words


def _network(value: Any, where: str) -> dict[str, Any]:
    """A network: its name, or a dictionary with aliases of the service."""
    given = {"name": value} if isinstance(value, str) else value
    return record({"name": (text, REQUIRED), "aliases": (several(text), [])})(given, where)


def _rollout(*failure_actions: str) -> Converter:
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

_FILE: Fields = {
    "source": (text, REQUIRED),
    "target": (text, None),
    "mode": (file_mode, 0o400),
    "uid": (text, "0"),
    "gid": (text, "0"),
}

SERVICE: Fields = {
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
    "networks": (several(_network), []),
    "endpoint_mode": (choice("vip", "dnsrr"), "vip"),
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
                "test": (_test, REQUIRED),
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


def parse(name: str, given: Any) -> dict[str, Any]:
    """The complete options of one service; raises a PlanError that names a wrong one."""
    where = "services.%s" % name
    options = record(SERVICE)(given, where)
    if options["mode"] == "global" and options["replicas"] is not None:
        raise PlanError("%s.replicas cannot be set with mode global, which runs one task on each node" % where)
    seen = set()
    for index, mount in enumerate(options["mounts"]):
        at = "%s.mounts[%d]" % (where, index)
        if not mount["target"].startswith("/"):
            raise PlanError("%s.target must be an absolute path, not %s" % (at, mount["target"]))
        if mount["target"] in seen:
            raise PlanError("%s.target is %s, which another mount has already; choose another" % (at, mount["target"]))
        seen.add(mount["target"])
        if mount["type"] == "bind" and not mount["source"].startswith("/"):
            raise PlanError("%s.source must be an absolute path of the host for type bind" % at)
        if mount["type"] == "tmpfs" and mount["source"]:
            raise PlanError("%s.source cannot be set for type tmpfs" % at)
    ports = [(item["published"], item["protocol"]) for item in options["publish"]]
    for port in ports:
        if ports.count(port) > 1:
            raise PlanError("%s.publish names port %d/%s twice" % ((where,) + port))
    if options["endpoint_mode"] == "dnsrr" and any(item["mode"] == "ingress" for item in options["publish"]):
        raise PlanError(
            "%s.publish: the routing mesh needs a virtual address, which endpoint_mode dnsrr does not have: publish with "
            "mode host, or set endpoint_mode vip" % where
        )
    return options
