# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: whether the Engine reaches registries of the cluster itself, or by a proxy. Pure functions.

As Go's httpproxy and dockerd do it: option ``proxies`` of daemon.json goes before the environment, upper case before lower case.
"""

from __future__ import annotations

import ipaddress
import os
from typing import TYPE_CHECKING, Any, Iterable, Mapping, Sequence

from .daemon_json import DROP_IN
from .unit_environment import EXCEPT, HTTPS

if TYPE_CHECKING:
    from .._core.facts import ConfigLine, NodeFacts

UNIT_DROP_INS = "docker.service.d"


def bypassed(no_proxy: str, address: str) -> bool:
    """Whether a list of exceptions has a registry, ``name:port``."""
    name, _sep, port = address.lower().rpartition(":")
    if name == "localhost" or name.startswith("127."):
        return True
    for item in no_proxy.lower().replace(",", " ").split():
        if item == "*" or ("/" in item and _in_network(name, item)):
            return True
        entry, sep, only = item.partition(":")
        if sep and only != port:
            continue
        entry = entry[1:] if entry.startswith("*.") else entry
        if name == entry or name.endswith(entry if entry.startswith(".") else "." + entry):
            return True
    return False


def _in_network(name: str, network: str) -> bool:
    try:
        return ipaddress.ip_address(name) in ipaddress.ip_network(network, strict=False)
    except ValueError:  # a name: Go does not look up addresses for this
        return False


def with_exceptions(no_proxy: str, registries: Iterable[str]) -> str:
    """A list of exceptions, with those of the registries that it does not have."""
    lacking = [address.rpartition(":")[0] for address in registries if not bypassed(no_proxy, address)]
    return ",".join([no_proxy] * bool(no_proxy) + list(dict.fromkeys(lacking)))


def own_environment(environment: Mapping[str, Any], registries: Sequence[str]) -> dict[str, Any]:
    """The wanted environment of the daemon; where it has a proxy, with exceptions for the registries."""
    wanted = dict(environment)
    if registries and any(wanted.get(name) for name in HTTPS):
        name = next((name for name in EXCEPT if wanted.get(name)), EXCEPT[0])
        wanted[name] = with_exceptions(str(wanted.get(name) or ""), registries)
    return wanted


def own_options(options: Mapping[str, Any], registries: Sequence[str]) -> dict[str, Any]:
    """The wanted options of daemon.json; where they have a proxy, with exceptions for the registries."""
    wanted, own = dict(options), options.get("proxies")
    if registries and isinstance(own, dict) and own.get("https-proxy"):
        wanted["proxies"] = dict(own, **{"no-proxy": with_exceptions(own.get("no-proxy") or "", registries)})
    return wanted


def check(
    facts: NodeFacts, environment: Mapping[str, Any], options: Mapping[str, Any], registries: Iterable[str]
) -> list[str]:
    """Registries that the Engine would ask a proxy for, since somebody else than the collection sets one.

    :param environment: what the collection writes, as :func:`own_environment` gives it; ``options`` what daemon.json has then.
    """
    own = options.get("proxies")
    set_by_options: Mapping[str, Any] = own if isinstance(own, dict) else {}
    lines = {item["name"]: item for item in facts["daemon"].get("proxies") or []}
    unit = facts["units"].get("docker.service")
    unit_path = unit["path"] if unit else ""
    proxy = (set_by_options.get("https-proxy") and "daemon.json") or _place(HTTPS, environment, lines, unit_path)
    runs_with = facts["engine"].get("proxy") or {}
    if not proxy and runs_with.get("https"):
        proxy = "the environment of the running Engine"
    if not proxy:
        return []
    exceptions = str(set_by_options.get("no-proxy") or _value(EXCEPT, environment, lines, unit_path) or "")
    if not exceptions and proxy.startswith("the environment"):
        exceptions = str(runs_with.get("except") or "")
    return [
        "%s sets a proxy for the Engine, which would ask it for %s: add %s to NO_PROXY there, or set HTTPS_PROXY and NO_PROXY in "
        "swarm_engine_environment" % (proxy, address, address.rpartition(":")[0])
        for address in registries
        if not bypassed(exceptions, address)
    ]


def _place(
    names: Iterable[str], environment: Mapping[str, Any], lines: Mapping[str, ConfigLine], unit_path: str
) -> str | None:
    for name in names:
        line = lines.get(name)
        if line and line["value"] and _is_foreign(name, line["path"], environment, unit_path):
            return "%s, line %d" % (line["path"], line["line"])
        if environment.get(name):
            return "swarm_engine_environment"
    return None


def _value(
    names: Iterable[str], environment: Mapping[str, Any], lines: Mapping[str, ConfigLine], unit_path: str
) -> Any:
    for name in names:
        line = lines.get(name)
        value = (
            line["value"] if line and _is_foreign(name, line["path"], environment, unit_path) else environment.get(name)
        )
        if value:
            return value
    return None


def _is_foreign(name: str, path: str, environment: Mapping[str, Any], unit_path: str) -> bool:
    """Whether a line that sets a variable counts, beside what the collection's drop-in is to set."""
    if path == DROP_IN:
        return False
    if name not in environment:
        return True
    if os.path.basename(os.path.dirname(path)) == UNIT_DROP_INS:
        return os.path.basename(path) > os.path.basename(DROP_IN)
    return path != unit_path  # a file that the unit names
