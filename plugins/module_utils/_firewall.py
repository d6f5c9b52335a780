# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: what a host's firewall lets in, and what it has to. Pure functions.

A rule is a text, ``PROTOCOL [PORT[-PORT]] from SOURCE``: ``tcp 2377 from 10.77.0.12``, ``esp from 10.77.0.12``,
``udp 4000-4009 from any``, ``any from 192.0.2.0/24``. One that the collection made ends in ``# dockyard``.
"""

from __future__ import annotations

import ipaddress
import re
from typing import NamedTuple

from ansible_collections.dockyard.swarm.plugins.module_utils._plan import change

MANAGED = ("firewalld.service", "ufw.service")
OWN = " # dockyard"
PORTS_PER_UFW_RULE = 7  # iptables' multiport takes 15, and a range counts twice
# firewalld's rules have no comment. This priority marks those of the collection, and comes before any denial.
PRIORITY = "-32377"
# Where Docker takes the networks of its bridges from, docker_gwbridge's among them, as long as daemon.json says nothing.
BRIDGES = ("172.16.0.0/12",)

# What a rich rule has besides the traffic that it is about.
AROUND = ("source", "destination", "log", "nflog", "audit", "accept", "reject", "drop")


class Rule(NamedTuple):
    """``ports`` is (first, last) or None for all, ``source`` a network or None for any."""

    protocol: str
    ports: object
    source: object
    own: bool


_RULE = re.compile(r"^([a-z][a-z0-9-]*)(?: (\d+)(?:-(\d+))?)? from (\S+)( # dockyard)?$")


def parse(text):
    """A rule's text as a :class:`Rule`; ValueError says what is wrong with it."""
    found = _RULE.match(text)
    if not found:
        raise ValueError("%r is no rule: write it as in 'tcp 2377 from 192.0.2.11'" % text)
    protocol, first, last, source, own = found.groups()
    ports = (int(first), int(last or first)) if first else None
    if ports and not (protocol in ("tcp", "udp") and 1 <= ports[0] <= ports[1] <= 65535):
        raise ValueError("%r: ports are 1 to 65535, of tcp or udp" % text)
    return Rule(protocol, ports, None if source == "any" else ipaddress.ip_network(source, strict=False), bool(own))


def text_of(rule):
    """The text of a :class:`Rule`; the only text that there is for it."""
    source = "any"
    if rule.source is not None:
        single = rule.source.prefixlen == rule.source.max_prefixlen
        source = str(rule.source.network_address if single else rule.source)
    ports = " " + _ports(rule, "-") if rule.ports else ""
    return "%s%s from %s%s" % (rule.protocol, ports, source, OWN if rule.own else "")


def covers(rule, other):
    """Whether all that ``other`` is about is also ``rule``'s."""
    if rule.protocol not in ("any", other.protocol):
        return False
    if rule.ports and not (other.ports and rule.ports[0] <= other.ports[0] and other.ports[1] <= rule.ports[1]):
        return False
    if rule.source is None or other.source is None:
        return rule.source is None
    return rule.source.version == other.source.version and other.source.subnet_of(rule.source)


def in_force(sequence):
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


def wanted_rules(host, addresses, options):
    """The rules that a host needs: ``{rules, keep}``. What runs on the host itself needs none to reach it.

    :param addresses: address by host, of all members.
    :param options: ``{managers, data_path_port, data_paths, dns_servers, dns, log_collector, log_port, logs, bridges,
        ports}``. ``dns`` and ``logs`` tell whether that role is in the play. One that is not opens nothing, yet what it had
        opened in another play is to stay open: that is ``keep``.
    """
    others = _sources(address for name, address in addresses.items() if name != host)
    paths = _sources(address for name, address in options["data_paths"].items() if name != host)
    rules, keep = [], []
    if host in addresses:
        both = list(dict.fromkeys(others + paths))  # a tunnel is set up between data paths, too
        rules += _each(["tcp 2377"] if host in options["managers"] else [], others)
        rules += _each(["tcp 7946", "udp 7946"], others)
        rules += _each(["udp %d" % options["data_path_port"], "esp"], both)
    if host in options["dns_servers"] or not options["dns"]:
        names = _each(["tcp 53", "udp 53"], others + _sources(options["bridges"] or BRIDGES))
        (rules if options["dns"] else keep).extend(names)
    if host == options["log_collector"] or not options["logs"]:
        lines = _each(["tcp %d" % options["log_port"]], others)
        (rules if options["logs"] else keep).extend(lines)
    for item in options["ports"]:
        rules += _each(["%s %s" % (item.get("protocol") or "tcp", item["port"])], item.get("sources") or ["any"])
    return {"rules": _normal(rules), "keep": _normal(keep)}


def check_ports(ports):
    """What is wrong with the ports that the user wants open, as texts."""
    problems = []
    for item in ports or []:
        for source in item.get("sources") or ["any"]:
            try:
                parse("%s %s from %s" % (item.get("protocol") or "tcp", item.get("port"), source))
            except ValueError as exc:
                problems.append("%s: give port or first-last, protocol tcp or udp, addresses or networks" % exc)
    return problems


def _sources(values):
    """Those that are addresses or networks. A host that nobody could read may have a name only, and is no member yet."""
    found = []
    for value in values:
        try:
            ipaddress.ip_network(value, strict=False)
        except ValueError:
            continue
        found.append(str(value))
    return found


def _each(heads, sources):
    return ["%s from %s" % (head, source) for head in heads for source in sources]


def _normal(texts):
    return sorted({text_of(parse(text)) for text in texts})


# --- the plan


def make_plan(facts, rules, keep=()):
    """What has to be opened and what may be closed again.

    :param facts: ``{unit, rules}`` of ``node_facts``.
    :param rules: texts that have to be in force; ``keep`` those that stay where the collection made them.
    """
    if facts["unit"] not in MANAGED:
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
            "close", name, "dockyard opened it, and nothing wants it now", before="open", after="closed", rules=texts
        )
        for name, texts in _by_port(surplus)
    ]


def _by_port(rules):
    """One entry for each port, so that a plan is as short for a hundred members as for two."""
    groups = {}
    for rule in sorted(rules, key=_order):
        name = "port %s/%s" % (_ports(rule, "-"), rule.protocol) if rule.ports else "protocol %s" % rule.protocol
        groups.setdefault(name, []).append(text_of(rule._replace(own=False)))
    return [
        ("%s from %s" % (name, ", ".join(text.rsplit(" ", 1)[1] for text in texts)), texts)
        for name, texts in groups.items()
    ]


def _order(rule):
    source = rule.source
    where = (0, 0, 0) if source is None else (source.version, int(source.network_address), source.prefixlen)
    return (rule.ports is None, rule.protocol, rule.ports or (), where)


def _ports(rule, dash):
    first, last = rule.ports
    return str(first) if first == last else "%d%s%d" % (first, dash, last)


def _split(plan):
    """The plan's rules: to open, to close."""
    return [
        [parse(text) for item in plan if item["do"] == verb for text in item["rules"]] for verb in ("open", "close")
    ]


# --- ufw


def read_ufw(conf, defaults, rules, rules6=""):
    """Texts of the rules in force, or None where ufw does not filter.

    :param conf: text of /etc/ufw/ufw.conf, ``defaults`` of /etc/default/ufw, ``rules`` and ``rules6`` of
        /etc/ufw/user.rules and user6.rules.
    """
    if _setting(conf, "ENABLED") != "yes":
        return None
    last = [(True, Rule("any", None, None, False))] if _setting(defaults, "DEFAULT_INPUT_POLICY") == "ACCEPT" else []
    found = in_force(_ufw_sequence(rules) + last)
    # A rule from anywhere is in both files: once is enough.
    return sorted(set(found).union(text for text in in_force(_ufw_sequence(rules6)) if " from any" not in text))


def ufw_tuples(text):
    """The rules as ufw keeps them, in order: ``{action, protocol, ports, source, narrow, own}``; incoming ones only.

    ``narrow`` rules look at more than protocol, port and source.
    """
    found = []
    for line in (text or "").splitlines():
        if not line.startswith("### tuple ### "):
            continue
        head, _sep, comment = line[14:].partition(" comment=")
        fields = head.split()
        if len(fields) < 6 or fields[0].startswith("route:") or not re.match("in(_|$)", fields[-1]):
            continue
        action, protocol, ports, target, source_port, source = fields[:6]
        found.append(
            {
                "action": action.split("_")[0],
                "protocol": protocol,
                "ports": ports,
                "source": "any" if source in ("0.0.0.0/0", "::/0") else source,
                "narrow": fields[-1] != "in" or source_port != "any" or target not in ("0.0.0.0/0", "::/0"),
                "own": _unhex(comment) == "dockyard",
            }
        )
    return found


def _ufw_sequence(text):
    sequence = []
    for item in ufw_tuples(text):
        allows = item["action"] == "allow"
        # A narrow rule may let in too little, and may deny what is needed: neither counts in its favour.
        if not (allows and item["narrow"]):
            sequence += [(allows, rule) for rule in _ufw_rules(item)]
    return sequence


def _ufw_rules(item):
    source = None if item["source"] == "any" else ipaddress.ip_network(item["source"], strict=False)
    if item["ports"] == "any":
        return [Rule(item["protocol"], None, source, item["own"])]
    protocols = ("tcp", "udp") if item["protocol"] == "any" else (item["protocol"],)
    spans = [[int(part) for part in span.split(":")] for span in item["ports"].split(",")]
    return [Rule(name, (span[0], span[-1]), source, item["own"]) for name in protocols for span in spans]


def ufw_commands(plan, rules, rules6=""):
    """The arguments of each call of ufw: few calls, since each costs seconds on a small machine.

    New rules go first in ufw's list, where no denial is before them, and are there before old ones are taken away.
    """
    opened, closed = _split(plan)
    tuples = ufw_tuples(rules) + ufw_tuples(rules6)
    both = in_force(_ufw_sequence(rules)) + in_force(_ufw_sequence(rules6))
    active = [rule for rule in map(parse, both) if rule.own]
    groups = dict.fromkeys((rule.protocol, _ufw_source(rule)) for rule in opened + closed)
    commands = []
    for protocol, source in groups:
        group = [
            item for item in tuples if (item["protocol"], item["source"]) == (protocol, source) and not item["narrow"]
        ]
        own = {item["ports"] for item in group if item["own"] and item["action"] == "allow"}
        # What is behind a denial and not to be opened is not wanted.
        ports = _ufw_ports(active, protocol, source) - _ufw_ports(closed, protocol, source)
        fresh = _ufw_ports(opened, protocol, source)
        wanted = set(_chunks(ports | fresh))
        # ufw takes a second rule of the same ports for the first one: what is there under another verb, or behind a
        # denial, goes before.
        for item in group:
            if item["ports"] in wanted and (item["ports"] not in own or fresh & set(item["ports"].split(","))):
                commands.append(["delete", item["action"]] + _ufw_spec(protocol, source, item["ports"]))
                own.discard(item["ports"])
        commands += [
            ["prepend", "allow"] + _ufw_spec(protocol, source, text) + ["comment", "dockyard"]
            for text in sorted(wanted - own)
        ]
        commands += [["delete", "allow"] + _ufw_spec(protocol, source, text) for text in sorted(own - wanted)]
    return [list(item) for item in dict.fromkeys(map(tuple, commands))]


def _ufw_source(rule):
    return text_of(rule).split(" from ")[1].split()[0]


def _ufw_ports(rules, protocol, source):
    mine = [rule for rule in rules if (rule.protocol, _ufw_source(rule)) == (protocol, source)]
    return {_ports(rule, ":") if rule.ports else "any" for rule in mine}


def _chunks(ports):
    """Ports as ufw writes them into one rule, several where they are many; all ports are a rule of their own."""
    rest = sorted(ports - {"any"}, key=lambda text: [int(part) for part in text.split(":")])
    found = ["any"] if "any" in ports else []
    return found + [",".join(rest[i : i + PORTS_PER_UFW_RULE]) for i in range(0, len(rest), PORTS_PER_UFW_RULE)]


def _ufw_spec(protocol, source, ports):
    return ["proto", protocol, "from", source, "to", "any"] + ([] if ports == "any" else ["port", ports])


def _setting(text, name):
    found = re.findall(r"^\s*%s\s*=\s*[\"']?([^\"'\s]*)" % name, text or "", re.MULTILINE)
    return found[-1] if found else ""


def _unhex(text):
    try:
        return bytes.fromhex(text.strip()).decode("utf-8", "replace")
    except ValueError:
        return ""


# --- firewalld


def default_zone(conf):
    """The zone of whatever no zone asks for, by the text of firewalld.conf."""
    return _setting(conf, "DefaultZone") or "public"


def read_firewalld(zone, ipset, service):
    """Texts of the rules in force in a zone, in firewalld's order: by priority, denials first, its target last.

    :param zone: the zone's file, parsed by xml.etree, or None.
    :param ipset: ``name -> parsed file`` or None; ``service`` likewise.
    """
    if zone is None:
        return []
    ordered = []
    for element in zone:
        if element.tag == "rule":
            ordered += _rich_rule(element, ipset, service)
        else:
            ordered += [(0, 1, True, Rule(*what, None, False)) for what in _what(element, service)]
    if zone.get("target") == "ACCEPT":
        ordered.append((40000, 1, True, Rule("any", None, None, False)))
    ordered.sort(key=lambda item: item[:2])
    return in_force([item[2:] for item in ordered])


def _rich_rule(element, ipset, service):
    allows = element.find("accept") is not None
    if not allows and element.find("drop") is None and element.find("reject") is None:
        return []
    source = element.find("source")
    narrow = element.find("destination") is not None or (allows and element.find("accept/limit") is not None)
    networks = [None]
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


def _networks(source, ipset):
    texts = [source.get("address")]
    if source.get("ipset"):
        entries = ipset(source.get("ipset"))
        texts = [] if entries is None else [item.text for item in entries.findall("entry")]
    found = []
    for text in texts:
        try:
            found.append(ipaddress.ip_network((text or "").strip(), strict=False))
        except ValueError:
            continue  # a port or an interface goes with it
    return found


def _what(element, service):
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


def firewalld_commands(plan):
    """The arguments of each call of firewall-cmd, which does not add and remove in one.

    For what runs first, then for what is kept: that is what the next run reads, and it says that both were done.
    """
    opened, closed = _split(plan)
    options = [["--add-rich-rule=" + _rich(rule) for rule in opened]]
    options += [["--remove-rich-rule=" + _rich(rule) for rule in closed]]
    return [kept + found for found in options if found for kept in ([], ["--permanent"])]


def _rich(rule):
    words = ["rule", 'priority="%s"' % PRIORITY]
    if rule.source is not None:
        words += ['family="ipv%d"' % rule.source.version, 'source address="%s"' % _ufw_source(rule)]
    if rule.ports:
        words.append('port port="%s" protocol="%s"' % (_ports(rule, "-"), rule.protocol))
    elif rule.protocol != "any":
        words.append('protocol value="%s"' % rule.protocol)
    return " ".join(words + ["accept"])
