# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from functools import partial

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.dockyard.swarm.plugins.filter import registry_plan as tested
from ansible_collections.dockyard.swarm.plugins.filter.htpasswd import htpasswd
from ansible_collections.dockyard.swarm.plugins.filter.registry_plan import FilterModule
from ansible_collections.dockyard.swarm.plugins.module_utils._services import stack as stacks

registry_plan = partial(FilterModule().filters()["registry_plan"], None)
TRUST = [{"path": "/etc/docker/certs.d/registry.swarm.internal:5000/ca.crt", "content": "CA\n"}]
USERS = {"swarm": "secret", "ann": "word"}


def read(hostname):
    return {"swarm_cluster_node": {"machine": {"hostname": hostname}, "swarm": {}}}


LABELS = {"dockyard.swarm.registry": "registry_data"}
PLACE = {"host": "m1", "node": "id-m1", "label": "dockyard.swarm.registry", "value": "registry_data"}
HOSTVARS = {"m1": read("host1"), "m2": {"swarm_cluster_node": {"unreachable": True}}, "w1": read("host9")}


def node(**swarm):
    listed = [{"id": "id-m1", "hostname": "host1", "labels": LABELS}]
    return {"files": {}, "units": {}, "swarm": {"nodes": listed, **swarm}}


@pytest.fixture
def wanted(tmp_path):
    return {
        "secrets_dir": str(tmp_path), "hostname": "registry.swarm.internal", "managers": ["m1", "m2"],
        "addresses": {"w1": "192.0.2.19", "m1": "192.0.2.11", "m2": "192.0.2.12"}, "place": PLACE, "users": USERS,
        "service": {"image": "registry:2.8", "args": ["serve", "/run/secrets/config.yml"], "read_only": True},
        "texts": {"config": "version: 0.1\n", "certificate": "", "key": "", "htpasswd": ""},
    }  # fmt: skip


def test_most_hosts_have_only_to_trust_it():
    plan = registry_plan(node(), HOSTVARS, TRUST)
    assert [(item["do"], item["to"]) for item in plan["all"]] == [("write", TRUST[0]["path"])]
    assert (plan["certificates"], plan["htpasswd"], plan["stack"]) == ([], "", {})


def test_the_host_that_speaks_to_the_swarm_makes_the_rest(wanted):
    plan = registry_plan(node(), HOSTVARS, TRUST, wanted)
    assert [item["do"] for item in plan["certificate"]] == ["create", "create"]
    assert [(item["to"], item["after"]) for item in plan["passwords"]] == [
        ("password file on the controller", "ann, swarm")
    ]
    assert [item["do"] for item in plan["deployment"]] == ["create"] * 5
    assert plan["all"] == plan["certificate"] + plan["passwords"] + plan["trust"] + plan["deployment"]


def test_a_manager_that_was_not_read_keeps_its_name_in_the_certificate(wanted):
    (certificate,) = registry_plan(node(), HOSTVARS, [], wanted)["certificates"]
    assert certificate == {
        "name": "registry", "usage": "server", "exact": False,
        "names": ["registry.swarm.internal", "host1", "192.0.2.11", "192.0.2.12"],
    }  # fmt: skip
    both = dict(HOSTVARS, m2=read("host2"))
    assert registry_plan(node(), both, [], wanted)["certificates"][0]["exact"] is True


def test_it_runs_on_the_node_whose_label_says_that_the_images_are_there(wanted):
    plan = registry_plan(node(), HOSTVARS, [], wanted)
    assert plan["stack"]["services"]["registry"]["constraints"] == [
        "node.labels.dockyard.swarm.registry==registry_data"
    ]
    assert plan["place"] == []


def test_the_label_comes_before_the_service_that_needs_it(wanted):
    nodes = [{"id": "id-m1", "hostname": "host1", "labels": {"zone": "a"}}]
    plan = registry_plan(node(nodes=nodes), HOSTVARS, [], wanted)
    assert [item["to"] for item in plan["place"]] == ["node host1: label dockyard.swarm.registry"]
    assert plan["all"].index(plan["place"][0]) < plan["all"].index(plan["deployment"][0])


def test_what_is_not_made_yet_has_a_placeholder(wanted):
    secrets = registry_plan(node(), HOSTVARS, [], wanted)["stack"]["secrets"]
    assert secrets == dict.fromkeys(["certificate", "key", "htpasswd"], "not made yet") | {"config": "version: 0.1\n"}


RENEWED = [{"do": "renew", "to": "certificate registry", "why": "expires", "certificate": {"name": "registry"}}]


@pytest.fixture
def converged(wanted, monkeypatch):
    """A registry that is as wanted, with a certificate that is renewed on request: ``(node, wanted, renewals)``."""
    texts = {"config": "version: 0.1\n", "certificate": "CERT\n\n", "key": "KEY\n", "htpasswd": htpasswd(USERS)}
    renewals = []
    monkeypatch.setattr(tested, "certificate_plan", lambda *_given: renewals)
    wanted["texts"] = texts
    stack = registry_plan(node(), HOSTVARS, [], wanted)["stack"]
    # Without the line break at their end: another content would be another secret.
    assert stack["secrets"] == dict(texts, certificate="CERT", key="KEY")
    there = stacks.desired(stack)
    return node(services=there["services"], secrets=list(there["names"]["secrets"].values())), wanted, renewals


def words(plan):
    return [(item["do"], item["to"].rpartition("_")[0] or item["to"]) for item in plan]


def test_nothing_is_to_do_once_it_is_there(converged):
    there, wanted, _renewals = converged
    plan = registry_plan(there, HOSTVARS, [], wanted)
    assert plan["htpasswd"] == wanted["texts"]["htpasswd"]
    assert plan["all"] == []


def test_a_new_password_is_planned_with_all_that_follows_from_it(converged):
    there, wanted, _renewals = converged
    wanted["users"] = dict(USERS, ann="other")
    plan = registry_plan(there, HOSTVARS, [], wanted)
    assert words(plan["all"]) == [
        ("write", "password file on the controller"), ("create", "secret registry_htpasswd"),
        ("update", "service registry"), ("remove", "secret registry_htpasswd"),
    ]  # fmt: skip
    # The same each time that it is asked for, and once the file is written.
    assert registry_plan(there, HOSTVARS, [], wanted) == plan
    wanted["texts"] = dict(wanted["texts"], htpasswd=plan["htpasswd"])
    assert registry_plan(there, HOSTVARS, [], wanted)["deployment"] == plan["deployment"]


@pytest.mark.parametrize("do", ["renew", "create"])
def test_a_certificate_that_is_renewed_is_planned_with_all_that_follows_from_it(converged, do):
    there, wanted, renewals = converged
    renewals += [dict(RENEWED[0], do=do)]
    plan = registry_plan(there, HOSTVARS, [], wanted)
    assert words(plan["deployment"]) == [
        ("create", "secret registry_certificate"), ("update", "service registry"), ("remove", "secret registry_certificate"),
    ]  # fmt: skip
    created, updated, removed = plan["deployment"]
    assert created["to"] == "secret registry_certificate_(new)"
    assert any("registry_certificate_(new) as registry.crt" in text for text in updated["after"])
    assert "(new)" not in removed["to"]


def test_a_key_that_is_only_protected_changes_no_service(converged):
    there, wanted, renewals = converged
    renewals += [dict(RENEWED[0], do="protect")]
    assert registry_plan(there, HOSTVARS, [], wanted)["deployment"] == []


def test_wrong_users_and_configurations_are_errors(wanted):
    with pytest.raises(AnsibleFilterError, match="swarm_registry_users: user 'a:b'"):
        registry_plan(node(), HOSTVARS, [], dict(wanted, users={"a:b": "x"}))
    with pytest.raises(AnsibleFilterError, match="exactly one storage driver"):
        tested.registry_config({}, {"storage": {"s3": {}, "gcs": {}}})
