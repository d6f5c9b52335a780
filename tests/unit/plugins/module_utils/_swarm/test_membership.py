# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host that was in a swarm and shows none is a question, never a fresh start."""

from __future__ import annotations

import pytest

from ansible_collections.dockyard.swarm.plugins.module_utils._swarm import (
    cluster_plan,
    join,
    membership,
    membership_files,
)
from tests.unit.swarm_example import BARE, bare, host, inside, node

WAS = {"cluster_id": "c1", "node_id": "id-w1"}
KNOWN = {"recorded": None, "marked": False, "elsewhere": [], "root": "/var/lib/docker"}


def left(**changed):
    """A host that is in no swarm now."""
    return host(dict(BARE, **dict(KNOWN, **changed)), hostname="w1")


def member(name, manager=False, nodes=(), **changed):
    facts = dict(inside(name, manager, nodes=nodes), **dict(KNOWN, **changed))
    return host(facts, "manager" if manager else "worker", hostname=name)


def plan_of(**hosts):
    return cluster_plan.swarm_plan(hosts)


def recorded(name):
    return {"cluster_id": "c1", "node_id": "id-" + name}


def test_no_swarm_is_made_while_a_host_was_in_one():
    plan = plan_of(m1=host(dict(BARE, **KNOWN), "manager"), w1=left(recorded=WAS))
    assert plan["init"] is None
    assert plan["steps"] == []
    (text,) = plan["problems"]["w1"]
    for word in (
        "id-w1",
        "c1",
        "/etc/dockyard/swarm.json",
        "/var/lib/docker",
        "not mounted",
        "userns-remap",
        "playbooks/restore.yml",
    ):
        assert word in text


def test_no_swarm_is_made_while_a_host_that_left_is_not_given_up():
    plan = plan_of(m1=bare("manager"), w1=left(recorded=WAS, marked=True))
    assert plan["init"] is None
    assert "It left" in plan["problems"]["w1"][0]


def test_a_state_that_the_engine_does_not_use_is_a_question_too():
    plan = plan_of(m1=bare("manager"), w1=left(elsewhere=["/var/lib/docker"], root="/srv/docker"))
    assert plan["init"] is None
    assert (
        "/var/lib/docker has the state of a swarm, and the Engine, which has its data in /srv/docker"
        in plan["problems"]["w1"][0]
    )


def swarm_with(other):
    return plan_of(
        m1=member("m1", True, [node("m1", "manager"), node("w1")], recorded=recorded("m1"), marked=True), w1=other
    )


def test_a_host_of_another_swarm_does_not_join():
    plan = swarm_with(left(recorded=dict(WAS, cluster_id="c2"), marked=True))
    assert "swarm c2" in plan["problems"]["w1"][0]
    assert "does not join swarm c1" in plan["problems"]["w1"][0]


def test_a_host_of_this_swarm_joins_again_where_its_data_is_what_it_was():
    plan = swarm_with(left(recorded=WAS, marked=True))
    assert (plan["problems"], plan["join"]) == ({}, {"w1": "worker"})


def test_a_host_of_this_swarm_with_other_data_is_a_question():
    plan = swarm_with(left(recorded=WAS, root="/var/lib/docker/100000.100000"))
    assert "has its data in /var/lib/docker/100000.100000" in plan["problems"]["w1"][0]
    assert "does not join again by itself" in plan["problems"]["w1"][0]


@pytest.mark.parametrize("facts", [{}, KNOWN])
def test_a_host_without_a_record_joins(facts):
    plan = swarm_with(host(dict(BARE, **facts), hostname="w1"))
    assert (plan["problems"], plan["join"]) == ({}, {"w1": "worker"})


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ({}, "not recorded"),
        ({"recorded": WAS}, "its data is at another place"),
        ({"recorded": dict(WAS, node_id="old"), "marked": True}, "differs"),
    ],
)
def test_a_member_without_a_right_record_gets_one(facts, why):
    plan = swarm_with(member("w1", **facts))
    assert plan["record"] == ["w1"]
    assert [(item["do"], item["to"], item["why"]) for item in plan["steps"]] == [
        ("record", "membership of node w1", why)
    ]


def test_a_member_with_its_record_and_one_out_of_reach_need_none():
    assert swarm_with(member("w1", recorded=WAS, marked=True))["steps"] == []
    other = member("w1")
    assert swarm_with(dict(other, here=False))["record"] == []


def test_the_module_records_what_it_finds():
    state = dict(inside("w1"), **KNOWN)
    wanted = {"state": "present", "role": "worker", "advertise_addr": "", "initialise": False}
    assert [item["do"] for item in join.join_plan(state, dict(wanted, cluster_id="c1"))] == ["record"]
    # Which swarm it is in, a worker does not know.
    assert join.join_plan(state, dict(wanted, cluster_id=None)) == []


def info(state="active", node_id="n1", root="/var/lib/docker", **swarm):
    return {"DockerRootDir": root, "Swarm": dict({"LocalNodeState": state, "NodeID": node_id}, **swarm)}


def test_a_node_is_back_when_it_says_so_itself():
    assert membership.missing(info(), "n1") == ""
    assert membership.missing({}, "n1") == "its Engine does not answer"
    assert "as node n2" in membership.missing(info(node_id="n2"), "n1")
    gone = membership.missing(info("inactive", "", "/var/lib/docker/100000.100000"), "n1")
    assert gone == "its state is inactive, with its data in /var/lib/docker/100000.100000"
    assert "(no managers)" in membership.missing(info("pending", Error="no managers"), "n1")


@pytest.fixture
def record(tmp_path, monkeypatch):
    path = tmp_path / "etc" / "swarm.json"
    monkeypatch.setattr(membership_files, "RECORD", str(path))
    return path


def test_what_was_recorded_is_read_and_is_for_root_alone(tmp_path, record):
    root = tmp_path / "docker"
    root.mkdir()
    membership_files.write_record(WAS, str(root))
    found = membership_files.read_membership(str(root))
    assert found == {"recorded": WAS, "marked": True, "elsewhere": [], "root": str(root)}
    assert record.stat().st_mode & 0o777 == 0o600
    other = tmp_path / "other"
    assert membership_files.read_membership(str(other))["marked"] is False
    membership_files.remove_record(str(root))
    assert membership_files.read_membership(str(root)) == {
        "recorded": None,
        "marked": False,
        "elsewhere": [],
        "root": str(root),
    }
    assert list(root.iterdir()) == []


@pytest.mark.parametrize("text", ["", "no JSON", "[]", "{}", "null"])
def test_a_record_that_cannot_be_read_is_none(record, text):
    record.parent.mkdir()
    record.write_text(text)
    assert membership_files.read_record() is None


def test_a_swarm_beside_a_remapped_folder_is_found_and_the_other_way_round(tmp_path, record):
    plain, inner = tmp_path / "docker", tmp_path / "docker" / "100000.100000"
    for top in (plain, inner):
        (top / "swarm").mkdir(parents=True)
    (plain / "swarm" / "docker-state.json").write_text("{}")
    assert membership_files.read_membership(str(inner), [str(plain)])["elsewhere"] == [str(plain)]
    assert membership_files.read_membership(str(plain), [str(plain)])["elsewhere"] == []
    (inner / "swarm" / "docker-state.json").write_text("{}")
    (plain / "swarm" / "docker-state.json").unlink()
    assert membership_files.read_membership(str(plain), [str(plain)])["elsewhere"] == [str(inner)]
