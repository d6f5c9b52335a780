# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from tests.unit.host_example import FIREWALL, plan


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
    ("arguments", "words"),
    [
        (
            {"node2": {"os": {"id": "plan9", "version": "4", "name": "Plan 9", "family": "unknown"}}},
            ["node2", "Plan 9"],
        ),
        ({"variables": {"swarm_engine_daemon_options": {"debgu": True}}}, ["node1", "debgu", "did you mean debug"]),
        ({"variables": {"swarm_host_firewall_ports": [{"port": "http"}]}}, ["swarm_host_firewall_ports", "http"]),
        ({"variables": {"swarm_node_advertise_addr": "eth0"}}, ["swarm_node_advertise_addr", "'eth0'"]),
    ],
)
def test_what_is_wrong_with_a_host_is_named(arguments, words):
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
    problems = plan(variables=variables, node1={"firewall": dict(FIREWALL, **firewall)})["problems"]
    assert any(text.startswith(words) for text in problems) if words else problems == []
