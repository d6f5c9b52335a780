# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What two states have in common is by chance alone; everything else shows."""

from __future__ import annotations

import copy
import hashlib

import pytest

from tests import host_state, state

NODE = "x" * 24 + "1"
NETWORK = "n" * 24 + "1"
SECRET = "s" * 24 + "1"
AUTHORITY = hashlib.sha256(b"authority").hexdigest()


def told(node=NODE, network=NETWORK, secret=SECRET, content="0123456789ab", subnet="10.77.1", authority=AUTHORITY):
    """What a manager tells, as short as may be."""
    spec = {
        "Name": "registry_registry",
        "Networks": [{"Target": network}],
        "Secrets": [{"SecretID": secret, "SecretName": f"registry_htpasswd_{content}"}],
    }
    return {
        "node1": {
            "hostname": "node1",
            "files": {
                "/etc/docker/daemon.json": {"mode": "100644", "sha256": "1" * 64, "text": '{"dns": ["%s.11"]}' % subnet},
                "/etc/docker/certs.d/r/ca.crt": {"mode": "100644", "sha256": authority, "text": "PEM of the authority"},
                "/etc/dockyard/secret": {"mode": "100600", "sha256": "2" * 64},
                "/etc/machine-id": {"mode": "100444", "sha256": hashlib.sha256(node.encode()).hexdigest()},
            },
            "units": {"now": {"docker.service": "active running"}},
            "engine": {
                "info": {
                    "Name": "node1", "LoggingDriver": "journald", "NFd": len(node), "SystemTime": "2026-11-22T07:00:00.1Z",
                    "Swarm": {"NodeID": node, "NodeAddr": f"{subnet}.11", "LocalNodeState": "active"},
                },
                "networks": [
                    {
                        "Name": "apps",
                        "Id": network,
                        "Created": "2026-11-22T07:00:00.123456Z",
                        "Peers": [{"Name": node[:12], "IP": f"{subnet}.12"}, {"Name": "ab12", "IP": f"{subnet}.11"}],
                    }
                ],
                "containers": [["running", "registry_registry"], ["exited", "registry_registry"]],
                "swarm": {
                    "swarm": {
                        "ID": "c" * 25, "JoinTokens": {"Worker": "SWMTKN-1-" + "a" * 50 + "-" + "b" * 25},
                        "Spec": {"Orchestration": {"TaskHistoryRetentionLimit": 5}},
                        "TLSInfo": {"TrustRoot": "-----BEGIN CERTIFICATE-----\n%s\n-----END CERTIFICATE-----\n" % node},
                    },
                    "nodes": [{
                        "ID": node, "Description": {"Hostname": "node1", "Engine": {}, "Platform": {}},
                        "Spec": {"Role": "manager", "Labels": {"disk": "fast"}}, "Status": {"State": "ready"},
                    }],
                    "services": [{"ID": "d" * 25, "Spec": spec}],
                    "secrets": [{"ID": secret, "Spec": {"Name": f"registry_htpasswd_{content}", "Labels": {}}}],
                    "configs": [],
                    "tasks": [
                        {"ServiceID": "d" * 25, "NodeID": node, "DesiredState": "running", "Status": {"State": "running"}},
                        {"ServiceID": "d" * 25, "NodeID": node, "DesiredState": "shutdown", "Status": {"State": "failed"}},
                    ],
                },
            },
        }
    }  # fmt: skip


def normal(raw=None, secrets=None, subnet="10.77.1"):
    return state.normal(raw or told(), secrets or {AUTHORITY: "pki/ca.crt"}, subnet)


def test_what_is_made_anew_by_each_run_is_the_same():
    other = hashlib.sha256(b"other").hexdigest()
    again = told("y" * 25, "m" * 25, "t" * 25, "ba9876543210", "10.77.2", other)
    again["node1"]["engine"]["containers"].pop()
    again["node1"]["engine"]["swarm"]["tasks"].pop()
    again["node1"]["engine"]["networks"][0]["Peers"].reverse()
    again["node1"]["units"]["now"]["lab-identity.service"] = "active exited"
    found = normal(again, {other: "pki/ca.crt"}, "10.77.2")
    assert state.difference(normal(), found) == ""


def test_ids_are_told_by_the_names_of_what_they_are_of():
    spec = normal()["swarm"]["node1"]["services"]["registry_registry"]["spec"]
    assert spec["Networks"] == [{"Target": "network apps"}]
    assert spec["Secrets"] == [{"SecretID": "secret registry_htpasswd_HASH", "SecretName": "registry_htpasswd_HASH"}]


def changed(*way, to):
    raw = copy.deepcopy(told())
    place = raw["node1"]
    for key in way[:-1]:
        place = place[key]
    place[way[-1]] = to
    return raw


SWARM = ("engine", "swarm")


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (changed("files", "/etc/docker/daemon.json", "text", to='{"dns": []}'), "daemon.json > text"),
        (changed("files", "/etc/docker/daemon.json", "mode", to="100600"), "daemon.json > mode"),
        (changed("files", "/etc/machine-id", "mode", to="100644"), "machine-id > mode"),
        (changed("files", "/etc/dockyard/secret", "sha256", to="3" * 64), "secret > sha256"),
        (changed("files", "/etc/docker/certs.d/r/ca.crt", "sha256", to="4" * 64), "ca.crt > same as"),
        (changed("files", "/etc/docker/.daemon.json.new", to={"mode": "100600"}), ".daemon.json.new > mode"),
        (changed("units", "now", "docker.service", to="failed failed"), "docker.service"),
        (changed("engine", "info", "LoggingDriver", to="json-file"), "LoggingDriver"),
        (changed("engine", "info", "Swarm", "LocalNodeState", to="error"), "LocalNodeState"),
        (changed("engine", "networks", to=[]), "networks"),
        (changed("engine", "networks", 0, "Peers", to=[{"Name": "ab12", "IP": "10.77.1.11"}]), "Peers"),
        (changed(*SWARM, "secrets", to=2 * told()["node1"]["engine"]["swarm"]["secrets"]), "secrets[1]"),
        (changed(*SWARM, "nodes", 0, "Spec", "Labels", to={}), "Labels"),
        (changed(*SWARM, "nodes", 0, "Status", "State", to="down"), "State"),
        (changed(*SWARM, "swarm", "Spec", "Orchestration", to={}), "settings > Spec"),
        (changed(*SWARM, "services", 0, "Spec", "Name", to="other"), "services > other"),
        (changed(*SWARM, "tasks", 0, "Status", "State", to="starting"), "running"),
    ],
)
def test_everything_else_shows(raw, words):
    assert words in state.difference(normal(), normal(raw))


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("until 2026-11-22T07:00:00.123456789Z or 2026-11-22T07:00:00+01:00", "until TIME or TIME"),
        ("SWMTKN-1-" + "3" * 50 + "-" + "4" * 25, "TOKEN"),
        ("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n", "PEM"),
        ("tasks/" + "a1b2c" * 5, "tasks/ID"),
        ("f" * 64, "ID"),
        ("registry_config_0123456789ab", "registry_config_HASH"),
        # What the same input always gives is compared.
        ("sha256:" + "f" * 64, "sha256:" + "f" * 64),
        ("registry_config_0123456789ab.yml", "registry_config_0123456789ab.yml"),
        ("10.20.0.0/24", "10.20.0.0/24"),
        ("com.docker.network.driver.overlay.vxlanid_list", "com.docker.network.driver.overlay.vxlanid_list"),
    ],
)
def test_only_what_is_made_by_chance_is_replaced(text, plain):
    for pattern, word in state.CHANCE:
        text = pattern.sub(word, text)
    assert text == plain


def test_difference_says_where_it_is():
    text = state.difference({"a": {"b": [1, 2], "text": "x\ny"}}, {"a": {"b": [1, 3], "text": "x\nz"}})
    assert "-a > b: [1, 2]" in text
    assert "+a > b: [1, 3]" in text
    assert "-a > text: y" in text
    assert "+a > text: z" in text


def test_names_in_an_answer_are_read_with_their_abbreviations():
    data = b"\0" * 12 + b"\x05node2\x05swarm\x04test\0" + b"\x03www\xc0\x0c"
    assert host_state.read_name(data, 12) == ("node2.swarm.test", 30)
    assert host_state.read_name(data, 30) == ("www.node2.swarm.test", 36)
