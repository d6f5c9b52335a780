# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The states that the benchmark plans are what it says: else its figures would mean nothing."""

from __future__ import annotations

from benchmarks import plan as bench


def test_a_thousand_converged_hosts_need_only_the_networks():
    cluster, changes = bench.plan(bench.states(1000, member=True))
    assert cluster["problems"] == []
    assert cluster["swarm"]["steps"] == []
    assert changes == len(bench.NETWORKS)


def test_a_thousand_bare_hosts_become_one_swarm():
    cluster, changes = bench.plan(bench.states(1000, member=False))
    assert cluster["problems"] == []
    assert cluster["swarm"]["init"] == "node1"
    assert len(cluster["swarm"]["join"]) == 999
    assert sorted(cluster["swarm"]["join"].values()).count("manager") == bench.MANAGERS - 1
    assert changes > 1000


def test_one_drifted_host_of_a_thousand_is_found():
    hosts = bench.states(1000, member=True)
    for name in list(hosts)[: bench.MANAGERS]:
        hosts[name]["facts"]["swarm"]["nodes"][700]["availability"] = "drain"
    hosts["node701"]["facts"]["sysctls"]["net.ipv4.ip_forward"] = "0"
    cluster, changes = bench.plan(hosts)
    assert [item["to"] for item in cluster["swarm"]["steps"]] == ["node node701: availability"]
    assert changes == len(bench.NETWORKS) + 1
