# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A service with nearly every option, and the Spec that is made of one."""

from __future__ import annotations

from ansible_collections.dockyard.swarm.plugins.module_utils._services.options import parse
from ansible_collections.dockyard.swarm.plugins.module_utils._services.spec import build as build_spec

FULL = {
    "image": "nginx:1",
    "command": ["sh"],
    "args": ["-c", "true"],
    "env": {"B": 2, "A": "1"},
    "user": "101",
    "hostname": "web",
    "labels": {"tier": "front", "blank": ""},
    "container_labels": {"x": "y"},
    "replicas": 2,
    "constraints": ["node.role==worker", "node.labels.a==b"],
    "networks": ["apps"],
    "publish": [{"published": 443}, {"published": "80", "target": 8080, "mode": "host"}],
    "mounts": [{"source": "data", "target": "/data"}, {"type": "tmpfs", "target": "/t"}],
    "secrets": [{"source": "token"}, {"source": "key", "target": "tls.key", "mode": "0440"}],
    "configs": [{"source": "conf", "target": "/etc/app.conf"}],
    "healthcheck": {"test": "true", "interval": 1.5},
    "resources": {"limit_cpus": 0.5, "limit_memory": "64M", "reserve_memory": 1024},
    "restart": {"condition": "on-failure", "delay": 0},
    "update": {"order": "start-first", "failure_action": "rollback"},
    "stop_grace_period": 0,
    "dns": ["192.0.2.53"],
    "hosts": {"db": "192.0.2.9"},
    "read_only": True,
    "init": False,
    "cap_drop": ["net_raw", "ALL"],
}


def build(options=None, **more):
    options = dict({"image": "nginx:1"} if options is None else options, **more)
    return build_spec(
        "shop",
        "web",
        parse("web", options),
        {"token": "shop_token_1", "key": "shop_key_1"},
        {"conf": "shop_conf_1"},
    )
