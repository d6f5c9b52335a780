# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: what a host has that keeps it from serving names, or from asking for them. Pure functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Collection, Iterable, Mapping

if TYPE_CHECKING:
    from .._core.facts import ConfigLine, NodeFacts

NETWORK_MANAGER = "NetworkManager.service"
SERVERS = "or let another host serve names (swarm_dns_servers)"


def check_server(facts: NodeFacts, bind: str, upstreams_given: bool) -> list[str]:
    """What is wrong with files of dnsmasq that are not ours on a host that is to serve names.

    :param bind: ``dynamic`` or ``interfaces``, how our own file has it bind.
    :param upstreams_given: whether the servers for other names are options, and no file of the host's has them.
    """
    dns: Mapping[str, Any] = facts["dns"]
    lines: Iterable[ConfigLine] = dns.get("dnsmasq") or []
    found = [
        "%s, line %d: %s: %s: remove the line, %s" % (item["path"], item["line"], _said(item), why, SERVERS)
        for item in lines
        for why in [_why(item, bind, upstreams_given)]
        if why
    ]
    error = dns.get("dnsmasq_error")
    if error and not found and "dockyard" not in error:
        found.append("dnsmasq does not accept its own files: %s: correct them, %s" % (error, SERVERS))
    return found


def _said(item: ConfigLine) -> str:
    return item["name"] if item["value"] is None else "%s=%s" % (item["name"], item["value"])


def _why(item: ConfigLine, bind: str, upstreams_given: bool) -> str | None:
    name, value = item["name"], item["value"]
    if name in ("bind-dynamic", "bind-interfaces") and name != "bind-%s" % bind:
        return "dnsmasq does not start with this and with bind-%s of the collection's file" % bind
    if name == "cache-size":
        return "dnsmasq does not start with two of these: set swarm_dns_cache_size"
    if name == "port" and value != "53":
        return "dnsmasq would not answer on port 53"
    if name == "auth-server":
        return "dnsmasq would refuse queries"
    if name in ("no-resolv", "resolv-file") and not upstreams_given:
        return "dnsmasq would not ask the host's former servers for other names (or list them in swarm_dns_upstreams)"
    return None


def check_resolver(facts: NodeFacts, servers: Collection[str]) -> list[str]:
    """What keeps a host's resolver from being sent to the cluster's servers; nothing where it is there already.

    :param servers: their addresses.
    """
    dns = facts["dns"]
    found: Mapping[str, Any] | None = dns.get("resolv_conf")
    if not found:
        return []
    leave = "or leave the host's resolver alone (swarm_dns_manage_resolver: false)"
    if found["dangling"]:
        return [
            "/etc/resolv.conf is a link to %s, which does not exist, so the host finds no names: start what writes it, or put a "
            "file in its place, %s" % (found["dangling"], leave)
        ]
    if not found["exists"]:
        return [
            "/etc/resolv.conf does not exist, so the host finds no names: create it with its name servers, %s" % leave
        ]
    if found["immutable"] and not set(dns["resolvers"] or [""]) <= set(servers):
        return ["/etc/resolv.conf cannot be changed, it is immutable: chattr -ia /etc/resolv.conf, %s" % leave]
    return []


def managed(facts: NodeFacts) -> bool:
    """Whether a host's own queries are sent to the cluster's servers."""
    return bool((facts.get("expects") or {}).get("resolver"))


def undone_by(read: Mapping[str, NodeFacts]) -> list[str]:
    """Hosts on which another program writes the resolver's file again, later."""
    hosts = [host for host, facts in read.items() if managed(facts) and _network_manager_writes(facts)]
    if not hosts:
        return []
    return [
        "%s: NetworkManager writes /etc/resolv.conf again when an address is renewed, and names of the cluster are not found "
        "until the next run: put `[main]` and `dns=none` into /etc/NetworkManager/conf.d/dns.conf, and reload it"
        % ", ".join(hosts)
    ]


def _network_manager_writes(facts: NodeFacts) -> bool:
    unit = facts["units"].get(NETWORK_MANAGER)
    dns: Mapping[str, Any] = facts["dns"]
    writer = (dns.get("resolv_conf") or {}).get("writer") or ""
    return bool(unit and unit["active"] == "active" and writer.lower() == "networkmanager")
