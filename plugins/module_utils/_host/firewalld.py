# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: what firewalld lets in, by its files, and the commands that change this. Pure functions."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, Any, Callable, Iterable, Optional, Sequence

from .firewall import Rule, in_force, ports_of, setting, source_of, split

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from .._core.facts import ConfigLine
    from .._core.plan import Plan
    from .firewall import Network, Traffic

    Lookup = Callable[[Optional[str]], Optional[Element]]

# Its rules have no comment. This priority marks those of the collection, and comes before any denial.
PRIORITY = "-32377"
# What a rich rule has besides the traffic that it is about.
AROUND = ("source", "destination", "log", "nflog", "audit", "accept", "reject", "drop")


def default_zone(conf: str | None) -> str:
    """The default zone, by the text of firewalld.conf."""
    return setting(conf, "DefaultZone") or "public"


def flushes(conf: str | None, direct: str | None) -> bool:
    """Whether its reload removes all rules of iptables, the Engine's included.

    :param conf: the text of firewalld.conf, ``direct`` of direct.xml.
    """
    return setting(conf, "FirewallBackend") == "iptables" or bool(
        re.search(r"<(rule|chain|passthrough)\b", direct or "")
    )


def other_zones(zones: Iterable[tuple[str, str]], default: str) -> list[ConfigLine]:
    """Interfaces and sources that the administrator has put into another zone than the default one, in which ports are opened.

    A zone that lets everything in is left out.

    :param zones: path and text of each zone's file.
    """
    found: list[ConfigLine] = []
    for path, text in zones:
        name = path.rsplit("/", 1)[-1][: -len(".xml")]
        if name == default or re.search(r"<zone\b[^>]*\btarget=.ACCEPT", text):
            continue
        for number, line in enumerate(text.splitlines(), 1):
            for kind, value in re.findall(r"<(interface|source)\s+(?:name|address)=[\"']([^\"']+)", line):
                if kind == "interface" or not re.search(r"<rule\b", line):
                    found.append({"path": path, "line": number, "name": "%s %s" % (kind, value), "value": name})
    return found


def check_zones(zones: Iterable[ConfigLine], interface: str | None, members: Iterable[str]) -> list[str]:
    """What is wrong where packets of members come into another zone than the one in which ports are opened: texts.

    :param interface: the one that has the host's address; ``members`` the other hosts' addresses.
    """
    problems = []
    for item in zones:
        kind, _sep, value = item["name"].partition(" ")
        if value == interface if kind == "interface" else _has_one(value, members):
            problems.append(
                "%s, line %d puts %s into zone %s of firewalld, and the swarm's ports are opened in its default zone: "
                "firewall-cmd --permanent --zone=%s --remove-%s=%s, and reload it, or make that zone the default one"
                % (item["path"], item["line"], item["name"], item["value"], item["value"], kind, value)
            )
    return problems


def _has_one(network: str, addresses: Iterable[str]) -> bool:
    try:
        whole = ipaddress.ip_network(network, strict=False)
        return any(ipaddress.ip_address(address) in whole for address in addresses)
    except ValueError:  # a hardware address, or a set of addresses
        return False


def read(zone: Element | None, ipset: Lookup, service: Lookup) -> list[str]:
    """Texts of the rules in force in a zone, in firewalld's order: by priority, denials first, its target last.

    :param zone: the zone's file, parsed by xml.etree, or None.
    :param ipset: ``name -> parsed file`` or None; ``service`` likewise.
    """
    if zone is None:
        return []
    ordered: list[tuple[int, int, bool, Rule]] = []
    for element in zone:
        if element.tag == "rule":
            ordered += _rich_rule(element, ipset, service)
        else:
            ordered += [(0, 1, True, Rule(*what, None, False)) for what in _what(element, service)]
    if zone.get("target") == "ACCEPT":
        ordered.append((40000, 1, True, Rule("any", None, None, False)))
    ordered.sort(key=lambda item: item[:2])
    return in_force([item[2:] for item in ordered])


def _rich_rule(element: Element, ipset: Lookup, service: Lookup) -> list[tuple[int, int, bool, Rule]]:
    allows = element.find("accept") is not None
    if not allows and element.find("drop") is None and element.find("reject") is None:
        return []
    source = element.find("source")
    narrow = element.find("destination") is not None or (allows and element.find("accept/limit") is not None)
    networks: Sequence[Network | None] = [None]
    if source is not None:
        narrow = narrow or source.get("invert") in ("true", "yes", "1") or source.get("mac") is not None
        networks = _networks(source, ipset)
    if narrow and (allows or source is not None):
        return []
    priority = element.get("priority") or "0"
    what = [found for part in element for found in _what(part, service)]
    if all(part.tag in AROUND for part in element):
        what = [("any", None)]
    own = allows and priority == PRIORITY
    # No denial counts as being before the collection's own: no further attempt could get it in front of one.
    place = -40000 if own else int(priority)
    return [(place, int(allows), allows, Rule(*item, network, own)) for item in what for network in networks]


def _networks(source: Element, ipset: Lookup) -> list[Network]:
    texts = [source.get("address")]
    if source.get("ipset"):
        entries = ipset(source.get("ipset"))
        texts = [] if entries is None else [item.text for item in entries.findall("entry")]
    found: list[Network] = []
    for text in texts:
        try:
            found.append(ipaddress.ip_network((text or "").strip(), strict=False))
        except ValueError:
            continue  # a port or an interface goes with it
    return found


def _what(element: Any, service: Lookup) -> list[Traffic]:
    """(protocol, ports) of a port, a protocol, or a service's file."""
    if element.tag == "protocol":
        return [(element.get("value"), None)]
    if element.tag == "port":
        if not element.get("port"):
            return [(element.get("protocol"), None)]
        ports = [int(part) for part in element.get("port").split("-")]
        return [(element.get("protocol"), (ports[0], ports[-1]))]
    parsed = service(element.get("name")) if element.tag == "service" else None
    if parsed is None or parsed.find("destination") is not None:
        return []
    return [found for part in parsed if part.tag in ("port", "protocol") for found in _what(part, service)]


def commands(plan: Plan) -> list[list[str]]:
    """The arguments of each call of firewall-cmd, which does not add and remove in one.

    For what runs first, then for what is kept: that is what the next run reads, and it says that both were done.
    """
    opened, closed = split(plan)
    options = [["--add-rich-rule=" + _rich(rule) for rule in opened]]
    options += [["--remove-rich-rule=" + _rich(rule) for rule in closed]]
    return [kept + found for found in options if found for kept in ([], ["--permanent"])]


def _rich(rule: Rule) -> str:
    words = ["rule", 'priority="%s"' % PRIORITY]
    if rule.source is not None:
        words += ['family="ipv%d"' % rule.source.version, 'source address="%s"' % source_of(rule)]
    if rule.ports:
        words.append('port port="%s" protocol="%s"' % (ports_of(rule, "-"), rule.protocol))
    elif rule.protocol != "any":
        words.append('protocol value="%s"' % rule.protocol)
    return " ".join(words + ["accept"])
