# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: the kernel rules that lead published ports to the routing mesh, and which of them are missing.

A reload of firewalld removes all rules of iptables if it has a direct rule, or iptables as its backend. The Engine then restores
those of its bridges (seen with 26.1 and 28.5), and not those of the routing mesh. What these have to be is known from the mesh's
own network namespace, where each published port is marked. Where iptables uses nftables, ``nft flush ruleset`` removes all of
them, too, and the Engine does not notice.
"""

from __future__ import annotations

import os
import re
import subprocess
from typing import TYPE_CHECKING, Iterable, Sequence

from .._core.plan import change
from .published_ports import BRIDGE, CHAIN

if TYPE_CHECKING:
    from .._core.facts import MeshFacts
    from .._core.plan import Plan

    Port = tuple[str, int]

SANDBOX = "/run/docker/netns/ingress_sbox"
LOCAL = ["-m", "addrtype", "--dst-type", "LOCAL", "-j"]


def read(firewalld: bool, iptables: str = "/usr/sbin/iptables") -> MeshFacts | None:
    """``{engine, lost}``: whether the Engine's chain is there, and the published ports without rules; None where nothing
    removes rules without the Engine noticing, or where there is no routing mesh.
    """
    multi = os.path.realpath(iptables).endswith("-nft-multi")
    if not (firewalld or multi) or not os.path.exists(SANDBOX):
        return None
    nat = listed("nat")
    return None if nat is None else missing_rules(nat, published(listed("mangle", SANDBOX)))


def missing_rules(nat: str, ports: Sequence[Port]) -> MeshFacts:
    """What :func:`read` gives, from the listing of the table nat and the mesh's ports."""
    rules = nat.splitlines()
    led = {item for item in ports for rule in rules if rule.startswith("-A %s %s " % (CHAIN, _match(item, "--dport")))}
    whole = "-A PREROUTING %s %s" % (" ".join(LOCAL), CHAIN) in rules
    return {
        "engine": "-N DOCKER" in rules,
        "lost": ["%s %d" % item for item in ports if not whole or item not in led],
    }


def published(mangle: str | None) -> list[Port]:
    """The ports of the routing mesh on this node, ``(protocol, port)``, from the marks in its name space."""
    found = re.findall(r"^-A PREROUTING -p (\w+) .*--dport (\d+) -j MARK", mangle or "", re.MULTILINE)
    return sorted({(protocol, int(port)) for protocol, port in found})


def make_plan(facts: MeshFacts | None) -> Plan:
    """The plan of a node. Where the Engine's own rules are gone, its restart restores those of the mesh, too."""
    if not facts or not facts["engine"] or not facts["lost"]:
        return []
    ports = ", ".join("%s/%s" % tuple(reversed(item.split())) for item in facts["lost"])
    return [
        change(
            "restore",
            "published ports %s" % ports,
            "their rules are missing; a reload of firewalld may have removed them",
            before="closed",
            after="open",
        )
    ]


def repairs(ports: Iterable[Port], address: str, nat: str, filters: str) -> list[list[str]]:
    """The arguments of each call of iptables that restores the rules of the mesh, as the Engine makes them.

    :param ports: all of the mesh's, ``(protocol, port)``; ``address`` is the mesh's on the bridge.
    :param nat: the listing of the table nat, ``filters`` of the table filter. Rules that are there are left alone.
    """
    wanted: list[tuple[str, str, int | None, list[str]]] = [
        ("nat", CHAIN, None, ["-j", "RETURN"]),
        ("filter", CHAIN, None, ["-j", "RETURN"]),
    ]
    wanted += [("nat", name, 1, LOCAL + [CHAIN]) for name in ("PREROUTING", "OUTPUT")]
    wanted.append(
        ("nat", "POSTROUTING", 1, ["-o", BRIDGE, "-m", "addrtype", "--src-type", "LOCAL", "-j", "MASQUERADE"])
    )
    # Behind DOCKER-USER, where there is one, and before the Engine's other chains.
    chain = "DOCKER-FORWARD" if "-N DOCKER-FORWARD" in filters.splitlines() else "FORWARD"
    rules = [rule for rule in filters.splitlines() if rule.startswith("-A %s " % chain)]
    user = "-A FORWARD -j DOCKER-USER"
    wanted.append(("filter", chain, rules.index(user) + 2 if user in rules else 1, ["-j", CHAIN]))
    for item in ports:
        to, back = _match(item, "--dport").split(), _match(item, "--sport").split()
        wanted.append(("nat", CHAIN, 1, to + ["-j", "DNAT", "--to-destination", "%s:%d" % (address, item[1])]))
        wanted.append(
            ("filter", CHAIN, 1, back + ["-m", "conntrack", "--ctstate", "RELATED,ESTABLISHED", "-j", "ACCEPT"])
        )
        wanted.append(("filter", CHAIN, 1, to + ["-j", "ACCEPT"]))
    there = {"nat": nat.splitlines(), "filter": filters.splitlines()}
    calls = [["-t", table, "-N", CHAIN] for table, listing in there.items() if "-N " + CHAIN not in listing]
    for table, name, place, words in wanted:
        if "-A %s %s" % (name, " ".join(words)) not in there[table]:
            calls.append(["-t", table] + (["-I", name, str(place)] if place else ["-A", name]) + words)
    return calls


def _match(item: Port, which: str) -> str:
    return "-p %s -m %s %s %d" % (item[0], item[0], which, item[1])


def listed(table: str, sandbox: str | None = None) -> str | None:
    """The rules of a table, as iptables prints them; None where it fails."""
    words = ["nsenter", "--net=" + sandbox] if sandbox else []
    try:
        done = subprocess.run(
            words + ["iptables", "-w", "10", "-t", table, "-S"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            check=False,
        )
    except OSError:
        return None
    return None if done.returncode else done.stdout.decode("utf-8", "replace")
