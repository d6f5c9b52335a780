# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: the routing mesh's rules of iptables on this host, read and restored."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from .._core.engine_api import Engine, EngineError
from .._core.plan import ApplyError
from . import routing_mesh
from .published_ports import BRIDGE

if TYPE_CHECKING:
    from .._core.facts import MeshFacts
    from .._core.plan import Plan


def read() -> MeshFacts | None:
    """As :func:`routing_mesh.read` where something has removed rules."""
    return routing_mesh.read(True)


def apply(_plan: Plan, _state: MeshFacts | None) -> None:
    """Restore the rules, and check that they are in force."""
    address = _address()
    ports = routing_mesh.published(routing_mesh.listed("mangle", routing_mesh.SANDBOX))
    nat, filters = routing_mesh.listed("nat") or "", routing_mesh.listed("filter") or ""
    for words in routing_mesh.repairs(ports, address, nat, filters):
        done = subprocess.run(
            ["iptables", "-w", "10"] + words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
        )
        if done.returncode:
            said = done.stdout.decode("utf-8", "replace").strip()
            raise ApplyError("iptables %s: %s" % (" ".join(words), said))
    left = routing_mesh.make_plan(read())
    if left:
        raise ApplyError("iptables took the rules, and yet: %s" % "; ".join(item["to"] for item in left))


def _address() -> str:
    """The address of the routing mesh on this node's bridge."""
    try:
        containers = Engine().get("/networks/%s" % BRIDGE)["Containers"]
        address: str = containers["ingress-sbox"]["IPv4Address"].split("/")[0]
        return address
    except (EngineError, KeyError) as exc:
        raise ApplyError("the Engine does not tell where its routing mesh is: %s" % exc) from exc
