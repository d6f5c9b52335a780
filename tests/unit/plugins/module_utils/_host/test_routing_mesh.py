# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.dockyard.swarm.plugins.filter.plan_text import plan_text
from ansible_collections.dockyard.swarm.plugins.module_utils._engine import daemon_json
from ansible_collections.dockyard.swarm.plugins.module_utils._host import routing_mesh

# As Docker 28.5 has them.
NAT = """\
-P PREROUTING ACCEPT
-P OUTPUT ACCEPT
-N DOCKER
-N DOCKER-INGRESS
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER-INGRESS
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT -m addrtype --dst-type LOCAL -j DOCKER-INGRESS
-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -o docker_gwbridge -m addrtype --src-type LOCAL -j MASQUERADE
-A POSTROUTING -s 172.18.0.0/16 ! -o docker_gwbridge -j MASQUERADE
-A DOCKER -i docker_gwbridge -j RETURN
-A DOCKER-INGRESS -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.18.0.2:8080
-A DOCKER-INGRESS -p udp -m udp --dport 53 -j DNAT --to-destination 172.18.0.2:53
-A DOCKER-INGRESS -j RETURN
"""
FILTER = """\
-P FORWARD ACCEPT
-N DOCKER-FORWARD
-N DOCKER-INGRESS
-N DOCKER-USER
-A FORWARD -j DOCKER-USER
-A FORWARD -j DOCKER-FORWARD
-A DOCKER-FORWARD -j DOCKER-INGRESS
-A DOCKER-FORWARD -j DOCKER-CT
-A DOCKER-INGRESS -p tcp -m tcp --dport 8080 -j ACCEPT
-A DOCKER-INGRESS -p tcp -m tcp --sport 8080 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A DOCKER-INGRESS -p udp -m udp --dport 53 -j ACCEPT
-A DOCKER-INGRESS -p udp -m udp --sport 53 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A DOCKER-INGRESS -j RETURN
"""
# And 26.1, which has no chain of its own in FORWARD.
OLDER = (
    FILTER.replace("-N DOCKER-FORWARD\n", "")
    .replace("-A FORWARD -j DOCKER-FORWARD\n", "")
    .replace("-A DOCKER-FORWARD -j DOCKER-CT", "-A FORWARD -j DOCKER-ISOLATION-STAGE-1")
    .replace("-A DOCKER-FORWARD", "-A FORWARD")
)
MANGLE = """\
-P PREROUTING ACCEPT
-A PREROUTING -p tcp -m tcp --dport 8080 -j MARK --set-xmark 0x100/0xffffffff
-A PREROUTING -p udp -m udp --dport 53 -j MARK --set-xmark 0x101/0xffffffff
-A INPUT -d 10.0.0.3/32 -j MARK --set-xmark 0x100/0xffffffff
"""
PORTS = [("tcp", 8080), ("udp", 53)]


def without(listing):
    """What a reload of firewalld leaves, once the Engine has made its own rules anew."""
    return "".join(line + "\n" for line in listing.splitlines() if "INGRESS" not in line and "--src-type" not in line)


class Table:
    """What iptables makes of its arguments."""

    def __init__(self, **listings):
        self.tables = {name: text.splitlines() for name, text in listings.items()}

    def __call__(self, _t, table, verb, chain, *words):
        rules = self.tables[table]
        if verb == "-N":
            assert "-N " + chain not in rules
            rules.append("-N " + chain)
            return
        place, mine = None, [rule for rule in rules if rule.startswith("-A %s " % chain)]
        if verb == "-I":
            place, words = int(words[0]) - 1, words[1:]
        rule = "-A %s %s" % (chain, " ".join(words))
        if place is None or place >= len(mine):
            rules.append(rule)
        else:
            rules.insert(rules.index(mine[place]), rule)

    def text(self, name):
        return "".join(line + "\n" for line in self.tables[name])


def test_ports_of_the_mesh_are_known_from_its_own_name_space():
    assert routing_mesh.published(MANGLE) == PORTS
    assert routing_mesh.published(None) == []


def test_a_node_that_lacks_nothing():
    assert routing_mesh.missing_rules(NAT, PORTS) == {"engine": True, "lost": []}
    assert routing_mesh.missing_rules("-N DOCKER\n", []) == {"engine": True, "lost": []}
    assert routing_mesh.make_plan(routing_mesh.missing_rules(NAT, PORTS)) == []
    assert routing_mesh.make_plan(None) == []
    assert routing_mesh.repairs(PORTS, "172.18.0.2", NAT, FILTER) == []
    assert routing_mesh.repairs(PORTS, "172.18.0.2", NAT, OLDER) == []


def test_what_a_reload_of_firewalld_shuts_is_told():
    found = routing_mesh.missing_rules(without(NAT), PORTS)
    assert found == {"engine": True, "lost": ["tcp 8080", "udp 53"]}
    (line,) = plan_text(routing_mesh.make_plan(found))
    assert line.startswith("restore published ports 8080/tcp, 53/udp: their rules are missing")


def test_ports_that_were_published_before_the_one_that_made_the_chain_anew():
    nat = "".join(line + "\n" for line in NAT.splitlines() if "--dport 53 " not in line)
    assert routing_mesh.missing_rules(nat, PORTS)["lost"] == ["udp 53"]


def test_where_the_engines_own_chain_is_gone_the_engine_is_restarted():
    found = routing_mesh.missing_rules("-P PREROUTING ACCEPT\n", PORTS)
    assert found["engine"] is False
    assert routing_mesh.make_plan(found) == []
    state = {"exists": True, "options": {}, "error": None, "interrupted": False, "installed": True, "running": True}
    assert daemon_json.make_plan(state, {}) == []
    (change,) = daemon_json.make_plan(dict(state, rules_missing=True), {})
    assert (change["do"], change["to"]) == ("restart", "docker.service")


@pytest.mark.parametrize("filters", [FILTER, OLDER])
def test_the_rules_that_are_brought_back_are_the_engines(filters):
    tables = Table(nat=without(NAT), filter=without(filters))
    for words in routing_mesh.repairs(PORTS, "172.18.0.2", tables.text("nat"), tables.text("filter")):
        tables(*words)
    assert sorted(tables.tables["nat"]) == sorted(NAT.splitlines())
    assert sorted(tables.tables["filter"]) == sorted(filters.splitlines())
    assert routing_mesh.missing_rules(tables.text("nat"), PORTS)["lost"] == []
    for name in ("nat", "filter"):
        assert [rule for rule in tables.tables[name] if rule.startswith("-A DOCKER-INGRESS")][-1].endswith("-j RETURN")
    forward = [rule for rule in tables.tables["filter"] if rule.startswith("-A FORWARD")]
    assert forward[0].endswith("DOCKER-USER")
    jumps = [rule for rule in tables.tables["filter"] if rule.endswith("-j DOCKER-INGRESS")]
    assert len(jumps) == 1
    assert routing_mesh.repairs(PORTS, "172.18.0.2", tables.text("nat"), tables.text("filter")) == []


def test_hosts_where_nobody_takes_rules_away_are_not_asked(tmp_path, monkeypatch):
    legacy, nft = tmp_path / "xtables-legacy-multi", tmp_path / "xtables-nft-multi"
    monkeypatch.setattr(routing_mesh, "SANDBOX", str(tmp_path / "ingress_sbox"))
    monkeypatch.setattr(routing_mesh, "listed", lambda table, sandbox=None: NAT if table == "nat" else MANGLE)
    assert routing_mesh.read(True, str(legacy)) is None  # no member of a swarm
    (tmp_path / "ingress_sbox").touch()
    assert routing_mesh.read(False, str(legacy)) is None
    assert routing_mesh.read(True, str(legacy)) == {"engine": True, "lost": []}
    assert routing_mesh.read(False, str(nft)) == {"engine": True, "lost": []}
    monkeypatch.setattr(routing_mesh, "listed", lambda table, sandbox=None: None)
    assert routing_mesh.read(True, str(legacy)) is None
