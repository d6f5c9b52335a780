# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: services, secrets and configs that others made under the collection's names. Pure functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Iterable, Mapping, Optional, Tuple, TypedDict

from .._core.plan import PlanError
from .._core.swarm_objects import MANAGED

if TYPE_CHECKING:
    from .._core.facts import ApiObject, ForeignObjects, NodeFacts

    # The host that it is about, or None, and the text.
    Problem = Tuple[Optional[str], str]


class Wanted(TypedDict):
    """A service of the collection, as its role contributes it."""

    name: str
    published: list[int]  # TCP ports of the routing mesh


def foreign_objects(
    services: Iterable[ApiObject], secrets: Iterable[ApiObject], configs: Iterable[ApiObject]
) -> ForeignObjects:
    """What others made, of what the Engine lists: services with the TCP ports that they publish, and names."""
    return {
        "services": {
            item["Spec"]["Name"]: _tcp_ports((item.get("Endpoint") or {}).get("Ports") or _spec_ports(item["Spec"]))
            for item in services
            if not is_managed(item["Spec"])
        },
        "secrets": sorted(item["Spec"]["Name"] for item in secrets if not is_managed(item["Spec"])),
        "configs": sorted(item["Spec"]["Name"] for item in configs if not is_managed(item["Spec"])),
    }


def is_managed(spec: ApiObject) -> bool:
    """Whether the collection made it."""
    return MANAGED in (spec.get("Labels") or {})


def _spec_ports(spec: ApiObject) -> list[ApiObject]:
    return (spec.get("EndpointSpec") or {}).get("Ports") or []


def _tcp_ports(ports: Iterable[ApiObject]) -> list[int]:
    return sorted(
        {port["PublishedPort"] for port in ports if port.get("PublishedPort") and port.get("Protocol", "tcp") == "tcp"}
    )


def check_services(wanted: Iterable[Wanted], swarm: Mapping[str, Any], hosts: Mapping[str, NodeFacts]) -> list[Problem]:
    """Whether names and ports of the collection's services are free, or its own already.

    :param swarm: the swarm as a manager sees it; empty where there is none.
    :param hosts: facts of all hosts that were read: a port of the routing mesh is open on every one.
    """
    problems: list[Problem] = []
    foreign = (swarm.get("foreign") or {}).get("services") or {}
    own = swarm.get("services") or {}
    by_port = {port: name for name, ports in sorted(foreign.items()) for port in ports}
    by_port.update((port, name) for name, spec in sorted(own.items()) for port in _tcp_ports(_spec_ports(spec)))
    for item in wanted:
        if item["name"] in foreign:
            problems.append((None, not_ours("service", item["name"])))
            continue
        for port in map(int, item["published"]):
            user = by_port.get(port)
            if user == item["name"]:
                continue
            if user:
                text = "port %d, which service %s is to publish, is published by service %s: stop that, or choose another port"
                problems.append((None, text % (port, item["name"], user)))
                continue
            for host, facts in hosts.items():
                taken = (facts.get("listening") or {}).get(str(port))
                if taken:
                    text = (
                        "port %d, which service %s is to publish on every node, is used by another program on %s: stop that, or "
                        "choose another port (ss -ltnp 'sport = :%d'; docker ps --filter publish=%d)"
                    )
                    problems.append((host, text % (port, item["name"], ", ".join(taken), port, port)))
    return problems


def not_ours(kind: str, name: str) -> str:
    """Why something is left alone, and what can be done."""
    text = "%s %s is there and was not made by this collection, which leaves it alone: rename or remove it" % (
        kind,
        name,
    )
    if kind != "service":
        return text + " (docker %s rm %s)" % (kind, name)
    return text + ", or hand it over: docker service update --label-add %s=true %s" % (MANAGED, name)


def check_stack(want: Mapping[str, Any], actual: Mapping[str, Any]) -> None:
    """Raise a PlanError where a service, secret or config of a stack is there and is not the collection's.

    :param want: as :func:`stack.desired` gives it; ``actual`` is the ``swarm`` of node_facts, or what swarm_stack reads.
    """
    foreign = actual.get("foreign") or {}
    problems = []
    for kind in ("services", "secrets", "configs"):
        there = actual.get(kind) or {}
        for name in sorted(want[kind]):
            labelled: Any = there.get(name) if isinstance(there, dict) else None
            if labelled is not None and kind == "services":
                labelled = labelled.get("Labels") or {}
            if name in (foreign.get(kind) or ()) or (labelled is not None and MANAGED not in labelled):
                problems.append(not_ours(kind[:-1], name))
    if problems:
        raise PlanError("; ".join(problems))
