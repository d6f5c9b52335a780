# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.dockyard.swarm.plugins.filter.cluster_plan import cluster_plan

SWARM = {
    "state": "inactive", "error": None, "node_id": None, "node_addr": None, "manager": False, "cluster_id": None,
    "managers": [], "quorum": None,
}  # fmt: skip


def facts(number, **changed):
    found = {
        "os": {"id": "debian", "version": "13", "name": "Debian 13", "family": "Debian"},
        "machine": {"hostname": "node%d" % number},
        "addresses": [{"interface": "eth0", "address": "192.0.2.1%d" % number, "prefix": 24, "kind": "physical"}],
        "routes": [{"destination": "0.0.0.0/0", "interface": "eth0", "gateway": "192.0.2.1"}],
        "units": {},
        "engine": {"version": None},
        "dns": {"resolvers": [], "port_53": []},
        "swarm": SWARM,
    }
    return dict(found, **changed)


def plan(managers=("node1",), workers=("node2",), options=None, variables=None, **changed):
    hostvars = {
        name: dict(
            {"swarm_cluster_node": dict(facts(i), **changed.get(name, {})), "ansible_host": "192.0.2.1%d" % i},
            **(variables or {}),
        )
        for i, name in enumerate([*managers, *workers], 1)
    }
    return cluster_plan(hostvars, list(managers), list(workers), options=options or {})


def test_bare_hosts_are_planned_without_a_problem():
    found = plan()
    assert found["problems"] == []
    assert found["manager"] == "node1"
    assert found["addresses"] == {"node1": "192.0.2.11", "node2": "192.0.2.12"}
    assert found["join_addrs"] == ["192.0.2.11:2377"]
    assert found["swarm"]["init"] == "node1"


def test_addresses_by_the_names_that_hosts_have_themselves():
    found = plan(node1={"machine": {"hostname": "alpha.lab.example"}})
    assert found["hostnames"] == {"alpha.lab.example": "192.0.2.11", "node2": "192.0.2.12"}


@pytest.mark.parametrize(
    ("name", "version", "supported"),
    [
        ("centos", "9", True),
        ("rocky", "9.4", True),
        ("almalinux", "10.1", True),
        ("rhel", "8.10", False),
        ("fedora", "43", False),
    ],
)
def test_the_centos_family_counts_by_its_major_release(name, version, supported):
    system = {"id": name, "version": version, "name": "X", "family": "RedHat"}
    assert (plan(workers=(), node1={"os": system})["problems"] == []) is supported


def test_the_centos_family_has_no_engine_of_its_own():
    system = {"id": "centos", "version": "9", "name": "CentOS Stream 9", "family": "RedHat"}
    variables = {"swarm_engine_source": "distribution"}
    found = plan(workers=(), variables=variables, node1={"os": system})["problems"]
    assert "CentOS Stream 9 has no Docker Engine of its own: set it to docker or files" in found[0]


@pytest.mark.parametrize(
    ("data_path", "found"), [("", "192.0.2.11"), ("198.51.100.1", "198.51.100.1"), ("eth0", "192.0.2.11")]
)
def test_where_the_traffic_of_overlay_networks_comes_from(data_path, found):
    variables = {"swarm_node_data_path_addr": data_path}
    assert plan(workers=(), variables=variables)["data_paths"] == {"node1": found}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"managers": ()}, ["no manager", "swarm_managers"]),
        ({"managers": ("node1",), "workers": ("node1",)}, ["node1", "both manager and worker"]),
        (
            {"node2": {"os": {"id": "plan9", "version": "4", "name": "Plan 9", "family": "unknown"}}},
            ["node2", "Plan 9"],
        ),
        ({"variables": {"swarm_engine_daemon_options": {"debgu": True}}}, ["node1", "debgu", "did you mean debug"]),
        ({"variables": {"swarm_host_firewall_ports": [{"port": "http"}]}}, ["swarm_host_firewall_ports", "http"]),
        ({"variables": {"swarm_node_advertise_addr": "eth0"}}, ["swarm_node_advertise_addr", "'eth0'"]),
        ({"options": {"networks": [{"name": "a", "subnet": "nonsense"}]}}, ["network a", "option subnet"]),
        ({"options": {"dns_records": [{"name": "x", "type": "NOPE", "value": "y"}]}}, ["swarm_dns_records", "NOPE"]),
        (
            {"options": {"dns_servers": ["node1"]}, "node1": {"dns": {"resolvers": [], "port_53": ["0.0.0.0"]}}},
            ["node1", "swarm_dns_servers", "port 53"],
        ),
    ],
)
def test_what_is_wrong_is_named(arguments, words):
    text = " | ".join(plan(**arguments)["problems"])
    for word in words:
        assert word in text


@pytest.mark.parametrize(
    ("wanted", "refused"),
    [
        ("", False), ("26", False), ("26.1", False), ("28", True), ("28.5", True), ("5:28.5.2-1~debian.13~trixie", True),
        ("latest", True),
    ],
)  # fmt: skip
@pytest.mark.parametrize("place", ["inventory", "host", "removed"])
def test_options_have_to_suit_the_engine_that_is_to_come(wanted, refused, place):
    options = {"api-cors-header": "*"}
    variables = {"swarm_engine_version": wanted}
    variables.update({"inventory": {"swarm_engine_daemon_options": options}}.get(place, {}))
    variables.update({"removed": {"swarm_engine_daemon_remove": list(options)}}.get(place, {}))
    have = {
        "engine": {"version": "26.1.5"},
        "daemon": {"options": {} if place == "inventory" else options},
        "candidates": {"docker-ce": ["5:29.0.1-1~debian.13~trixie"]},
    }
    found = plan(workers=(), variables=variables, node1=have)["problems"]
    assert any("api-cors-header" in text for text in found) is (refused and place != "removed")


def test_package_files_tell_the_version_to_come():
    variables = {
        "swarm_engine_daemon_options": {"api-cors-header": "*"},
        "swarm_engine_source": "files",
        "swarm_engine_package_files": ["/x/docker-ce_28.5.2-1~debian.13~trixie_amd64.deb"],
    }
    system = {
        "id": "debian", "version": "13", "codename": "trixie", "name": "Debian 13", "family": "Debian", "arch": "x86_64",
    }  # fmt: skip
    found = plan(workers=(), variables=variables, node1={"engine": {"version": "26.1.5"}, "os": system})["problems"]
    assert any("api-cors-header" in text for text in found)


def test_even_number_of_managers_is_a_warning_and_no_problem():
    found = plan(managers=("node1", "node2"), workers=())
    assert found["problems"] == []
    assert "even number" in found["warnings"][0]


def test_host_outside_of_the_limit_keeps_the_address_that_the_swarm_knows():
    node = {"id": "n9", "hostname": "node2", "addr": "192.0.2.99", "role": "worker", "availability": "active",
            "labels": {}, "state": "ready", "reachability": None, "manager_addr": None}  # fmt: skip
    me = dict(
        node,
        id="n1",
        hostname="node1",
        addr="192.0.2.11",
        role="manager",
        reachability="reachable",
        manager_addr="192.0.2.11:2377",
    )
    swarm = dict(SWARM, state="active", node_id="n1", node_addr="192.0.2.11", manager=True, cluster_id="c", quorum=True,
                 nodes=[me, node], networks=[], settings={}, spec={}, unlock_key=None)  # fmt: skip
    hostvars = {"node1": {"swarm_cluster_node": facts(1, swarm=swarm)}, "node2": {"ansible_host": "198.51.100.7"}}
    found = cluster_plan(hostvars, ["node1"], ["node2"])
    assert found["addresses"]["node2"] == "192.0.2.99"
    assert found["hostnames"] == {"node1": "192.0.2.11", "node2": "192.0.2.99"}


def test_manager_that_is_reached_and_cannot_be_read_stops_the_run_and_one_that_is_not_reached_does_not():
    hostvars = {"node1": {}, "node2": {"swarm_cluster_node": facts(2)}}
    problems = {
        kind: cluster_plan(
            hostvars, ["node1"], ["node2"], others=[{"item": "node1", "msg": "no python", kind: True}],
            options={"forms_swarm": False},
        )["problems"]
        for kind in ("failed", "unreachable")
    }  # fmt: skip
    assert problems["unreachable"] == []
    assert len(problems["failed"]) == 1
    assert problems["failed"][0].startswith("node1: could not be read, ")
    assert problems["failed"][0].endswith("no python")


def test_manager_outside_of_the_limit_is_taken_from_the_others():
    outside = [dict(facts(1), item="node1"), {"item": "node9", "unreachable": True}]
    hostvars = {"node1": {}, "node2": {"swarm_cluster_node": facts(2)}}
    found = cluster_plan(hostvars, ["node1"], ["node2"], others=outside)
    assert found["addresses"]["node1"] == "192.0.2.11"


def test_a_lost_quorum_stops_every_run_but_the_one_that_repairs_it():
    lost = dict(
        SWARM, state="active", node_id="n1", node_addr="192.0.2.11", manager=True, quorum=False, error="no leader"
    )
    assert "have lost their quorum" in plan(workers=(), node1={"swarm": lost})["problems"][0]
    assert plan(workers=(), options={"repairs": True, "forms_swarm": False}, node1={"swarm": lost})["problems"] == []
    # Anything else that is wrong still stops that one.
    system = {"id": "plan9", "version": "4", "name": "Plan 9", "family": "unknown"}
    assert plan(workers=(), options={"repairs": True}, node1={"swarm": lost, "os": system})["problems"] != []


@pytest.mark.parametrize(
    ("variables", "firewall", "words"),
    [
        (
            {"swarm_host_firewall_backend": "nftables"},
            {"unit": "ufw.service"},
            "node1: option swarm_host_firewall_backend",
        ),
        ({"swarm_host_firewall_backend": "nftables", "swarm_host_firewall": False}, {"unit": "ufw.service"}, None),
        ({"swarm_host_firewall_backend": "nftables"}, {"unit": "dockyard-firewall.service"}, None),
        ({"swarm_host_firewall_published": "declared"}, {"unit": None}, "node1: option swarm_host_firewall_published"),
    ],
)
def test_what_decides_who_gets_in_has_to_be_one(variables, firewall, words):
    problems = plan(variables=variables, node1={"firewall": firewall})["problems"]
    assert any(text.startswith(words) for text in problems) if words else problems == []


def test_a_firewalld_whose_reload_takes_the_engines_rules_away_is_a_warning():
    assert plan(node1={"firewall": {"unit": "firewalld.service", "flushes": False}})["warnings"] == []
    (warning,) = plan(node1={"firewall": {"unit": "firewalld.service", "flushes": True}})["warnings"]
    assert warning.startswith("node1: each reload of firewalld")
