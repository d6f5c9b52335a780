# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: what role swarm_dns adds to the module: records of the hosts, resolver files, its plan.

All pure, and for the controller: no module imports it.
"""

from __future__ import annotations

import hashlib
import re
from itertools import permutations
from typing import TYPE_CHECKING, Any, Callable, Collection, Iterable, Mapping

from .._core.config_files import missing_packages
from .._core.ip import by_number, in_order
from .._core.plan import PlanError, change
from .dnsmasq import MODE, PENDING, check_port, make_plan
from .dnsmasq_files import HEADER
from .names import address_family, expand

if TYPE_CHECKING:
    from .._core.config_files import Facts
    from .._core.plan import Plan

RESOLV_CONF = "/etc/resolv.conf"
RESOLVED_PENDING = "/etc/dockyard/resolved.pending"
# The last of all drop-ins: lists of servers add up, and of other settings the last one counts.
RESOLVED_STUB = "/etc/systemd/resolved.conf.d/zz-dockyard-stub.conf"
RESOLVED_DNS = "/etc/systemd/resolved.conf.d/zz-dockyard.conf"


def automatic_records(
    hosts: Mapping[str, str], names: Mapping[str, Iterable[str]], domain: str, records: Iterable[Any] = ()
) -> list[dict[str, str]]:
    """Records of the hosts (name -> address) and of further names (name -> addresses), without the user's ``records``.

    A name that the user has records for is left to the user, and a host whose address is empty has none. Hosts come first, since
    the first name of an address is the one that a reverse lookup finds. Otherwise they are in the order of addresses, and not of
    the inventory.
    """
    taken = {expand(item.get("name", ""), domain) for item in records if isinstance(item, dict)}
    wanted = []
    known = {host: address for host, address in hosts.items() if address}
    for host, address in sorted(known.items(), key=lambda item: (by_number(item[1]), item[0])):
        wanted += [(name, address) for name in host_names([host], domain)]
    for name, addresses in sorted(names.items()):
        wanted += [(expand(name, domain), address) for address in in_order(addresses)]
    made = [
        {"name": name, "type": "AAAA" if address_family(address) == 6 else "A", "value": address}
        for name, address in wanted
        if name not in taken
    ]
    return [item for index, item in enumerate(made) if item not in made[:index]]


def host_names(hosts: Iterable[str], domain: str) -> list[str]:
    """The full names of hosts; one that the inventory names by its address has none."""
    names = [host.lower() for host in hosts if not address_family(host)]
    return [name if not domain or name.endswith("." + domain) else "%s.%s" % (name, domain) for name in names]


def named_addresses(names: Iterable[Mapping[str, Any]], address_of: Callable[[str], str]) -> dict[str, list[str]]:
    """Addresses by name, of names that lead to hosts. One that is an address itself needs no record.

    :param names: ``[{name, hosts}]``; a name that is there twice leads to the hosts of both.
    :param address_of: function that gives a host's address, empty where it is not known.
    """
    found: dict[str, list[str]] = {}
    for item in names:
        if address_family(item["name"]):
            continue
        known = found.setdefault(item["name"], [])
        known += [address for address in map(address_of, item["hosts"]) if address and address not in known]
    return found


def stub_text() -> str:
    """The drop-in that takes port 53 from systemd-resolved's stub."""
    return HEADER + "[Resolve]\nDNSStubListener=no\n"


def resolved_text(resolvers: Iterable[str]) -> str:
    """The drop-in that sends systemd-resolved's queries to the cluster's servers alone: an empty list comes first."""
    return HEADER + "[Resolve]\nDNS=\nDNS=%s\nDomains=~.\n" % " ".join(resolvers)


def resolv_conf_text(text: str, resolvers: Iterable[str]) -> str:
    """A resolv.conf with other name servers; everything else in it stays."""
    kept = [line for line in text.splitlines() if not re.match(r"\s*nameserver\s", line) and line + "\n" != HEADER]
    return HEADER + "".join("%s\n" % line for line in kept + ["nameserver %s" % item for item in resolvers])


def upstreams_text(text: str, own: Collection[str]) -> str:
    """The name servers of a resolv.conf without the cluster's own and without loopback ones: what lies upstream."""
    rows = [line.split() for line in text.splitlines()]
    found = [row[1] for row in rows if len(row) > 1 and row[0] == "nameserver"]
    usable = [item for item in found if item not in own and not item.startswith("127.") and item != "::1"]
    if not usable:
        raise PlanError(
            "swarm_dns_upstreams: the host has no name server of its own to send other names to (found: %s); list some"
            % (", ".join(found) or "none")
        )
    return HEADER + "".join("nameserver %s\n" % item for item in usable)


def make_role_plan(node: Facts, wanted: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What role swarm_dns has to do on a host, from ``node_facts``; each change has its ``stage``, server or resolver.

    ``wanted``: ``serve``, ``manage_resolver``, ``packages``, ``resolvers`` (addresses, in the order in which this host
    asks them), ``settings`` (the module's options; the service is dnsmasq).
    """
    uses_resolved = _active(node, "systemd-resolved.service")
    link = (node["files"].get(RESOLV_CONF) or {}).get("link") or ""
    linked = uses_resolved and "systemd/resolve/" in link
    plan: list[dict[str, Any]] = []
    if wanted["serve"]:
        plan += [dict(item, stage="server") for item in _server_plan(node, wanted, uses_resolved, link)]
    if wanted["manage_resolver"]:
        plan += [dict(item, stage="resolver") for item in _resolver_plan(node, wanted, linked)]
    return plan


def _active(node: Facts, name: str) -> bool:
    return bool((node["units"].get(name) or {}).get("active") == "active")


def _server_plan(node: Facts, wanted: Mapping[str, Any], uses_resolved: bool, link: str) -> Plan:
    settings = wanted["settings"]
    unit = node["units"].get("dnsmasq.service")
    problems = check_port(node["dns"]["port_53"], settings["listen_addresses"], unit, option="swarm_dns_servers")
    if problems:
        raise PlanError("; ".join(problems))
    plan = missing_packages(node, wanted["packages"])
    upstreams_file = settings["upstreams_file"]
    if not settings["upstreams"] and upstreams_file and upstreams_file not in node["files"]:
        why = "other names go to the servers that the host has asked so far"
        plan.append(change("write", upstreams_file, why, None, "as found"))
    if uses_resolved:
        if link.endswith("stub-resolv.conf"):
            plan.append(change("link", RESOLV_CONF, "port 53 is for dnsmasq", link, "/run/systemd/resolve/resolv.conf"))
        running = "127.0.0.53" in node["dns"]["port_53"]
        plan += _drop_in(node, RESOLVED_STUB, stub_text(), "port 53 is for dnsmasq", running)
    files = node["files"]
    state = {
        "conf": files.get(settings["conf_path"]),
        "hosts": files.get(settings["hosts_path"]),
        "unit": unit,
        "service": "dnsmasq.service",
        "pending": "restart" if settings["hosts_path"] + PENDING in files else None,
    }
    return plan + make_plan(settings, state)


def _drop_in(node: Facts, path: str, text: str, why: str, stale: bool) -> Plan:
    """A drop-in of systemd-resolved that is not right, or that it does not run with yet."""
    found = node["files"].get(path)
    right = found and found["sha256"] == hashlib.sha256(text.encode()).hexdigest() and found["mode"] == MODE
    if right and not stale and RESOLVED_PENDING not in node["files"]:
        return []
    says = ", ".join(line for line in text.splitlines()[2:] if not line.endswith("="))
    return [change("write", path, why, "other" if found else None, says, text=text)]


def resolvers(servers: Iterable[str], own: str = "") -> list[str]:
    """The servers in the order in which a host asks them: a server itself first, then by address."""
    return list(dict.fromkeys(([own] if own else []) + in_order(servers)))


def _resolver_plan(node: Facts, wanted: Mapping[str, Any], linked: bool) -> Plan:
    servers, now = wanted["resolvers"], node["dns"]["resolvers"]
    why = "names of the cluster are answered by its own servers"
    if linked:
        kept = _kept_order(node, servers, wanted["serve"])
        return _drop_in(node, RESOLVED_DNS, resolved_text(kept), why, False)
    found = node["files"].get(RESOLV_CONF)
    # Of two servers it does not matter which is asked first, but that a server asks itself.
    first = not wanted["serve"] or now[:1] == servers[:1]
    if found and not found["link"] and first and sorted(now) == sorted(servers[:3]) and found["mode"] == MODE:
        return []
    return [change("write", RESOLV_CONF, why, ", ".join(now), ", ".join(servers[:3]))]


def _kept_order(node: Facts, servers: list[str], serve: bool) -> list[str]:
    """The servers in the order that the drop-in has them in, if it has these; only its hash is known."""
    found = (node["files"].get(RESOLVED_DNS) or {}).get("sha256")
    head, rest = (servers[:1], servers[1:]) if serve else ([], servers)
    if found and len(rest) <= 5:
        for order in permutations(rest):
            if hashlib.sha256(resolved_text([*head, *order]).encode()).hexdigest() == found:
                return [*head, *order]
    return servers
