"""The inventory that a story writes, and what of a file is looked for as a secret."""

from __future__ import annotations

from tests.cluster import Cluster, arrangement
from tests.secrecy import lines

WRITTEN = {
    "all": {
        "vars": {"ansible_user": "root"},
        "children": {
            "swarm": {
                "children": {
                    "swarm_managers": {"hosts": {"node1": {"ansible_host": "10.77.0.11"}}},
                    "swarm_workers": {
                        "hosts": {"node2": {"ansible_host": "10.77.0.12"}, "node3": {"ansible_host": "10.77.0.13"}}
                    },
                }
            }
        },
    }
}


def test_hosts_change_their_group_and_are_reached_as_before():
    made = arrangement(WRITTEN, ["node2"], ["node1"], {"x": 1}, {"node1": {"x": 2, "y": 3}, "node3": {"y": 4}})
    assert made["all"]["vars"] == {"ansible_user": "root"}
    groups = made["all"]["children"]["swarm"]["children"]
    assert groups["swarm_managers"]["hosts"] == {"node2": {"ansible_host": "10.77.0.12", "x": 1}}
    assert groups["swarm_workers"]["hosts"] == {"node1": {"ansible_host": "10.77.0.11", "x": 2, "y": 3}}
    assert "x" not in WRITTEN["all"]["children"]["swarm"]["children"]["swarm_managers"]["hosts"]["node1"]


def test_a_group_can_be_empty():
    made = arrangement(WRITTEN, ["node1"], [], {}, {})
    assert made["all"]["children"]["swarm"]["children"]["swarm_workers"] == {"hosts": {}}


def test_the_secret_part_of_a_file_is_looked_for():
    key = "c0ffee+/c0ffee+/c0ffee+/c0ffee+/c0ffee+/c0f"
    assert lines(f"SWMKEY-1-{key}\nSWMKEY-1-older{key}\n") == [key, f"older{key}"]
    assert lines("-----BEGIN EC PRIVATE KEY-----\n\nMHcCAQEEIAbcdefghijklmn\nshort\n-----END EC PRIVATE KEY-----") == [
        "MHcCAQEEIAbcdefghijklmn"
    ]
    assert lines("Proc-Type: 4,ENCRYPTED\nkek-version: 12\nraft-dek: EiBabcdefghijklmnop") == ["EiBabcdefghijklmnop"]
    token = "SWMTKN-1-3pu6hszjas19xyp7ghgosyx9k8atbfcr8p2is99znpy26u2lkl-1awxwuwd3z9j1z3puu7rcgdbx"
    assert lines(token) == ["1awxwuwd3z9j1z3puu7rcgdbx"]


class Answers:
    """A machine that answers every command alike."""

    def __init__(self, rc, stdout="", stderr=""):
        self.rc, self.stdout, self.stderr = rc, stdout, stderr

    def run(self, command):
        return self


def cluster(host):
    found = Cluster(None, {"node1": host})
    found.managers = ["node1"]
    return found


def test_a_name_that_is_listed_twice_is_seen_twice():
    row = '{"Hostname":"node4","Status":"%s","Availability":"Active","ManagerStatus":"%s"}\n'
    text = row % ("Down", "") + row % ("Ready", "") + row % ("Down", "Unreachable") + row % ("Ready", "Leader")
    assert cluster(Answers(0, text)).listed() == [
        "node4 down active manager unreachable",
        "node4 down active worker",
        "node4 ready active manager reachable",
        "node4 ready active worker",
    ]


def test_an_engine_that_cannot_answer_yet_can_be_waited_for():
    silent = cluster(Answers(1, "", "The swarm does not have a leader.\n"))
    assert silent.listed() == [silent.state("node1")] == ["The swarm does not have a leader."]
