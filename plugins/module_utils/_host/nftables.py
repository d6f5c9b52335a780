# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: nftables rules of the collection's own, for hosts without a firewall of theirs. Pure functions.

They are one table, and filter some ports by source; all other ports stay open. They see packets before the Engine's rules forward
those to published ports, so that they filter published ports as they do the host's own.
"""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, Any, Iterable, Sequence

from .firewall import OWN_UNIT, covers, parse, text_of

if TYPE_CHECKING:
    from .firewall import Network, Ports, Traffic, WantedRules

    Sources = list[Network | None]

PATH = "/etc/dockyard/nftables.conf"
UNIT_PATH = "/etc/systemd/system/" + OWN_UNIT
# What was loaded, and how the kernel lists it: shows whether the rules were changed since.
LOADED = "/run/dockyard-firewall/loaded"
LIST = ("nft", "-s", "list", "table", "inet", "dockyard")
# Packets that come in by these are from this host.
HERE = 'iifname { "lo", "docker0", "docker_gwbridge" }'

_HEAD = """\
# Written by dockyard.swarm: which sources may reach which ports of this node. All other ports are open.
table inet dockyard
delete table inet dockyard
table inet dockyard {
    chain prerouting {
        # Before nat, which turns published ports into those of containers.
        type filter hook prerouting priority -110; policy accept;
        %s accept
        ct direction reply accept
        fib daddr type != local accept
"""
_PUBLISHED = """\
    }
    chain published {
        # After nat: what the Engine forwards to containers. Declared ports were filtered above.
        type filter hook forward priority -10; policy accept;
        %s accept
        ct direction reply accept
"""
_TO_CONTAINERS = 'oifname { "docker0", "docker_gwbridge" } ct status dnat'
_TAIL = """\
    }
}
"""

# In force before there is a network.
UNIT_TEXT = """\
# Written by dockyard.swarm
[Unit]
Description=Firewall rules of this swarm node
DefaultDependencies=no
Conflicts=shutdown.target
Wants=network-pre.target
Before=network-pre.target shutdown.target docker.service
After=nftables.service

[Service]
Type=oneshot
RemainAfterExit=yes
RuntimeDirectory=dockyard-firewall
ExecStart={load}
ExecReload={load}
ExecStop=/usr/sbin/nft "add table inet dockyard; delete table inet dockyard"

[Install]
WantedBy=sysinit.target
""".format(
    load="/bin/sh -c 'nft -f {path} && (sha256sum <{path} && {show}) >{loaded}'".format(
        path=PATH, show=" ".join(LIST), loaded=LOADED
    )
)

# nftables.service removes all rules whenever it starts, reloads or stops.
DROP_IN = "/etc/systemd/system/nftables.service.d/dockyard-firewall.conf"
DROP_IN_TEXT = """\
# Written by dockyard.swarm: restores the rules that this service removes
[Service]
ExecStartPost=-{load}
ExecReload=-{load}
ExecStopPost=-{load}
""".format(load="/usr/sbin/nft -f " + PATH)

# All that there is on the disk, besides the rules.
UNIT_FILES = {UNIT_PATH: UNIT_TEXT, DROP_IN: DROP_IN_TEXT}


def ruleset(wanted: WantedRules, have: Iterable[str] = (), published: str = "open") -> str:
    """The text for ``nft -f``, which puts all of it in force at once.

    :param wanted: as :func:`firewall.wanted_rules` gives it. The ports of its rules and of ``closed`` are closed
        for all sources without a rule.
    :param have: texts of the rules that are there: what ``keep`` is about is kept of them.
    :param published: ``declared`` closes published ports that no rule is about, but for the members.
    """
    there = [parse(text) for text in have]
    rules = [parse(text) for text in wanted["rules"]]
    rules += [rule for rule in map(parse, wanted["keep"]) if any(covers(item, rule) for item in there)]
    sources_of: dict[Traffic, Sources] = {(rule.protocol, rule.ports): [] for rule in map(parse, wanted["closed"])}
    for rule in rules:
        sources_of.setdefault((rule.protocol, rule.ports), []).append(rule.source)
    ordered = sorted(sources_of.items(), key=lambda item: (item[0][0], item[0][1] or ()))
    # All that is let in comes before all that is not: ranges may overlap.
    lines = [line for traffic, sources in ordered for line in _accepts(traffic, sources)]
    lines += ["%s counter drop" % _match(traffic) for traffic, sources in ordered if None not in sources]
    text = _HEAD % HERE + _indented(lines)
    if published == "declared":
        text += _PUBLISHED % HERE + _indented(_published(ordered, wanted["members"]))
    return text + _TAIL


def _indented(lines: Iterable[str]) -> str:
    return "".join("        %s\n" % line for line in lines)


def _accepts(traffic: Traffic, sources: Sources) -> list[str]:
    if None in sources:
        return ["%s accept" % _match(traffic)]
    return ["%s %s accept" % (_match(traffic), addresses) for addresses in _addresses(sources)]


def _addresses(sources: Iterable[Any]) -> list[str]:
    """Where packets may come from, for each version of IP; joined, since nft takes no intervals that overlap."""
    found = []
    for version, word in ((4, "ip"), (6, "ip6")):
        mine = ipaddress.collapse_addresses({source for source in sources if source.version == version})
        texts = [str(item.network_address if item.prefixlen == item.max_prefixlen else item) for item in mine]
        if texts:
            found.append("%s saddr { %s }" % (word, ", ".join(texts)))
    return found


def _match(traffic: Traffic) -> str:
    protocol, ports = traffic
    if not ports:
        return "meta l4proto %s" % protocol
    return "%s dport %s" % (protocol, _span(ports))


def _span(ports: Ports) -> str:
    return "%d" % ports[0] if ports[0] == ports[1] else "%d-%d" % ports


def _published(ordered: Sequence[tuple[Traffic, Sources]], members: Iterable[str]) -> list[str]:
    """What passes to containers: declared ports, which were filtered before, and all ports from members."""
    lines = []
    for protocol in ("tcp", "udp"):
        spans = [ports for (name, ports), _sources in ordered if name == protocol and ports]
        if spans:
            texts = ", ".join(map(_span, _joined(spans)))
            lines.append("%s meta l4proto %s ct original proto-dst { %s } accept" % (_TO_CONTAINERS, protocol, texts))
    sources = [parse("any from %s" % member).source for member in members]
    lines += ["%s %s accept" % (_TO_CONTAINERS, addresses) for addresses in _addresses(sources)]
    return lines + ["%s counter drop" % _TO_CONTAINERS]


def _joined(spans: Iterable[Ports]) -> list[Ports]:
    """Ranges without overlaps."""
    found: list[Ports] = []
    for first, last in sorted(spans):
        if found and first <= found[-1][1]:
            found[-1] = (found[-1][0], max(last, found[-1][1]))
        else:
            found.append((first, last))
    return found


_ACCEPT = re.compile(
    r"^(?:meta l4proto ([a-z0-9-]+)|(tcp|udp) dport (\d+(?:-\d+)?))(?: ip6? saddr \{ (.*) \})? accept$"
)


def read(text: str | None) -> list[str]:
    """Texts of the rules that a :func:`ruleset` has, as of any firewall."""
    found: set[str] = set()
    for line in (text or "").partition("chain published")[0].splitlines():
        match = _ACCEPT.match(line.strip())
        if match:
            protocol, other, ports, sources = match.groups()
            head = "%s %s" % (other, ports) if other else protocol
            found.update("%s from %s # dockyard" % (head, source) for source in (sources or "any").split(", "))
    return sorted(text_of(parse(rule)) for rule in found)
