# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: what ufw lets in, by its files, and the commands that change this. Pure functions."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, Any, Iterable, Mapping

from .firewall import Rule, in_force, parse, ports_of, setting, source_of, split

if TYPE_CHECKING:
    from .._core.plan import Plan

PORTS_PER_RULE = 7  # iptables' multiport takes 15, and a range counts twice


def read(conf: str | None, defaults: str | None, rules: str | None, rules6: str | None = "") -> list[str] | None:
    """Texts of the rules in force, or None where ufw does not filter.

    :param conf: text of /etc/ufw/ufw.conf, ``defaults`` of /etc/default/ufw, ``rules`` and ``rules6`` of
        /etc/ufw/user.rules and user6.rules.
    """
    if setting(conf, "ENABLED") != "yes":
        return None
    last = [(True, Rule("any", None, None, False))] if setting(defaults, "DEFAULT_INPUT_POLICY") == "ACCEPT" else []
    found = in_force(_sequence(rules) + last)
    # A rule from anywhere is in both files: once is enough.
    return sorted(set(found).union(text for text in in_force(_sequence(rules6)) if " from any" not in text))


def tuples_of(text: str | None) -> list[dict[str, Any]]:
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


def _sequence(text: str | None) -> list[tuple[bool, Rule]]:
    sequence = []
    for item in tuples_of(text):
        allows = item["action"] == "allow"
        # A narrow rule may let in too little, and may deny what is needed: neither counts in its favour.
        if not (allows and item["narrow"]):
            sequence += [(allows, rule) for rule in _rules(item)]
    return sequence


def _rules(item: Mapping[str, Any]) -> list[Rule]:
    source = None if item["source"] == "any" else ipaddress.ip_network(item["source"], strict=False)
    if item["ports"] == "any":
        return [Rule(item["protocol"], None, source, item["own"])]
    protocols = ("tcp", "udp") if item["protocol"] == "any" else (item["protocol"],)
    spans = [[int(part) for part in span.split(":")] for span in item["ports"].split(",")]
    return [Rule(name, (span[0], span[-1]), source, item["own"]) for name in protocols for span in spans]


def commands(plan: Plan, rules: str | None, rules6: str | None = "") -> list[list[str]]:
    """The arguments of each call of ufw: few calls, since each costs seconds on a small machine.

    New rules go first in ufw's list, where no denial is before them, and are added before old ones are removed.
    """
    opened, closed = split(plan)
    tuples = tuples_of(rules) + tuples_of(rules6)
    both = in_force(_sequence(rules)) + in_force(_sequence(rules6))
    active = [rule for rule in map(parse, both) if rule.own]
    groups = dict.fromkeys((rule.protocol, source_of(rule)) for rule in opened + closed)
    calls = []
    for protocol, source in groups:
        group = [
            item for item in tuples if (item["protocol"], item["source"]) == (protocol, source) and not item["narrow"]
        ]
        own = {item["ports"] for item in group if item["own"] and item["action"] == "allow"}
        # What is behind a denial and not to be opened is not wanted.
        ports = _ports(active, protocol, source) - _ports(closed, protocol, source)
        fresh = _ports(opened, protocol, source)
        wanted = set(_chunks(ports | fresh))
        # ufw takes a second rule of the same ports for the first one: what is there under another verb, or behind a
        # denial, goes before.
        for item in group:
            if item["ports"] in wanted and (item["ports"] not in own or fresh & set(item["ports"].split(","))):
                calls.append(["delete", item["action"]] + _spec(protocol, source, item["ports"]))
                own.discard(item["ports"])
        calls += [
            ["prepend", "allow"] + _spec(protocol, source, text) + ["comment", "dockyard"]
            for text in sorted(wanted - own)
        ]
        calls += [["delete", "allow"] + _spec(protocol, source, text) for text in sorted(own - wanted)]
    return [list(item) for item in dict.fromkeys(map(tuple, calls))]


def _ports(rules: Iterable[Rule], protocol: str, source: str) -> set[str]:
    mine = [rule for rule in rules if (rule.protocol, source_of(rule)) == (protocol, source)]
    return {ports_of(rule, ":") if rule.ports else "any" for rule in mine}


def _chunks(ports: set[str]) -> list[str]:
    """Ports as ufw writes them into one rule, several where they are many; all ports are a rule of their own."""
    rest = sorted(ports - {"any"}, key=lambda text: [int(part) for part in text.split(":")])
    found = ["any"] if "any" in ports else []
    return found + [",".join(rest[i : i + PORTS_PER_RULE]) for i in range(0, len(rest), PORTS_PER_RULE)]


def _spec(protocol: str, source: str, ports: str) -> list[str]:
    return ["proto", protocol, "from", source, "to", "any"] + ([] if ports == "any" else ["port", ports])


def _unhex(text: str) -> str:
    try:
        return bytes.fromhex(text.strip()).decode("utf-8", "replace")
    except ValueError:
        return ""
