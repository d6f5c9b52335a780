# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: what role swarm_engine makes of its options, and its plan. Pure, and for the controller."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any, Iterable, Mapping

from . import proxies, unit_environment
from .engine_plan import engine_plan

if TYPE_CHECKING:
    from .._core.facts import NodeFacts

ETC = "/etc/dockyard/engine"
# The one authority in the folder ``pki`` of the clients' secrets, and this one certificate, sign and open the API.
CLIENT = "client"
LOGGING_UNIT = "/etc/systemd/system/dockyard-logging.service"
ROTATED_FILES = {"log-driver": "json-file", "log-opts": {"max-size": "50m", "max-file": "5"}}
DEFAULTS = {"live-restore": False, "max-concurrent-downloads": 10, "shutdown-timeout": 30}
DATA_ROOT = "/var/lib/docker"
# Options that roles contribute and whose order says nothing.
UNORDERED = ("dns", "insecure-registries")


def make_role_plan(
    facts: NodeFacts, install: Mapping[str, Any], settings: Mapping[str, Any], check_mode: bool = False
) -> dict[str, Any]:
    """The host's plan as :func:`engine_plan` has it, with what it leads to: ``{…, wanted, beforehand, rules_missing}``.

    ``wanted`` is what :func:`wanted_of` gives. ``beforehand`` are those of its ``options`` and ``remove`` that dockerd can be
    asked about before the change: a new data-root would leave data behind that is yet to be moved, and check mode makes no
    certificates.

    :param install: what :func:`install.wanted` gives.
    """
    wanted = wanted_of(facts, settings)
    plan = engine_plan(
        facts, install, wanted["options"], wanted["remove"], settings["archives"], wanted["environment"],
        wanted["files"], settings["nodes"],
    )  # fmt: skip
    later = {"data-root"} if plan["data"] else set()
    if check_mode and plan["files"]:
        later |= set(_api_options(settings["api"]))
    plan["wanted"] = wanted
    plan["beforehand"] = {
        "options": {name: value for name, value in wanted["options"].items() if name not in later},
        "remove": [name for name in wanted["remove"] if name not in later],
    }
    # Only a restart brings rules back that somebody took out of the kernel.
    mesh = facts.get("mesh")
    plan["rules_missing"] = bool(mesh and not mesh["engine"])
    return plan


def wanted_of(facts: NodeFacts, settings: Mapping[str, Any]) -> dict[str, Any]:
    """What the daemon is to have: ``{options, remove, environment, files}``.

    :param settings: ``options``, ``remove`` and ``environment`` of the user, which win; ``contributed``, the daemon options that
        other roles of the play want; ``registries``, those of the cluster, which are asked without a proxy; ``data_link``;
        ``registry_cas``; ``api``, empty where it is not served by TCP, else its ``port`` and the texts ``ca``, ``certificate``
        and ``key``.
    """
    given, api = settings["options"], settings["api"]
    # A play without role swarm_logging leaves to the daemon what that role wants of it.
    logs = {} if LOGGING_UNIT in facts["files"] else ROTATED_FILES
    options: dict[str, Any] = {} if "log-driver" in settings["contributed"] else dict(logs)
    options.update(DEFAULTS)
    options.update(_in_present_order(settings["contributed"], facts["daemon"]["options"] or {}))
    options.update(_api_options(api))
    options.update(given)
    remove = list(settings["remove"])
    if settings["data_link"] and given.get("data-root", DATA_ROOT) != DATA_ROOT:
        # With a link in its stead, daemon.json has no data-root.
        del options["data-root"]
        remove.append("data-root")
    if not api and (facts["daemon"]["options"] or {}).get("tlskey") == ETC + "/server.key":
        # Where the role opened the socket, it closes it, too.
        remove += [name for name in _api_options({"port": 0}) if name not in given]
    registries = settings.get("registries") or []
    return {
        "options": proxies.own_options(options, registries),
        "remove": remove,
        "environment": dict(
            _api_environment(api),
            **proxies.own_environment(
                {name: str(value) for name, value in settings["environment"].items()}, registries
            ),
        ),
        "files": _registry_files(settings["registry_cas"]) + _api_files(api),
    }


def _in_present_order(wanted: Mapping[str, Any], present: Mapping[str, Any]) -> dict[str, Any]:
    """What other roles want; a list of servers stays in the order that the daemon runs with, since a change restarts it."""
    found = dict(wanted)
    for name in UNORDERED:
        servers, there = wanted.get(name), present.get(name)
        if (
            isinstance(there, list)
            and isinstance(servers, list)
            and sorted(map(str, there)) == sorted(map(str, servers))
        ):
            found[name] = there
    return found


def expected(settings: Mapping[str, Any]) -> dict[str, Any]:
    """What a host is to have, without anything secret: names of daemon options, and whether there are proxies.

    :param settings: see :func:`wanted_of`.
    """
    nothing: Any = {"files": {}, "daemon": {"options": {}}}
    wanted = wanted_of(nothing, settings)
    environment, own = wanted["environment"], wanted["options"].get("proxies")
    return {
        "options": sorted(wanted["options"]),
        "remove": wanted["remove"],
        "environment": {
            name: unit_environment.shown(name, environment[name])
            for name in unit_environment.PROXIES
            if name in environment
        },
        "proxies": {name: unit_environment.shown(name, own[name]) for name in own} if isinstance(own, dict) else {},
    }


def _api_options(api: Mapping[str, Any]) -> dict[str, Any]:
    if not api:
        return {}
    return {
        "hosts": ["fd://", "tcp://0.0.0.0:%s" % api["port"]],
        "tlsverify": True,
        "tlscacert": ETC + "/ca.crt",
        "tlscert": ETC + "/server.crt",
        "tlskey": ETC + "/server.key",
    }


def _api_environment(api: Mapping[str, Any]) -> dict[str, str]:
    """dockerd reads certificates only when it starts: by this, a renewed one is a change that restarts it."""
    if not api:
        return {}
    return {"DOCKYARD_API_CERTIFICATE": hashlib.sha256((api["ca"] + api["certificate"]).encode()).hexdigest()[:16]}


def _api_files(api: Mapping[str, Any]) -> list[dict[str, Any]]:
    if not api:
        return []
    return [
        {"path": ETC + "/server.key", "content": api["key"], "mode": "0600"},
        {"path": ETC + "/ca.crt", "content": api["ca"], "mode": "0644"},
        {"path": ETC + "/server.crt", "content": api["certificate"], "mode": "0644"},
    ]


def _registry_files(authorities: Mapping[str, str]) -> list[dict[str, Any]]:
    """The authorities of registries, which the Engine reads at each pull."""
    return [
        {
            "path": "/etc/docker/certs.d/%s/ca.crt" % registry,
            "content": text,
            "mode": "0644",
            "present": bool(text),
        }
        for registry, text in authorities.items()
    ]


def certificate_name(host: str) -> str:
    """The name of a host's certificate on the controller."""
    return "engine-" + re.sub("[^a-z0-9-]+", "-", host.lower())


def certificates(
    hosts: Mapping[str, NodeFacts], addresses: Mapping[str, str], domain: str
) -> dict[str, list[dict[str, Any]]]:
    """The certificates of the API by who shows them, ``{hosts, clients}``; none where no host serves it.

    Each host has a key of its own, and the clients share one.

    :param hosts: host -> facts of those that serve the API and that were read. Another host keeps its certificate as it is.
    :param addresses: host -> address.
    """
    servers = [
        {
            "name": certificate_name(host),
            "usage": "server",
            "names": [facts["machine"]["hostname"], addresses[host], "localhost", "127.0.0.1"],
        }
        for host, facts in hosts.items()
    ]
    client = {"name": CLIENT, "usage": "client", "names": ["engine-client.%s" % domain]}
    return {"hosts": servers, "clients": [client] if servers else []}


def stopped(states: Mapping[str, Mapping[str, Any] | None], hosts: Iterable[str]) -> list[str]:
    """Of ``hosts`` those whose Engine did not run when they were read: members that the swarm misses.

    :param states: host -> facts, None where it was not read.
    """
    return [host for host in hosts if ((states[host] or {}).get("swarm") or {}).get("state") == "stopped"]
