# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest

from ansible_collections.dockyard.swarm.plugins.module_utils._probe import report

NAMES = ("m1", "w1", "w2")


def plan(names=NAMES, **changed):
    addresses = {name: f"192.0.2.{number}" for number, name in enumerate(names, 11)}
    options = {"managers": ["m1"], "data_path_port": 4789, "encrypted": True, "started": 1}
    return report.probe_plan(list(names), addresses, addresses, **dict(options, **changed))


def results(made, firewall=None, opens=False):
    """Everything arrives, whole, and the clocks agree."""
    found = {}
    for host in (item["name"] for item in made["hosts"]):
        mine = report.peers(made, host)
        entry = {
            "paths": dict.fromkeys([*report.paths(dict(mine["peers"][0], tcp=[2377, 7946]))], "arrived"),
            "sizes": {"arrived": 1500, "filtered": 1500},
            "delay": 0.0005,
        }
        found[host] = {
            "sent": {"errors": {}, "mtus": {str(peer["index"]): 1500 for peer in mine["peers"]}},
            "heard": {str(peer["index"]): json.loads(json.dumps(entry)) for peer in mine["peers"]},
            "firewall": firewall,
            "opens": opens,
        }
    return found


def wrong(found):
    return [(row["sources"], row["targets"], row["paths"], row["found"]) for row in found if row["remedy"]]


def test_a_plan_names_everybody_once_and_managers_by_their_port():
    made = plan()
    assert 1 << 16 <= made["nonce"] < 1 << 32
    assert made["nonce"] != plan(started=2)["nonce"]
    assert report.peers(made, "w1") == {
        "index": 1,
        "peers": [
            {
                "index": index, "address": address, "data_path": address, "tcp": tcp, "udp": [7946], "data_path_port": 4789,
                "esp": True, "sizes": True,
            }
            for index, address, tcp in ((0, "192.0.2.11", [2377, 7946]), (2, "192.0.2.13", [7946]))
        ],
    }  # fmt: skip
    assert report.peers(made, "elsewhere") == {"index": 0, "peers": []}


def test_a_host_without_an_ipv4_address_takes_no_part():
    made = report.probe_plan(
        NAMES, {"m1": "192.0.2.1", "w1": "2001:db8::1", "w2": None}, {"m1": "192.0.2.1"}, [], 4789, False, 1
    )
    assert [host["name"] for host in made["hosts"]] == ["m1"]


def test_in_a_large_cluster_each_path_is_measured_once_at_most():
    made = plan([f"n{number}" for number in range(100)])
    measured = [
        (host["name"], peer["index"])
        for host in made["hosts"]
        for peer in report.peers(made, host["name"])["peers"]
        if peer["sizes"]
    ]
    assert len(measured) == len(set(measured)) == 100 * report.MEASURED


def test_where_all_is_well_few_rows_say_so():
    made = plan()
    found = report.rows(made, results(made))
    assert wrong(found) == []
    assert report.problems(found) == []
    assert report.table(found).splitlines() == [
        "from    to  what                                                   found",
        "m1, w2  w1  tcp 7946, udp 7946, udp 4789, esp, MTU 1500            ok",
        "m1, w1  w2  tcp 7946, udp 7946, udp 4789, esp, MTU 1500            ok",
        "w1, w2  m1  tcp 2377, tcp 7946, udp 7946, udp 4789, esp, MTU 1500  ok",
    ]


def broken(change, **more):
    made = plan()
    there = results(made, **more)
    change(there)
    return report.rows(made, there)


def test_what_a_hosts_own_firewall_drops_is_one_row_for_all_who_sent():
    def change(there):
        for index in ("0", "2"):
            there["w1"]["heard"][index]["paths"].update({"udp 4789": "filtered", "esp": "filtered"})

    text = "dropped by the firewall of w1 (rules of its own, or rp_filter)"
    found = broken(change)
    assert wrong(found) == [(["m1", "w2"], ["w1"], ["udp 4789", "esp"], text)]
    assert report.problems(found) == [f"m1, w2 to w1: udp 4789, esp: {text}: open it for m1, w2 on w1"]
    # What the run itself opens is told, and is no reason to stop.
    for unit in ("ufw.service", "dockyard-firewall.service"):
        found = broken(change, firewall=unit, opens=True)
        assert [row["remedy"] for row in found if row["remedy"]] == ["role swarm_host opens it"]
    assert report.problems(found) == []
    assert report.problems(broken(change, firewall="nftables.service", opens=True)) != []


def test_what_is_lost_and_what_is_not_sent_are_told_apart():
    def change(there):
        del there["m1"]["heard"]["1"]["paths"]["tcp 2377"]
        del there["m1"]["heard"]["2"]["paths"]["udp 7946"]
        there["w2"]["sent"]["errors"] = {"0": {"udp 7946": "its own firewall"}}

    assert wrong(broken(change)) == [
        (["w1"], ["m1"], ["tcp 2377"], "lost between them"),
        (["w2"], ["m1"], ["udp 7946"], "not sent by w2: its own firewall"),
    ]


def test_a_host_that_hears_nothing_or_took_no_part():
    def change(there):
        del there["w1"]["heard"]["0"]
        there["w2"]["heard"] = None
        there["w2"]["sent"]["errors"] = {"1": {"route": "Network is unreachable"}}

    assert wrong(broken(change)) == [
        (["m1"], ["w1"], ["everything"], "nothing arrives"),
        (["m1", "w1"], ["w2"], ["everything"], "not tried: w2 did not take part"),
        (["w2"], ["w1"], ["everything"], "w2 cannot send there: Network is unreachable"),
    ]


@pytest.mark.parametrize(
    ("mine", "theirs", "sizes", "words"),
    [
        (1500, 1500, {"arrived": 1400, "filtered": 1400}, "packets of more than 1400 bytes vanish, where"),
        (1500, 1500, {"filtered": 1500}, None),  # its firewall's business
        (1500, 1500, {"arrived": 60}, "packets of more than 1279 bytes vanish, where"),
        (9000, 1500, {"arrived": 1500}, "interfaces of MTU 9000 in m1 and 1500 in w1"),
        (1400, 1400, {"arrived": 1400}, None),
    ],
)
def test_sizes_that_do_not_arrive(mine, theirs, sizes, words):
    def change(there):
        there["w1"]["heard"]["0"]["sizes"] = sizes
        there["m1"]["sent"]["mtus"]["1"] = mine
        there["w1"]["sent"]["mtus"]["0"] = theirs
        there["m1"]["heard"]["1"]["sizes"] = {"arrived": theirs}

    found = [item[3] for item in wrong(broken(change)) if item[:2] == (["m1"], ["w1"])]
    assert len(found) == (1 if words else 0)
    assert all(text.startswith(words) for text in found)


def ahead(there, host, seconds):
    for index, entry in there[host]["heard"].items():
        entry["delay"] += seconds
        there[NAMES[int(index)]]["heard"][str(NAMES.index(host))]["delay"] -= seconds


@pytest.mark.parametrize("seconds", [10.0, -10.0])
def test_a_clock_that_is_wrong_is_named(seconds):
    (found,) = wrong(broken(lambda there: ahead(there, "w2", seconds)))
    assert found == (["w2"], [], ["clock"], "10.0 s %s most others" % ("ahead of" if seconds > 0 else "behind"))
    assert wrong(broken(lambda there: ahead(there, "w2", seconds / 20))) == []


def test_of_two_clocks_nobody_can_say_which_one_is_wrong():
    made = plan(NAMES[:2])
    there = results(made)
    there["w1"]["heard"]["0"]["delay"] += 7
    there["m1"]["heard"]["1"]["delay"] -= 7
    assert wrong(report.rows(made, there)) == [(["m1"], ["w1"], ["clock"], "the two differ by 7.0 s")]


def test_many_hosts_are_told_by_some_names():
    made = plan([f"n{number}" for number in range(30)])
    there = results(made)
    for entry in there["n3"]["heard"].values():
        entry["paths"]["esp"] = "filtered"
    found = [line for line in report.table(report.rows(made, there)).splitlines() if "dropped" in line]
    assert len(found) == 1
    assert found[0].startswith("n0, n1, n2, n4, n5, n6 and 23 more  ")
    assert found[0].endswith("open it for n0, n1, n2, n4, n5, n6 and 23 more on n3")
