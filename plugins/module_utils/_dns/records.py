# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: DNS records as users write them, what they mean and what is wrong with them. All pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Iterable, Mapping

from .._core.options import typed
from .names import address_family, canonical, check_name, expand, reverse_name

if TYPE_CHECKING:
    Record = Mapping[str, Any]
    Placed = tuple[str, Record]

TYPES = ("A", "AAAA", "CNAME", "PTR", "SRV", "TXT", "MX")
EXTRA = {"CNAME": ("ttl",), "SRV": ("port", "priority", "weight"), "MX": ("priority",)}
# Types of the keys. A person may write a number as a name or a text, and numbers may come as text.
_TYPES: Mapping[str, Any] = {
    **{key: {"type": "str"} for key in ("name", "type", "value")},
    **{key: {"type": "int"} for key in ("priority", "weight", "port", "ttl")},
}
KEYS = ("name", "type", "value", "priority", "weight", "port", "ttl")
# dnsmasq reads its configuration in lines of at most this many bytes and splits a longer one silently.
LINE_LIMIT = 1000


def typed_records(records: Iterable[Record]) -> list[dict[str, Any]]:
    """Checked values of option swarm_dns_records with the types of their keys."""
    return [typed(record, {"type": "dict", "options": _TYPES}) for record in records]


def check_records(
    records: object, domain: str = "", option: str = "records", known: Iterable[str] | None = None
) -> list[str]:
    """Everything that is wrong with a list of records, as sentences that name record, option and remedy.

    :param domain: the domain in which names without dots are expanded.
    :param option: the name of the variable or option that holds the list.
    :param known: further names that dnsmasq will know. None: not all are known here, so that targets of CNAME
        records are not looked for.
    """
    if not isinstance(records, (list, tuple)):
        return ["%s: is not a list; give a list of dictionaries with name, type and value" % option]
    problems = []
    good = []
    for index, record in enumerate(records):
        if not isinstance(record, dict):
            problems.append("%s[%d]: %r is not a dictionary; give name, type and value" % (option, index, record))
            continue
        where = "%s[%d] (%s)" % (option, index, record.get("name", "without a name"))
        found = _check_record(record)
        problems += ["%s: %s" % (where, text) for text in found]
        if not found:
            good.append((where, record))
    return problems + _check_together(good, domain, known)


def _check_record(record: Record) -> list[str]:
    """What is wrong with one record by itself."""
    unknown = sorted(set(record) - set(KEYS))
    problems = ["%s: is unknown; known are %s" % (key, ", ".join(KEYS)) for key in unknown]
    kind = record.get("type")
    if kind not in TYPES:
        return problems + ["type: %r is unknown; use one of %s" % (kind, ", ".join(TYPES))]
    name: Any = record.get("name")
    value = record.get("value")
    is_reverse = isinstance(name, str) and (address_family(name) or name.rstrip(".").endswith(".arpa"))
    text = None if name == "@" or (address_family(name) and kind == "PTR") else check_name(name)
    if text:
        problems.append("name: %s" % text)
    elif address_family(name) and kind != "PTR":
        problems.append("name: %r is an address; give a name, or use type PTR" % name)
    elif kind == "PTR" and not is_reverse:
        problems.append("name: %r is no address; give the address that the name in value belongs to" % name)
    elif kind == "SRV" and not re.match(r"_[^.]+\._[^.]+(\.|\Z)", name):
        problems.append("name: %r names no service; write it as _service._tcp or _service._udp" % name)
    problems += _check_value(kind, value)
    return problems + _check_extra(kind, record)


def _check_value(kind: str, value: Any) -> list[str]:
    if kind == "TXT":
        if not isinstance(value, str) or not value:
            return ["value: is empty; give a text"]
        if any(ord(char) < 32 or ord(char) == 127 for char in value):
            return ["value: has a control character, such as a line break; leave it out"]
        if len(txt(value).encode("utf-8", "surrogateescape")) > LINE_LIMIT - 270:
            return ["value: is longer than dnsmasq reads; keep it below 700 bytes or make it several records"]
        return []
    if kind in ("A", "AAAA"):
        family = 4 if kind == "A" else 6
        found = address_family(value)
        if found and found != family:
            return ["value: %s is an IPv%d address; use type %s" % (value, found, "A" if found == 4 else "AAAA")]
        return [] if found else ["value: %r is a malformed address; give an IPv%d address" % (value, family)]
    if address_family(value):
        return ["value: %s is an address; give a name%s" % (value, ", or use type A" if kind == "CNAME" else "")]
    text = None if value == "@" else check_name(value)
    return ["value: %s" % text] if text else []


def _check_extra(kind: str, record: Record) -> list[str]:
    problems = []
    for key in ("priority", "weight", "port", "ttl"):
        value = record.get(key)
        if value is None:
            continue
        if key not in EXTRA.get(kind, ()):
            having = " and ".join(name for name in TYPES if key in EXTRA.get(name, ()))
            problems.append("%s: a %s record has none, only %s; leave it out" % (key, kind, having))
            continue
        low, high = (1 if key == "port" else 0), (2**31 - 1 if key == "ttl" else 65535)
        number = as_number(value)
        if number is None or not low <= number <= high:
            problems.append("%s: %r is not a number from %d to %d" % (key, value, low, high))
    if kind == "SRV" and record.get("port") is None:
        problems.append("port: is missing; an SRV record needs the port of its service")
    return problems


def _check_together(good: Iterable[Placed], domain: str, known: Iterable[str] | None) -> list[str]:
    """What is wrong with records that are fine one by one."""
    problems = []
    by_name: dict[str, list[Placed]] = {}
    seen: dict[tuple[Any, ...], str] = {}
    aliases: dict[str, tuple[str, str]] = {}
    for where, record in good:
        name = owner(record, domain)
        by_name.setdefault(name, []).append((where, record))
        key = (record["type"], name) + _data(record, domain)
        if key in seen:
            problems.append("%s: is the same as %s; remove one" % (where, seen[key]))
        seen.setdefault(key, where)
    for name, items in by_name.items():
        for where, record in items:
            if record["type"] != "CNAME":
                continue
            others = [text for text, other in items if other is not record]
            if others:
                problems.append(
                    "%s: a CNAME record stands alone, yet %s has the same name; rename or remove one"
                    % (where, others[0])
                )
            aliases[name] = (where, expand(record["value"], domain))
    there = None if known is None else set(by_name) | {expand(name, domain) for name in known}
    for where, target in aliases.values():
        passed = set()
        while target in aliases and target not in passed:
            passed.add(target)
            target = aliases[target][1]
        if target in passed:
            problems.append("%s: value: leads in a circle by %s; let one of them name a host" % (where, target))
        elif there is not None and target not in there:
            problems.append(
                "%s: value: %s is none of the records, and dnsmasq follows a CNAME only to names of its own; "
                "add a record for it or use type A" % (where, target)
            )
    return problems


def owner(record: Record, domain: str) -> str:
    """The full name that a record belongs to."""
    if record["type"] == "PTR" and address_family(record["name"]):
        return reverse_name(record["name"])
    return expand(record["name"], domain)


def _data(record: Record, domain: str) -> tuple[Any, ...]:
    """What a record says, in the form in which equal ones are equal."""
    kind = record["type"]
    if kind in ("A", "AAAA"):
        return (canonical(record["value"]),)
    if kind == "TXT":
        return (record["value"],)
    extra = () if kind == "CNAME" else tuple(as_number(record.get(key) or 0) for key in EXTRA.get(kind, ()))
    return (expand(record["value"], domain),) + extra


def as_number(value: Any) -> int | None:
    """A whole number that is not negative, given as such or as text, else None."""
    if isinstance(value, bool) or not re.match(r"\d+\Z", str(value)):
        return None
    return int(value)


def txt(value: str) -> str:
    """A text as dnsmasq reads it: quoted, in pieces of at most 255 bytes, the most that DNS has in one string."""
    pieces, size = [""], 0
    for char in value:
        width = len(char.encode("utf-8", "surrogateescape"))
        if size + width > 255:
            pieces.append("")
            size = 0
        pieces[-1] += "\\" + char if char in '"\\' else char
        size += width
    return ",".join('"%s"' % piece for piece in pieces)
