# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: the rules that a host's firewall has, and needs. Pure functions.

A rule is a text, ``PROTOCOL [PORT[-PORT]] from SOURCE``: ``tcp 2377 from 10.77.0.12``, ``esp from 10.77.0.12``,
``udp 4000-4009 from any``, ``any from 192.0.2.0/24``. One that the collection made ends in ``# dockyard``.
"""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, Any, Iterable, Mapping, NamedTuple, Optional, Sequence, TypedDict, Union, cast

from .._core.plan import change

if TYPE_CHECKING:
    from .._core.facts import FirewallFacts
    from .._core.plan import Plan

    Network = Union[ipaddress.IPv4Network, ipaddress.IPv6Network]
    Ports = tuple[int, int]
    Traffic = tuple[str, Optional[Ports]]

MANAGED_FIREWALLS = ("firewalld.service", "ufw.service")
# The unit of the collection's own rules: module _nftables.
OWN_UNIT = "dockyard-firewall.service"
OWN = " # dockyard"
# Where Docker takes the networks of its bridges from, docker_gwbridge's among them, as long as daemon.json says nothing.
BRIDGES = ("172.16.0.0/12",)


class Rule(NamedTuple):
    """``ports`` is (first, last) or None for all, ``source`` a network or None for any."""

    protocol: str
    ports: Ports | None
    source: Network | None
    own: bool


class WantedRules(TypedDict):
    """Texts of rules, and addresses; see :func:`wanted_rules`."""

    rules: list[str]
    keep: list[str]
    closed: list[str]
    members: list[str]


_RULE = re.compile(r"^([a-z][a-z0-9-]*)(?: (\d+)(?:-(\d+))?)? from (\S+)( # dockyard)?$")


def parse(text: str) -> Rule:
    """A rule's text as a :class:`Rule`; ValueError says what is wrong with it."""
    found = _RULE.match(text)
    if not found:
        raise ValueError("%r is no rule: write it as in 'tcp 2377 from 192.0.2.11'" % text)
    protocol, first, last, source, own = found.groups()
    ports = (int(first), int(last or first)) if first else None
    if ports and not (protocol in ("tcp", "udp") and 1 <= ports[0] <= ports[1] <= 65535):
        raise ValueError("%r: ports are 1 to 65535, of tcp or udp" % text)
    return Rule(protocol, ports, None if source == "any" else ipaddress.ip_network(source, strict=False), bool(own))


def text_of(rule: Rule) -> str:
    """The text of a :class:`Rule`; the only text that there is for it."""
    source = "any"
    if rule.source is not None:
        single = rule.source.prefixlen == rule.source.max_prefixlen
        source = str(rule.source.network_address if single else rule.source)
    ports = " " + ports_of(rule, "-") if rule.ports else ""
    return "%s%s from %s%s" % (rule.protocol, ports, source, OWN if rule.own else "")


def covers(rule: Rule, other: Rule) -> bool:
    """Whether all that ``other`` is about is also ``rule``'s."""
    if rule.protocol not in ("any", other.protocol):
        return False
    if rule.ports and not (other.ports and rule.ports[0] <= other.ports[0] and other.ports[1] <= rule.ports[1]):
        return False
    if rule.source is None or other.source is None:
        return rule.source is None
    return rule.source.version == other.source.version and other.source.subnet_of(cast("Any", rule.source))


def in_force(sequence: Iterable[tuple[bool, Rule]]) -> list[str]:
    """What is let in, where the first rule that fits counts: texts of the allowed ones that no denial comes before.

    :param sequence: ``(allows, rule)`` in the order in which the firewall looks at them.
    """
    denied, allowed = [], set()
    for allows, rule in sequence:
        if not allows:
            denied.append(rule)
        elif not any(covers(item, rule) for item in denied):
            allowed.add(text_of(rule))
    return sorted(allowed)


# --- what is wanted


def wanted_rules(host: str, addresses: Mapping[str, str], options: Mapping[str, Any]) -> WantedRules:
    """What a host has to let in: ``{rules, keep, closed, members}``. What runs on the host itself needs no rule to reach it.

    ``closed`` are the swarm's ports, closed for all sources without a rule, and ``members`` the addresses of the others.

    :param addresses: address by host, of all members.
    :param options: ``{managers, data_path_port, data_paths, bridges, ports, served, kept}``. ``served`` are the ports of the
        play's roles, each ``{port, protocol, hosts, from}``, and ``ports`` the user's own. A role that is not in the play opens
        nothing, yet what it had opened in another play is to stay open: its ports are ``kept``, which makes ``keep``.
    """
    others = _sources(address for name, address in addresses.items() if name != host)
    paths = _sources(address for name, address in options["data_paths"].items() if name != host)
    both = list(dict.fromkeys(others + paths))  # a tunnel is set up between data paths, too
    rules, keep, closed = [], [], []
    if host in addresses:
        heads = ["tcp 2377", "tcp 7946", "udp 7946"], ["udp %s" % options["data_path_port"], "esp"]
        rules += _each(heads[0] if host in options["managers"] else heads[0][1:], others) + _each(heads[1], both)
        closed = _each(heads[0] + heads[1], ["any"])
    groups = {"members": others, "containers": _sources(options["bridges"] or BRIDGES)}
    for item in options["served"]:
        if host in item.get("hosts", [host]):
            rules += _each([_head(item)], _clients(item, groups))
    for item in options["kept"]:
        keep += _each([_head(item)], _clients(item, groups))
    for item in options["ports"]:
        rules += _each([_head(item)], item.get("sources") or ["any"])
    return {"rules": _normal(rules), "keep": _normal(keep), "closed": closed, "members": both}


def check_ports(ports: Iterable[Mapping[str, Any]] | None) -> list[str]:
    """What is wrong with the ports that the user wants open, as texts."""
    problems = []
    for item in ports or []:
        for source in item.get("sources") or ["any"]:
            try:
                parse("%s %s from %s" % (item.get("protocol") or "tcp", item.get("port"), source))
            except ValueError as exc:
                problems.append("%s: give port or first-last, protocol tcp or udp, addresses or networks" % exc)
    return problems


def check_backend(backend: str | None, published: str | None, firewall: Mapping[str, Any] | None) -> list[str]:
    """What is wrong with the choice of a firewall, as texts: a host has one, and ufw and firewalld do not see published ports.

    :param backend: false where no rules are wanted.
    :param firewall: ``{unit}`` of ``node_facts``.
    """
    unit = (firewall or {}).get("unit")
    if published == "declared" and backend != "nftables":
        text = "closes no published port without swarm_host_firewall_backend: nftables: set that too, or set this one to open"
        return ["option swarm_host_firewall_published: declared " + text]
    if backend != "nftables" or unit not in MANAGED_FIREWALLS:
        return []
    return [
        "option swarm_host_firewall_backend: nftables, and %s runs: switch it off (%s), or set the option to auto, which "
        "lets the swarm through it"
        % (unit, "ufw disable" if unit == "ufw.service" else "systemctl disable --now %s" % unit)
    ]


def _sources(values: Iterable[str]) -> list[str]:
    """Those that are addresses or networks. A host that could not be read may have a name only, and is no member yet."""
    found = []
    for value in values:
        try:
            ipaddress.ip_network(value, strict=False)
        except ValueError:
            continue
        found.append(str(value))
    return found


def _each(heads: Sequence[str], sources: Sequence[str]) -> list[str]:
    return ["%s from %s" % (head, source) for head in heads for source in sources]


def _head(item: Mapping[str, Any]) -> str:
    return "%s %s" % (item.get("protocol") or "tcp", item["port"])


def _clients(item: Mapping[str, Any], groups: Mapping[str, list[str]]) -> list[str]:
    """Who reaches a port that a role serves: ``members``, ``containers``, ``any``, or addresses and networks."""
    return [source for name in item.get("from", ["members"]) for source in groups.get(name, [name])]


def _normal(texts: Iterable[str]) -> list[str]:
    return sorted({text_of(parse(text)) for text in texts})


# --- the plan


def make_plan(facts: FirewallFacts, rules: Iterable[str], keep: Iterable[str] = ()) -> Plan:
    """What has to be opened and what may be closed again.

    :param facts: ``{unit, rules}`` of ``node_facts``.
    :param rules: texts that have to be in force; ``keep`` those that stay where the collection made them.
    """
    if facts["unit"] not in MANAGED_FIREWALLS:
        return []
    have = {text: parse(text) for text in facts["rules"]}
    plain = {text_of(rule._replace(own=False)) for rule in have.values()}
    wanted = {text_of(rule): rule for rule in map(parse, rules)}
    stay = set(wanted).union(text_of(parse(text)) for text in keep)
    missing = [
        rule
        for text, rule in wanted.items()
        if text not in plain and not any(covers(item, rule) for item in have.values() if not item.own)
    ]
    surplus = [rule for rule in have.values() if rule.own and text_of(rule._replace(own=False)) not in stay]
    return [
        change("open", name, "closed by %s" % facts["unit"], before="closed", after="open", rules=texts)
        for name, texts in _by_port(missing)
    ] + [
        change(
            "close", name, "dockyard opened it, and it is no longer needed", before="open", after="closed", rules=texts
        )
        for name, texts in _by_port(surplus)
    ]


def _by_port(rules: Iterable[Rule]) -> list[tuple[str, list[str]]]:
    """One entry for each port, so that a plan is as short for a hundred members as for two."""
    groups: dict[str, list[str]] = {}
    for rule in sorted(rules, key=_order):
        name = "port %s/%s" % (ports_of(rule, "-"), rule.protocol) if rule.ports else "protocol %s" % rule.protocol
        groups.setdefault(name, []).append(text_of(rule._replace(own=False)))
    return [
        ("%s from %s" % (name, ", ".join(text.rsplit(" ", 1)[1] for text in texts)), texts)
        for name, texts in groups.items()
    ]


def _order(rule: Rule) -> tuple[bool, str, tuple[int, ...], tuple[int, int, int]]:
    source = rule.source
    where = (0, 0, 0) if source is None else (source.version, int(source.network_address), source.prefixlen)
    return (rule.ports is None, rule.protocol, rule.ports or (), where)


def ports_of(rule: Rule, dash: str) -> str:
    """The ports of a rule that has some, as one text."""
    first, last = cast("Ports", rule.ports)
    return str(first) if first == last else "%d%s%d" % (first, dash, last)


def split(plan: Plan) -> list[list[Rule]]:
    """The plan's rules: to open, to close."""
    return [
        [parse(text) for item in plan if item["do"] == verb for text in item["rules"]] for verb in ("open", "close")
    ]


def source_of(rule: Rule) -> str:
    """The source of a rule, as one text."""
    return text_of(rule).split(" from ")[1].split()[0]


def setting(text: str | None, name: str) -> str:
    """What a file of ``name=value`` says last."""
    found = re.findall(r"^\s*%s\s*=\s*[\"']?([^\"'\s]*)" % name, text or "", re.MULTILINE)
    return found[-1] if found else ""
