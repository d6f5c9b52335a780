# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import hashlib
import subprocess

import pytest

from ansible_collections.dockyard.swarm.plugins.module_utils._core import config_files
from ansible_collections.dockyard.swarm.plugins.module_utils._host import firewall, firewall_facts, nftables
from ansible_collections.dockyard.swarm.plugins.module_utils._host.role_plan import table_files
from tests.unit.plugins.module_utils._host.test_firewall import LOGS, names

ADDRESSES = {"a": "10.0.0.1", "b": "10.0.0.2", "c": "10.0.0.4"}
OPTIONS = {
    "managers": ["a"], "data_path_port": 4789, "data_paths": ADDRESSES, "served": [], "kept": [],
    "bridges": [], "ports": [],
}  # fmt: skip


def wanted(host="a", **options):
    return firewall.wanted_rules(host, options.pop("addresses", ADDRESSES), dict(OPTIONS, **options))


def lines(text, chain="prerouting"):
    """What a chain does, in order."""
    block = text.partition("chain %s {" % chain)[2].partition("\n    }")[0]
    return [line.strip() for line in block.splitlines() if line.strip() and not line.strip().startswith("#")]


def decided(text, protocol, port, source):
    """What becomes of a packet, by the rules of the ports alone: the first that fits counts."""
    packet = firewall.parse("%s%s from %s" % (protocol, " %d" % port if port else "", source))
    for line in lines(text)[4:]:
        what, _space, verdict = line.rpartition(" ")
        head = what.partition(" ip")[0].replace(" counter", "").replace("meta l4proto ", "").replace(" dport", "")
        sources = what.partition("{ ")[2].rstrip(" }").split(", ") if "{" in what else ["any"]
        if any(firewall.covers(firewall.parse("%s from %s" % (head, item)), packet) for item in sources):
            return verdict
    return "accept"


def test_whoever_is_on_this_host_and_whatever_answers_comes_in_before_any_port_is_looked_at():
    assert lines(nftables.ruleset(wanted()))[:4] == [
        "type filter hook prerouting priority -110; policy accept;",
        'iifname { "lo", "docker0", "docker_gwbridge" } accept',
        "ct direction reply accept",
        "fib daddr type != local accept",
    ]


@pytest.mark.parametrize("traffic", [("tcp", 7946), ("udp", 7946), ("udp", 4789), ("esp", None), ("tcp", 2377)])
def test_ports_of_the_swarm_are_for_members_alone(traffic):
    text = nftables.ruleset(wanted())
    assert decided(text, *traffic, "10.0.0.2") == "accept"
    assert decided(text, *traffic, "10.0.0.3") == "drop"
    assert decided(text, *traffic, "2001:db8::1") == "drop"
    # Nobody is let in to a port that only managers have.
    assert decided(nftables.ruleset(wanted("b")), *traffic, "10.0.0.1") == ("drop" if traffic[1] == 2377 else "accept")


def test_the_only_member_is_closed_for_all():
    text = nftables.ruleset(wanted(addresses={"a": "10.0.0.1"}, data_paths={"a": "10.0.0.1"}))
    assert decided(text, "tcp", 2377, "10.0.0.9") == "drop"
    assert decided(text, "udp", 4789, "10.0.0.9") == "drop"


def test_a_host_that_is_no_member_and_names_nothing_closes_nothing():
    assert len(lines(nftables.ruleset(wanted("elsewhere")))) == 4


def test_ssh_is_never_closed():
    assert decided(nftables.ruleset(wanted()), "tcp", 22, "198.51.100.1") == "accept"


def test_another_data_path_port():
    text = nftables.ruleset(wanted(data_path_port=5000))
    assert decided(text, "udp", 5000, "10.0.0.3") == "drop"


def test_ports_of_the_user():
    ports = [
        {"port": "8000-8009", "sources": ["192.0.2.0/25", "192.0.2.128/25", "192.0.2.7", "2001:db8::/32"]},
        {"port": 8005, "sources": ["198.51.100.1"]},
        {"port": 443},
        {"port": 53, "protocol": "udp", "sources": ["10.9.0.0/16"]},
    ]
    text = nftables.ruleset(wanted(ports=ports))
    assert "tcp dport 8000-8009 ip saddr { 192.0.2.0/24 } accept" in text
    assert "tcp dport 8000-8009 ip6 saddr { 2001:db8::/32 } accept" in text
    for source, port, verdict in [
        ("192.0.2.200", 8009, "accept"),
        ("192.0.2.200", 8005, "accept"),
        ("198.51.100.1", 8005, "accept"),
        ("198.51.100.1", 8004, "drop"),
        ("203.0.113.1", 8005, "drop"),
        ("203.0.113.1", 443, "accept"),
        ("203.0.113.1", 8010, "accept"),
    ]:
        assert decided(text, "tcp", port, source) == verdict, (source, port)
    assert decided(text, "udp", 53, "10.9.1.1") == "accept"
    assert decided(text, "udp", 53, "10.8.1.1") == "drop"
    assert decided(text, "tcp", 53, "10.8.1.1") == "accept"


def test_a_port_that_is_open_to_all_is_so_whatever_else_is_said_of_it():
    ports = [{"port": 80, "sources": ["192.0.2.1"]}, {"port": 80}]
    assert decided(nftables.ruleset(wanted(ports=ports)), "tcp", 80, "203.0.113.1") == "accept"


def test_what_is_told_of_the_rules_is_what_they_were_made_of():
    ports = [{"port": "8000-8009", "sources": ["192.0.2.0/24", "2001:db8::5"]}, {"port": 443, "protocol": "udp"}]
    made = wanted(ports=ports, served=names("a"))
    for published in ("open", "declared"):
        text = nftables.ruleset(made, published=published)
        assert [rule.replace(" # dockyard", "") for rule in nftables.read(text)] == made["rules"]
    assert nftables.read(None) == []
    assert nftables.read("tcp dport 5 counter drop\nnonsense") == []


def test_a_role_that_is_not_in_the_play_opens_nothing_and_loses_nothing():
    with_dns = nftables.ruleset(wanted(served=[*names("a"), LOGS]))
    without = wanted(served=[], kept=[*names("a"), LOGS])
    assert nftables.ruleset(without, nftables.read(with_dns)) == with_dns
    assert nftables.ruleset(without) == nftables.ruleset(wanted())


def test_published_ports_that_nobody_declared():
    ports = [{"port": "8000-8009", "sources": ["192.0.2.1"]}, {"port": "8005-8020"}]
    text = nftables.ruleset(wanted(ports=ports), published="declared")
    to = 'oifname { "docker0", "docker_gwbridge" } ct status dnat'
    assert lines(text, "published") == [
        "type filter hook forward priority -10; policy accept;",
        'iifname { "lo", "docker0", "docker_gwbridge" } accept',
        "ct direction reply accept",
        f"{to} meta l4proto tcp ct original proto-dst {{ 2377, 7946, 8000-8020 }} accept",
        f"{to} meta l4proto udp ct original proto-dst {{ 4789, 7946 }} accept",
        f"{to} ip saddr {{ 10.0.0.2, 10.0.0.4 }} accept",
        f"{to} counter drop",
    ]
    assert "chain published" not in nftables.ruleset(wanted(ports=ports))


def test_what_is_put_on_a_host_and_taken_away_again():
    facts = {"firewall": {"unit": None, "rules": [], "table": None}, "files": {}, "units": {}}
    table = table_files(facts, wanted())
    assert [item["path"] for item in table["files"]] == [nftables.PATH, nftables.UNIT_PATH, nftables.DROP_IN]
    assert table["files"][0]["validate"] == "nft -c -f %s"
    plan = config_files.make_plan(facts, table["files"], table["units"])
    assert [(item["do"], item["to"]) for item in plan] == [("write", item["path"]) for item in table["files"]] + [
        ("start", firewall.OWN_UNIT)
    ]
    away = table_files(facts, wanted(), "open", False)
    assert config_files.make_plan(facts, away["files"], away["units"]) == []
    there = _after(facts, table)
    assert config_files.make_plan(there, table["files"], table["units"]) == []
    assert [item["do"] for item in config_files.make_plan(there, away["files"], away["units"])] == ["remove"] * 3 + [
        "stop"
    ]


def _after(facts, table):
    seen = {"mode": "0644", "uid": 0, "gid": 0, "link": None}
    files = {item["path"]: dict(seen, sha256=config_files.digest(item["content"])) for item in table["files"]}
    unit = {"active": "active", "enabled": "enabled", "masked": False, "needs_daemon_reload": False}
    return dict(facts, files=files, units={firewall.OWN_UNIT: unit})


def test_a_table_that_somebody_changed_is_loaded_anew():
    facts = {"firewall": {"unit": firewall.OWN_UNIT, "rules": [], "table": True}, "files": {}, "units": {}}
    there = _after(facts, table_files(facts, wanted()))
    there["firewall"] = dict(there["firewall"], table=False)
    table = table_files(there, wanted())
    assert [(item["do"], item["to"]) for item in config_files.make_plan(there, table["files"], table["units"])] == [
        ("reload", firewall.OWN_UNIT)
    ]


def test_whether_the_table_is_as_it_was_loaded(tmp_path, monkeypatch):
    units = {firewall.OWN_UNIT: {"active": "active"}}
    text = nftables.ruleset(wanted())
    for path, content in (
        (nftables.PATH, text),
        (nftables.LOADED, "%s  -\ntable as listed\n" % hashlib.sha256(text.encode()).hexdigest()),
    ):
        (tmp_path / path.lstrip("/")).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path.lstrip("/")).write_text(content)
    listed = ["table as listed\n"]
    monkeypatch.setattr(
        firewall_facts.subprocess, "run", lambda words, **_: subprocess.CompletedProcess(words, 0, listed[0].encode())
    )
    found = firewall_facts.read_firewall(units, str(tmp_path))
    assert (found["unit"], found["table"]) == (firewall.OWN_UNIT, True)
    assert "tcp 2377 from 10.0.0.2 # dockyard" in found["rules"]
    listed[0] = "table as listed\n and another rule\n"
    assert firewall_facts.read_firewall(units, str(tmp_path))["table"] is False
    listed[0] = "table as listed\n"
    (tmp_path / nftables.PATH.lstrip("/")).write_text(text + "# newer\n")
    assert firewall_facts.read_firewall(units, str(tmp_path))["table"] is False


@pytest.mark.parametrize(
    ("backend", "unit", "told"),
    [
        ("nftables", "ufw.service", "ufw disable"),
        ("nftables", "firewalld.service", "systemctl disable --now firewalld.service"),
        ("nftables", None, None),
        ("nftables", "nftables.service", None),
        ("nftables", firewall.OWN_UNIT, None),
        ("auto", "ufw.service", None),
        (False, "ufw.service", None),
    ],
)
def test_two_firewalls_are_one_too_many(backend, unit, told):
    problems = firewall.check_backend(backend, "open", {"unit": unit})
    assert bool(problems) == bool(told)
    assert not told or told in problems[0]


@pytest.mark.parametrize(("backend", "fine"), [("nftables", True), ("auto", False), (False, False), (None, False)])
def test_published_ports_are_not_closed_by_others(backend, fine):
    problems = firewall.check_backend(backend, "declared", {"unit": None})
    assert (problems == []) is fine
