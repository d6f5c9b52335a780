# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: nftables rules of the collection's own, for hosts without a firewall of theirs. Pure functions.

They stand in one table, and say of some ports who gets to them; all others are none of their business. They look at packets
before the Engine leads those to published ports elsewhere, so that a published port obeys them as one of the host does.
"""

from __future__ import annotations

from ansible_collections.dockyard.swarm.plugins.module_utils._firewall import parse

TABLE = "dockyard"
HEAD = """\
# Who gets to which port of this node, written by dockyard.swarm. Ports that are not named are open as ever.
table inet {table}
delete table inet {table}
table inet {table} {{
    chain ways {{
        # Before nat, where published ports become those of containers.
        type filter hook prerouting priority dstnat - 10; policy accept;
        iifname "lo" accept
        fib daddr type != local accept
        ct state established,related accept
"""
TAIL = """\
    }
}
"""


def ruleset(rules):
    """The text for ``nft -f``, which puts all of it in force at once.

    :param rules: texts as :func:`_firewall.wanted_rules` gives them. A port of one is closed for everybody whom no rule names.
    """
    ways: dict = {}
    for rule in map(parse, rules):
        ways.setdefault((rule.protocol, rule.ports), []).append(rule.source)
    lines = []
    for (protocol, ports), sources in sorted(ways.items(), key=lambda item: (item[0][0], item[0][1] or ())):
        what = _match(protocol, ports)
        if None in sources:
            continue  # open for everybody
        for version, word in ((4, "ip"), (6, "ip6")):
            mine = sorted({source for source in sources if source.version == version})
            if mine:
                lines.append("%s %s saddr { %s } accept" % (what, word, ", ".join(map(str, _merged(mine)))))
        lines.append("%s drop" % what)
    return HEAD.format(table=TABLE) + "".join("        %s\n" % line for line in lines) + TAIL


def _match(protocol, ports):
    if not ports:
        return "meta l4proto %s" % protocol
    return "%s dport %s" % (protocol, ports[0] if ports[0] == ports[1] else "%d-%d" % ports)


def _merged(networks):
    """Without those that others contain: nft refuses intervals that overlap."""
    import ipaddress

    return list(ipaddress.collapse_addresses(networks))
