# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the inventory says wrongly is told once, with the hosts, before anything is read."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template

from ansible_collections.dockyard.swarm.plugins.lookup.option_problems import LookupModule

ROLES = ["dockyard.swarm.swarm_node", "dockyard.swarm.swarm_registry", "other.things.swarm_node"]


class HostVars(dict):
    """What Ansible's hostvars are asked for."""

    def raw_get(self, host):
        return self[host]


def problems(here=None, *, play=None, strict=False, **others):
    """The problems of host one, with ``here`` of the inventory and ``play`` of play and roles, and of other hosts."""
    groups = {"all": ["one", *others]}
    known = {
        host: dict(own, inventory_hostname=host, groups=groups) for host, own in {"one": here or {}, **others}.items()
    }
    variables = dict(known["one"], **(play or {}), hostvars=HostVars(known))
    templar = Templar(loader=DataLoader(), variables=variables)
    return LookupModule(templar=templar).run(["one", *others], variables, roles=ROLES, strict=strict)


def test_good_options_and_those_of_others_are_passed_over():
    assert problems({"swarm_node_labels": {"disk": "ssd"}}, two={"swarm_registry_port": "5000", "unknown": 1}) == []


def test_a_problem_is_told_once_with_its_hosts():
    assert problems({"swarm_registry_port": "many"}, two={"swarm_registry_port": "many"}, three={}) == [
        "one, two: swarm_registry_port is the text 'many', and has to be a whole number from 1 to 65535"
    ]


def test_each_host_has_its_own_values():
    (found,) = problems(two={"swarm_node_availability": "gone"}, three={"swarm_node_availability": "drain"})
    assert found == (
        "two: swarm_node_availability is the text 'gone', and has to be one of '' (empty), active, pause, drain"
    )


def test_what_the_inventory_has_for_the_host_that_asks_is_not_said_of_others():
    (found,) = problems({"swarm_registry_port": 0}, two={})
    assert found.startswith("one: ")


def test_another_host_has_the_default_of_an_option_that_its_values_name():
    port = trust_as_template("{{ swarm_registry_port }}")
    assert problems({"swarm_registry_port": 7}, two={"swarm_node_labels": {"port": port}}) == []


def test_what_play_and_roles_set_counts_on_every_host():
    template = trust_as_template("{{ domain }}.{{ inventory_hostname }}")
    play = {"domain": "example.org"}
    assert problems({"swarm_node_labels": {}}, play=play, two={"swarm_node_labels": {"rack": template}}) == []


@pytest.mark.parametrize("where", ["one", "two"])
def test_what_is_not_known_yet_is_left_to_those_who_use_it(where):
    values = {"swarm_node_labels": {"rack": trust_as_template("{{ swarm_cluster_node.os.id }}")}}
    assert (problems(values) if where == "one" else problems(two=values)) == []


@pytest.mark.parametrize("where", ["one", "two"])
def test_a_template_that_fails_is_named(where):
    values = {"swarm_node_labels": {"rack": trust_as_template("{{ 1 / 0 }}")}}
    (found,) = problems(values, two={"swarm_node_labels": {}}) if where == "one" else problems(two=values)
    assert found.startswith(f"{where}: swarm_node_labels cannot be evaluated: ")
    assert "division by zero" in found


@pytest.mark.parametrize("name", ["swarm_node_advertise_addr", "ansible_host"])
def test_a_variable_that_nobody_defined_is_named_with_a_remedy(name):
    values = {name: trust_as_template("{{ ansible_default_ipv4.address }}")}
    (found,) = problems(two=values)
    assert found.startswith(
        f"two: {name} refers to ansible_default_ipv4, which is not defined: the collection gathers no"
    )


def test_other_hosts_of_the_inventory_can_be_referred_to():
    template = trust_as_template("{{ hostvars[inventory_hostname].inside }}")
    values = {"ansible_host": template, "swarm_node_advertise_addr": template, "inside": "192.0.2.7"}
    assert problems(values, two=values) == []


def test_a_default_is_not_blamed_for_the_option_that_it_is_made_of():
    default = trust_as_template("{{ swarm_registry_hostname }}:{{ swarm_registry_port }}")
    broken = trust_as_template("{{ nobody }}")
    play = {"swarm_registry_address": default, "swarm_registry_hostname": broken, "swarm_registry_port": 5000}
    (found,) = problems(play=play)
    assert found.startswith("one: swarm_registry_hostname refers to nobody, which is not defined")


def test_a_secret_is_not_told():
    (found,) = problems(two={"swarm_registry_users": "geheimes-wort"})
    assert "swarm_registry_users" in found
    assert "geheimes-wort" not in found


def test_where_nothing_can_be_reached_problems_are_an_error_by_themselves():
    assert problems({"swarm_registry_port": 5000}, strict=True) == []
    with pytest.raises(AnsibleError, match=r"^one: swarm_registry_port is the number 0"):
        problems({"swarm_registry_port": 0}, strict=True)
