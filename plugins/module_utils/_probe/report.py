# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: whether every path between the hosts is open, from what they sent and heard. Pure functions.

A finding is about one path between two hosts. Equal ones are merged into one row ``{sources, targets, paths, found, remedy}``.
``remedy`` is None where all is well, ``targets`` is empty where it is about a host itself.
"""

from __future__ import annotations

import hashlib
import statistics
from typing import TYPE_CHECKING, Any, Collection, Iterable, Mapping, Sequence

from .._core.ip import is_address
from .._host.firewall import MANAGED_FIREWALLS, OWN_UNIT
from . import packets

if TYPE_CHECKING:
    ProbePlan = Mapping[str, Any]
    Peer = Mapping[str, Any]
    Results = Mapping[str, Mapping[str, Any]]
    Row = dict[str, Any]

# Seconds that clocks may differ by. The load of hosts delays what is measured, not more than by tenths.
CLOCKS = 1.0
ALL_WELL = "ok"
# How many hosts are named before "and N more".
NAMED = 6
# How many hosts each one sends large packets to.
MEASURED = 20


def probe_plan(
    hosts: Iterable[str],
    addresses: Mapping[str, str],
    data_paths: Mapping[str, str],
    managers: Collection[str],
    data_path_port: int,
    encrypted: bool,
    started: object,
) -> dict[str, Any]:
    """What all hosts need to send packets to each other: ``{nonce, hosts, managers, data_path_port, esp}``.

    :param hosts: the hosts that take part, in order; one without an IPv4 address is left out.
    :param addresses: host -> address, ``data_paths`` likewise.
    :param encrypted: whether any network is.
    :param started: something that no other run has.
    """
    there = [host for host in hosts if _is_ipv4(addresses.get(host)) and _is_ipv4(data_paths.get(host))]
    digest = hashlib.sha256(repr(started).encode()).digest()
    return {
        "nonce": (int.from_bytes(digest[:4], "big") | 1 << 16),
        "hosts": [{"name": host, "address": addresses[host], "data_path": data_paths[host]} for host in there],
        "managers": [host for host in there if host in managers],
        "data_path_port": data_path_port,
        "esp": bool(encrypted),
    }


def peers(plan: ProbePlan, name: str) -> dict[str, Any]:
    """To whom a host sends what, ``[{index, address, data_path, tcp, udp, data_path_port, esp, sizes}]``, and its own number.

    Large packets go only to the hosts that follow it in the list: in a large cluster, all to all would be too many.
    """
    hosts = plan["hosts"]
    mine = next((index for index, host in enumerate(hosts) if host["name"] == name), None)
    if mine is None:
        return {"index": 0, "peers": []}
    return {
        "index": mine,
        "peers": [
            {
                "index": index,
                "address": host["address"],
                "data_path": host["data_path"],
                "tcp": [2377, 7946] if host["name"] in plan["managers"] else [7946],
                "udp": [7946],
                "data_path_port": plan["data_path_port"],
                "esp": plan["esp"],
                "sizes": 0 < (index - mine) % len(hosts) <= MEASURED,
            }
            for index, host in enumerate(hosts)
            if index != mine
        ],
    }


def _is_ipv4(text: str | None) -> bool:
    return text is not None and is_address(text) and ":" not in text


def paths(peer: Peer) -> list[str]:
    """The paths to one of :func:`peers`."""
    found = ["tcp %d" % port for port in peer["tcp"]] + ["udp %d" % port for port in peer["udp"]]
    return found + ["udp %d" % peer["data_path_port"]] + (["esp"] if peer["esp"] else [])


def rows(plan: ProbePlan, results: Results) -> list[Row]:
    """The findings about every pair of hosts, and about every clock.

    :param plan: a :func:`probe_plan`.
    :param results: host -> ``{sent, heard, firewall, opens}``: what :mod:`network_probe` gave, the unit of the firewall that
        runs or None, and whether role swarm_host opens it.
    """
    names = [host["name"] for host in plan["hosts"]]
    found = []
    for name in names:
        mine = peers(plan, name)
        for peer in mine["peers"]:
            found += _pair(name, names[peer["index"]], mine["index"], peer, results)
    return _merged(found + _clocks(names, results))


def _pair(source: str, target: str, index: int, peer: Peer, results: Results) -> list[Row]:
    sent, there = results[source].get("sent"), results[target]

    def finding(what: str, found: str, remedy: str | None, **more: Any) -> Row:
        return dict(_finding(source, target, what, found, remedy), **more)

    if sent is None or there.get("heard") is None:
        silent = source if sent is None else target
        return [finding("everything", "not tried: %s did not take part" % silent, "see its error")]
    errors = _of(sent["errors"], peer["index"]) or {}
    if "route" in errors:
        return [
            finding(
                "everything", "{sources} cannot send there: %s" % errors["route"], "give {sources} a route to {targets}"
            )
        ]
    heard = _of(there["heard"], index) or {"paths": {}, "sizes": {}}
    if not heard["paths"] and not errors:
        return [
            finding(
                "everything",
                "nothing arrives",
                "check what lies between, and whether {targets} has the address %s" % peer["address"],
            )
        ]
    found = []
    for path in paths(peer):
        how_far = heard["paths"].get(path)
        if how_far == packets.ARRIVED:
            found.append(finding(path, ALL_WELL, None))
        elif how_far == packets.FILTERED:
            opens = there.get("firewall") in MANAGED_FIREWALLS + (OWN_UNIT,) and bool(there.get("opens"))
            remedy = "role swarm_host opens it" if opens else "open it for {sources} on {targets}"
            firewall = there.get("firewall") or "rules of its own, or rp_filter"
            found.append(finding(path, "dropped by the firewall of {targets} (%s)" % firewall, remedy, opens=opens))
        elif path in errors:
            found.append(
                finding(path, "not sent by {sources}: %s" % errors[path], "allow it in the outgoing rules of {sources}")
            )
        else:
            remedy = "open it in what lies between: security groups, routers, switches"
            found.append(finding(path, "lost between them", remedy))
    return found + _mtu(source, target, index, peer, results)


def _mtu(source: str, target: str, index: int, peer: Peer, results: Results) -> list[Row]:
    """The MTU of a path, or what is wrong with it; nothing where it was not measured."""
    sizes = _of(results[target]["heard"], index)["sizes"]
    largest = max(sizes.values(), default=0)
    mine = _of(results[source]["sent"]["mtus"], peer["index"])
    theirs = _of((results[target].get("sent") or {"mtus": {}})["mtus"], index)
    if not peer["sizes"] or not largest or not mine or not theirs:
        return []
    if mine != theirs:
        text = "interfaces of MTU %d in {sources} and %d in {targets}" % (mine, theirs)
        return [_finding(source, target, "MTU", text, "give both the same")]
    if largest >= mine:
        return [_finding(source, target, "MTU %d" % mine, ALL_WELL, None)]
    remedy = "give the interfaces of both MTU %d, or repair what lies between" % largest
    if largest < packets.SMALLEST:
        largest, remedy = packets.SMALLEST - 1, "find what drops them"
    text = "packets of more than %d bytes vanish, where the interfaces have MTU %d" % (largest, mine)
    return [_finding(source, target, "MTU", text, remedy)]


def _clocks(names: Sequence[str], results: Results) -> list[Row]:
    """Hosts whose clock differs from most others; of two hosts, it is unknown which is right."""
    ahead: dict[str, float] = {}
    for first in range(len(names)):
        found = {other: _ahead(first, other, names, results) for other in range(len(names)) if other != first}
        measured = {names[other]: by for other, by in found.items() if by is not None}
        ahead = max(ahead, dict(measured, **{names[first]: 0.0}), key=len)
        if len(ahead) == len(names):
            break
    right = statistics.median_low(ahead.values()) if ahead else 0.0
    off = {host: by - right for host, by in ahead.items() if abs(by - right) > CLOCKS}
    remedy = "set it, and let role swarm_host synchronise it (swarm_host_time_sync)"
    if off and len(ahead) == 2:
        return [_finding(names[0], names[1], "clock", "the two differ by %.1f s" % abs(sum(off.values())), remedy)]
    return [
        _finding(host, None, "clock", "%.1f s %s most others" % (abs(by), "ahead of" if by > 0 else "behind"), remedy)
        for host, by in off.items()
    ]


def _ahead(first: int, other: int, names: Sequence[str], results: Results) -> float | None:
    """Seconds that the clock of another host is ahead of the first one's, or None. The travel time is in both."""
    there = _of(results[names[other]].get("heard"), first) or {}
    back = _of(results[names[first]].get("heard"), other) or {}
    if there.get("delay") is None or back.get("delay") is None:
        return None
    ahead: float = (there["delay"] - back["delay"]) / 2
    return ahead


def _of(table: Mapping[Any, Any] | None, index: int) -> Any:
    """An entry by its number, which JSON made a text."""
    return (table or {}).get(str(index), (table or {}).get(index))


def _finding(source: str, target: str | None, what: str, found: str, remedy: str | None) -> Row:
    targets = [target] if target else []
    return {"sources": [source], "targets": targets, "paths": [what], "found": found, "remedy": remedy, "opens": False}


def _merged(found: list[Row]) -> list[Row]:
    """Findings that differ in their path alone as one, then those that differ in their sources, then in their targets."""
    for part in ("paths", "sources", "targets"):
        groups: dict[tuple[str, ...], Row] = {}
        for item in found:
            key = tuple(repr(value) for name, value in item.items() if name != part)
            if key in groups:
                groups[key][part] = list(dict.fromkeys(groups[key][part] + item[part]))
            else:
                groups[key] = dict(item)
        found = list(groups.values())
    named = []
    for item in found:
        words = {part: _names(item[part]) for part in ("sources", "targets")}
        named.append(
            dict(item, found=item["found"].format(**words), remedy=item["remedy"] and item["remedy"].format(**words))
        )
    return named


def problems(found: Iterable[Row]) -> list[str]:
    """Texts of what is wrong and is not corrected by this run."""
    return [
        "%s: %s: %s: %s"
        % (
            " to ".join(filter(None, (_names(row["sources"]), _names(row["targets"])))),
            ", ".join(row["paths"]),
            row["found"],
            row["remedy"],
        )
        for row in found
        if row["remedy"] and not row["opens"]
    ]


def table(found: Iterable[Row]) -> str:
    """Rows as a table, what is wrong first."""
    lines = [("from", "to", "what", "found")]
    for row in sorted(found, key=lambda item: item["remedy"] is None):
        text = "%s: %s" % (row["found"], row["remedy"]) if row["remedy"] else row["found"]
        lines.append((_names(row["sources"]), _names(row["targets"]) or "-", ", ".join(row["paths"]), text))
    widths = [max(len(line[column]) for line in lines) for column in range(3)]
    return "\n".join("  ".join([line[i].ljust(widths[i]) for i in range(3)] + [line[3]]) for line in lines)


def _names(hosts: Sequence[str]) -> str:
    return (
        ", ".join(hosts) if len(hosts) <= NAMED else "%s and %d more" % (", ".join(hosts[:NAMED]), len(hosts) - NAMED)
    )
