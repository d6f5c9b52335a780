# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: ports of the swarm that another process has on a host without a swarm. Pure functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .._core.facts import Listener, NodeFacts

DATA_PATH_PORT = 4789


def owner(item: Listener) -> str:
    """The process that listens, in words."""
    return "%s (process %d)" % (item["process"] or "a program", item["pid"]) if item["pid"] else "another program"


def owners_of_port_53(facts: NodeFacts) -> dict[str, str]:
    """The processes that listen on port 53, by address, as far as they are known."""
    return {item["address"]: owner(item) for item in facts.get("listeners") or [] if item["port"] == 53 and item["pid"]}


def check_ports(facts: NodeFacts, manager: bool, data_path_port: int) -> list[str]:
    """Ports that the swarm is to have, and somebody else has."""
    if facts["swarm"]["state"] not in ("inactive", "stopped"):
        return []
    wanted = {("tcp", 7946), ("udp", 7946)}
    wanted |= {("tcp", 2377)} if manager else set()
    wanted |= {("udp", DATA_PATH_PORT)} if data_path_port == DATA_PATH_PORT else set()
    found: dict[str, list[str]] = {}
    for item in facts.get("listeners") or []:
        if (item["protocol"], item["port"]) in wanted:
            found.setdefault(owner(item), []).append("%s %d" % (item["protocol"], item["port"]))
    return [
        "%s listens on %s, which the swarm needs: stop it, or move it to another port"
        % (name, ", ".join(dict.fromkeys(ports)))
        for name, ports in found.items()
    ]
