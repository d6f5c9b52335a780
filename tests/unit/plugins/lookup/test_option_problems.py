# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the inventory says wrongly is told once, with the hosts, before anything is read."""

from __future__ import annotations

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template

from ansible_collections.dockyard.swarm.plugins.lookup.option_problems import LookupModule

ROLES = ["dockyard.swarm.swarm_node", "dockyard.swarm.swarm_registry", "other.things.swarm_node"]


class HostVars(dict):
    """What Ansible's hostvars are asked for."""

    def raw_get(self, host):
        return self[host]


def problems(here=None, **others):
    variables = dict(here or {}, inventory_hostname="one", hostvars=HostVars(others))
    templar = Templar(loader=DataLoader(), variables=variables)
    return LookupModule(templar=templar).run(["one", *others], variables, roles=ROLES)


def test_good_options_and_those_of_others_are_passed_over():
    assert problems({"swarm_node_labels": {"disk": "ssd"}}, two={"swarm_registry_port": "5000", "unknown": 1}) == []


def test_a_problem_is_told_once_with_its_hosts():
    found = problems({"swarm_registry_port": "many"}, two={}, three={"swarm_registry_port": 5000})
    assert len(found) == 1
    assert found[0].startswith("one, two: role dockyard.swarm.swarm_registry: ")
    assert "swarm_registry_port" in found[0]


def test_each_host_has_its_own_values():
    (found,) = problems(two={"swarm_node_availability": "gone"}, three={"swarm_node_availability": "drain"})
    assert found.startswith("two: role dockyard.swarm.swarm_node: ")
    assert "active, pause, drain, got: gone" in found


def test_what_play_and_roles_set_counts_on_every_host():
    here = {"domain": "example.org", "swarm_node_labels": {}}
    template = trust_as_template("{{ domain }}.{{ inventory_hostname }}")
    assert problems(here, two={"swarm_node_labels": {"rack": template}, "inventory_hostname": "two"}) == []


@pytest.mark.parametrize("where", ["one", "two"])
def test_what_is_not_known_yet_is_left_to_those_who_use_it(where):
    values = {"swarm_node_labels": {"rack": trust_as_template("{{ swarm_cluster_node.os.id }}")}}
    assert (problems(values) if where == "one" else problems(two=values)) == []


@pytest.mark.parametrize("where", ["one", "two"])
def test_a_template_that_fails_is_named(where):
    values = {"swarm_node_labels": {"rack": trust_as_template("{{ 1 / 0 }}")}}
    (found,) = problems(values, two={"swarm_node_labels": {}}) if where == "one" else problems(two=values)
    assert found.startswith(f"{where}: role dockyard.swarm.swarm_node: swarm_node_labels: ")
    assert "division by zero" in found


def test_a_secret_is_not_told():
    (found,) = problems(two={"swarm_registry_users": "geheimes-wort"})
    assert "swarm_registry_users" in found
    assert "geheimes-wort" not in found
