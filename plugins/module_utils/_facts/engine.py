# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: the facts of the Engine; never a token, key or secret."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._core.engine_api import Engine, EngineError
from .._core.unfinished import IMAGES
from .._core.wait import wait_for
from .._networks.network_facts import read_configs

if TYPE_CHECKING:
    from .._core.facts import ApiObject, EngineFacts

# Seconds in which a node that was just started finds its managers, and managers elect their leader.
PATIENCE = 60


def read_engine(active: bool, engine: Engine | None = None) -> tuple[EngineFacts, ApiObject]:
    """The daemon: ``{running, version, api, info, proxy, images, configs}``; without ``running`` the rest is empty.

    An image whose load was interrupted is left out: the Engine lists it, but its files may be empty.

    :param active: whether its unit runs. A stopped one is not asked: its socket would start it again.
    """
    engine = engine or Engine()
    empty: EngineFacts = {
        "running": False, "version": None, "api": None, "info": {}, "proxy": None, "images": {}, "configs": {},
    }  # fmt: skip
    if not active:
        return empty, {}
    try:
        info = _settled_info(engine)
        version = engine.get("/version")
        images = engine.get("/images/json")
        configs = read_configs(engine)
    except EngineError:
        return empty, {}
    pending = IMAGES.names()
    facts: EngineFacts = {
        "running": True,
        "version": info.get("ServerVersion"),
        "api": version.get("ApiVersion"),
        "info": {
            "data_root": info.get("DockerRootDir"),
            "storage_driver": info.get("Driver"),
            "log_driver": info.get("LoggingDriver"),
            "cgroup_driver": info.get("CgroupDriver"),
            "live_restore": info.get("LiveRestoreEnabled"),
            "registry_mirrors": (info.get("RegistryConfig") or {}).get("Mirrors") or [],
            "containers": info.get("Containers"),
            "containers_running": info.get("ContainersRunning"),
            "images": info.get("Images"),
        },
        # Not the proxy itself, which may have a password.
        "proxy": {"https": True, "except": info.get("NoProxy") or ""} if info.get("HttpsProxy") else None,
        "images": {tag: image["Id"] for image in images for tag in image.get("RepoTags") or [] if tag not in pending},
        "configs": configs,
    }
    return facts, info.get("Swarm") or {}


def _settled_info(engine: Engine) -> ApiObject:
    """``GET /info``, once the node's swarm state is no longer ``pending``, or after a minute."""
    seen: ApiObject = {}

    def settled() -> bool:
        seen.update(engine.get("/info"))
        return (seen.get("Swarm") or {}).get("LocalNodeState") != "pending"

    wait_for(settled, PATIENCE)
    return seen
