# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What roles need of others is found by its name, checked, and merged."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template

from ansible_collections.dockyard.swarm.plugins.lookup.contributions import LookupModule

CLUSTER = {"swarm_cluster_domain": "swarm.test", "inventory_hostname": "m1", "groups": {"swarm_managers": ["m1"]}}
CLUSTER["swarm_cluster_manager_group"] = "swarm_managers"


def ask(*keys, variables=None, **options):
    variables = dict(CLUSTER, **(variables or {}))
    templar = Templar(loader=DataLoader(), variables=variables)
    return LookupModule(templar=templar).run(list(keys), variables, **options)


def one(key, **contributions):
    (found,) = ask(key, variables={"%s_contributes" % role: value for role, value in contributions.items()})
    return found


def test_lists_are_joined_without_duplicates():
    assert one("packages", web={"packages": ["nginx", "curl"]}, proxy={"packages": ["curl", "haproxy"]}) == [
        "curl", "haproxy", "nginx",
    ]  # fmt: skip


def test_nobody_contributes():
    assert ask("packages", "daemon_options", "needs_swarm") == [[], {}, False]


def test_options_of_the_daemon_are_merged():
    found = one("daemon_options", web={"daemon_options": {"debug": True}}, proxy={"daemon_options": {"mtu": 1400}})
    assert found == {"debug": True, "mtu": 1400}


def test_two_roles_may_want_the_same_option_and_must_not_disagree():
    assert one("daemon_options", a={"daemon_options": {"mtu": 1400}}, b={"daemon_options": {"mtu": 1400}}) == {
        "mtu": 1400
    }
    with pytest.raises(AnsibleError, match=r"a_contributes and of b_contributes .* mtu \(1400, 1500\)"):
        one("daemon_options", a={"daemon_options": {"mtu": 1400}}, b={"daemon_options": {"mtu": 1500}})


def test_one_role_that_needs_the_swarm_is_enough():
    assert one("needs_swarm", a={"needs_swarm": False}, b={"needs_swarm": True}) is True


def test_only_the_key_that_is_asked_for_is_templated():
    web = {"files": [trust_as_template("{{ folder }}")], "status": [trust_as_template("{{ nothing_knows_this }}")]}
    (found,) = ask("files", variables={"web_contributes": web, "folder": "/srv"})
    assert found == ["/srv"]


def test_a_single_line_of_status_needs_no_list():
    assert one("status", web={"status": "web: port 80"}, wiki={"status": ["wiki: port 81"]}) == [
        "web: port 80", "wiki: port 81",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("contribution", "text"),
    [
        ({"package": ["nginx"]}, "web_contributes has the unknown key package: the keys are packages, "),
        ({"packages": "nginx"}, "web_contributes: packages is 'nginx', and has to be a list"),
        ({"packages": [1]}, "packages is [1], and has to be a list of texts"),
        (
            {"ports": [{"port": 80, "to": "any"}]},
            "has to be a list of dictionaries with the keys port, protocol, hosts, from",
        ),
        ({"ports": [{"hosts": ["m1"]}]}, "has to be a list of dictionaries"),
        ({"names": [{"name": "web"}]}, "has to be a list of dictionaries with the keys name, hosts"),
        ({"daemon_options": ["debug"]}, "daemon_options is ['debug'], and has to be a dictionary"),
        ({"needs_swarm": "yes"}, "needs_swarm is 'yes', and has to be true or false"),
        (["packages"], "web_contributes is no dictionary"),
    ],
)
def test_what_nobody_would_read_is_an_error(contribution, text):
    with pytest.raises(AnsibleError) as error:
        ask("packages", "ports", "names", "daemon_options", "needs_swarm", variables={"web_contributes": contribution})
    assert text in str(error.value)


def test_an_unknown_key_is_not_asked_for():
    with pytest.raises(AnsibleError, match="unknown key port"):
        ask("port")


def test_a_role_of_the_collection_counts_without_being_in_the_play():
    variables = {"swarm_logging_collector": "node9", "swarm_logging_port": 7000}
    (found,) = ask("ports", variables=variables, also=["swarm_logging"])
    assert found == [{"port": 7000, "hosts": ["node9"]}]


def test_names_of_all_roles_are_known_whatever_is_in_the_play():
    (found,) = ask("names", also=["all"])
    assert [item["name"] for item in found] == ["logs.swarm.test", "registry.swarm.test"]


def test_roles_in_the_play_are_left_out_where_only_the_others_count():
    web = {"web_contributes": {"ports": [{"port": 80}]}}
    (found,) = ask("ports", variables=web, also=["all"], without=True)
    assert {item["port"] for item in found} == {53, 6514}
    assert ask("ports", variables=web, without=True) == [[]]


def test_the_order_does_not_depend_on_who_is_in_the_play():
    alone = ask("names", also=["all"])
    inside = {"name": "registry.swarm.test", "hosts": ["m1"]}
    assert ask("names", variables={"swarm_registry_contributes": {"names": [inside]}}, also=["all"]) == alone
