# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plays as data: the roles' own defaults, variables and plans, with options of an inventory, templated in this process.

Nothing of a role is written here again: what is templated are the expressions in its files.
"""

from __future__ import annotations

import functools
from pathlib import Path

import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template
from ansible.vars.hostvars import HostVars
from jinja2 import Environment

from tests.unit.swarm_example import BARE

ROOT = Path(__file__).resolve().parents[2]
HOSTS = ("node1", "node2", "node3")
# In the order of site.yml.
ROLES = (
    "swarm_cluster", "swarm_host", "swarm_engine", "swarm_node", "swarm_networks", "swarm_dns", "swarm_registry", "swarm_logging",
)  # fmt: skip
PLACE = {"empty": False, "kind": "absent", "live": True, "mount": False}
DATA = {
    "drivers": [],
    "error": None,
    "flag": None,
    "foreign": [],
    "holds": False,
    "key": None,
    "mount": False,
    "parked": None,
}


# What a template's code depends on.
OPTIONS = (
    "block_start_string", "block_end_string", "variable_start_string", "variable_end_string", "comment_start_string",
    "comment_end_string", "line_statement_prefix", "line_comment_prefix", "trim_blocks", "lstrip_blocks", "newline_sequence",
    "keep_trailing_newline",
)  # fmt: skip


class Inventory:
    """What Ansible's hostvars ask of an inventory."""

    hosts = HOSTS

    @staticmethod
    def get_host(name):
        return name if name in HOSTS else None


class Manager:
    """What they ask of the variables' manager."""

    _hostvars = None

    def __init__(self, variables):
        self.variables = variables

    def get_vars(self, host, include_hostvars):
        return dict(self.variables[host])


_COMPILED: dict[tuple, object] = {}
_COMPILE = Environment.compile


def compiled_once(environment, source, *arguments, **more):
    """Compiles each template once, which takes most of the time. Environments of equal options make the same of it."""
    options = [getattr(environment, name) for name in OPTIONS]
    key = (type(environment), source, *options, *arguments, *sorted(more.items()))
    if key not in _COMPILED:
        _COMPILED[key] = _COMPILE(environment, source, *arguments, **more)
    return _COMPILED[key]


def facts(number):
    """A bare host, as module node_facts reads it."""
    docker = {"path": "/var/lib/docker", "place": "/var/lib/docker"}
    containerd = {"path": "/var/lib/containerd", "place": "/var/lib/containerd"}
    return {
        "os": {
            "id": "debian", "version": "13", "codename": "trixie", "name": "Debian GNU/Linux 13 (trixie)", "family": "Debian",
            "arch": "x86_64", "kernel": "6.12.1", "python": "3.13.5",
        },
        "machine": {"hostname": f"node{number}", "machine_id": "%032x" % number, "memory_mib": 2048, "time": 1.7e9},
        "addresses": [
            {"interface": "eth0", "address": f"192.0.2.1{number}", "prefix": 24, "kind": "physical", "mtu": 1500}
        ],
        "routes": [{"destination": "0.0.0.0/0", "interface": "eth0", "gateway": "192.0.2.1"}],
        "packages": {}, "holds": [], "candidates": {}, "repository": None, "selinux": "disabled", "files": {}, "units": {},
        "sysctls": {}, "kernel_modules": {}, "dns": {"resolvers": ["192.0.2.1"], "port_53": []}, "time_sync": None,
        "firewall": {"unit": None, "rules": [], "table": None, "flushes": False}, "mesh": None,
        "daemon": {"exists": False, "options": {}, "error": None, "interrupted": False},
        "data": {
            "wanted": {"data_root": "", "containerd_root": "", "link": False, "keep_old": True, "network_fs": False},
            "move": None, "kept": [], "installed": False, "running_on": 0, "targets": {}, "others": [],
            "docker": dict(
                DATA, config="daemon.json", default=dict(PLACE, **docker), place="/var/lib/docker", root="/var/lib/docker"
            ),
            "containerd": dict(
                DATA, config="/etc/containerd/config.toml", default=dict(PLACE, **containerd), imported=None, installed=False,
                place="/var/lib/containerd", root="/var/lib/containerd",
            ),
        },
        "engine": {"running": False, "version": None, "api": None, "info": {}, "images": {}, "configs": {}},
        "swarm": dict(BARE),
    }  # fmt: skip


@functools.cache
def specs():
    """Every public option of every role: name -> its argument spec."""
    found = {}
    for path in sorted(ROOT.glob("roles/*/meta/argument_specs.yml")):
        found.update(
            yaml.safe_load(path.read_text(encoding="utf-8").replace("!unsafe", ""))["argument_specs"]["main"]["options"]
        )
    return found


@functools.cache
def role_variables():
    """The defaults of all roles and their other variables, as Ansible loads them."""
    defaults, others = {}, {}
    for role in (*ROLES, "swarm_backup"):
        defaults.update(_load(f"roles/{role}/defaults/main.yml"))
        for path in sorted((ROOT / "roles" / role / "vars" / "main").glob("*.yml")):
            others.update(_load(path.relative_to(ROOT)))
    return defaults, others


@functools.cache
def _tasks(role, name):
    return _load(f"roles/{role}/tasks/{name}.yml")


def _load(path):
    return DataLoader().load_from_file(str(ROOT / path), trusted_as_template=True) or {}


class Play:
    """All roles on three bare hosts.

    :param options: what the inventory says, the same for each host.
    """

    def __init__(self, options, secrets_dir, host="node1"):
        groups = {
            "all": list(HOSTS),
            "swarm": list(HOSTS),
            "swarm_managers": ["node1"],
            "swarm_workers": ["node2", "node3"],
        }
        own = {
            name: {
                "ansible_host": f"192.0.2.1{number}", "inventory_hostname": name, "groups": groups, "ansible_check_mode": True,
                "swarm_cluster_secrets_dir": str(secrets_dir), **options,
            }
            for number, name in enumerate(HOSTS, 1)
        }  # fmt: skip
        self.own = own
        self.loader = DataLoader()
        hostvars = HostVars(Inventory(), Manager(own), self.loader)
        defaults, others = role_variables()
        names = [f"dockyard.swarm.{role}" for role in (*ROLES, "swarm_backup")]
        self.variables = {
            **defaults, **own[host], **others, "hostvars": hostvars, "ansible_play_hosts": list(HOSTS),
            "ansible_play_hosts_all": list(HOSTS), "ansible_role_names": names,
            "ansible_playbook_python": "/usr/bin/python3", "ansible_version": {"full": "2.19.0"},
        }  # fmt: skip

    def template(self, expression, **more):
        return Templar(loader=self.loader, variables=dict(self.variables, **more)).template(
            trust_as_template(expression)
        )

    def problems(self):
        """What the check of all options says."""
        return self.template("{{ __swarm_cluster_option_problems }}")

    def read(self):
        """Gives the hosts' facts, as after the first read, and the cluster's plan."""
        for number, name in enumerate(HOSTS, 1):
            self.own[name]["swarm_cluster_node"] = facts(number)
        self.variables["swarm_cluster_node"] = self.own["node1"]["swarm_cluster_node"]
        for key in (
            "packages",
            "known_packages",
            "candidates",
            "units",
            "files",
            "data",
            "repository",
            "kernel_modules",
            "sysctls",
        ):
            self.template("{{ query('dockyard.swarm.contributions', '%s') | first }}" % key)
        (task,) = [item for item in _tasks("swarm_cluster", "plan") if "ansible.builtin.set_fact" in item]
        self.variables["swarm_cluster_plan"] = self.template(task["ansible.builtin.set_fact"]["swarm_cluster_plan"])
        return self.variables["swarm_cluster_plan"]

    def plans(self, roles=ROLES):
        """The plans that the roles' first tasks are decided by, by name."""
        found = {}
        for role in roles:
            for task in _tasks(role, "main"):
                for name in task.get("vars") or {}:
                    if name.endswith("_plan"):
                        found[name] = self.template("{{ %s }}" % name, **task["vars"])
        return found
