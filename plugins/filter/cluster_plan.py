# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: cluster_plan
short_description: Plan the whole swarm from the states of all hosts
version_added: 0.1.0
description:
  - Checks all hosts at once, and says what is wrong, which address each host has, and which hosts initialise, join, are
    promoted, demoted or labelled.
  - Reads nothing by itself; hosts are taken from the variable C(swarm_cluster_node) that role swarm_cluster registers.
author:
  - The dockyard.swarm maintainers (@dockyard)
positional: managers, workers
options:
  _input:
    description: The variable C(hostvars).
    type: dict
    required: true
  managers:
    description: Inventory names of the managers.
    type: list
    elements: str
    required: true
  workers:
    description: Inventory names of the workers.
    type: list
    elements: str
    required: true
  others:
    description: Results of M(dockyard.swarm.node_facts) for hosts outside of the play, from a loop over their names.
    type: list
    elements: dict
    default: []
  options:
    description:
      - What is wanted of the cluster, with the keys C(networks), C(macvlans), C(dns_records), C(dns_servers), C(domain),
        C(settings), C(registry_users), C(registry_config) and C(allow_unsupported_os), whether this run makes it
        (C(forms_swarm)) or brings a lost one back
        (C(repairs)), what has data (C(places), and
        C(other_places) of roles that the play does not have), the collection's own services (C(services)), the hosts of the play
        (C(play_hosts)), the settings of the swarm (C(swarm_settings)), and the controller's folder for secrets
        (C(secrets_dir)), where its unlock keys are, the C(secrets) in it that roles contribute, and whether a cluster that
        another folder belongs to is taken over (C(take_over)).
    type: dict
    default: {}
"""

EXAMPLES = r"""
- name: Plan
  ansible.builtin.debug:
    msg: "{{ hostvars | dockyard.swarm.cluster_plan(groups.swarm_managers, groups.swarm_workers) }}"
"""

RETURN = r"""
_value:
  description:
    - A dictionary with C(problems) and C(warnings) (texts), C(addresses) (by host), C(hostnames) (addresses by the hosts' own
      names), C(data_paths) (by host, of the overlay networks' traffic), C(path_mtu) (what all their interfaces carry),
      C(macvlans) (each one's parts by host), C(capacity) (of each network), C(manager) (the host through which the swarm is
      asked), C(managers) (all that can be asked), C(nodes) (those of the swarm), C(places) (where what has data runs),
      C(hosts) (who the hosts are), C(controller) (what is to be done to the controller's folder and to the labels that tell of
      it) and C(swarm) (C(init), C(join), C(unlock), C(rejoin), C(leaving),
      C(settings), C(keep_key), C(nodes), C(forget), C(steps)).
  type: dict
"""

import os

from jinja2 import pass_environment

from ..module_utils._core.options import as_bool, typed
from ..module_utils._dns.records import typed_records
from ..module_utils._networks.macvlan import typed_macvlans
from ..module_utils._networks.overlay import typed_networks
from ..module_utils._preflight import preflight
from ..module_utils._swarm.manager_key import key_digest
from ..module_utils._swarm.out_of_service import runs
from ..plugin_utils import _controller, _secret_files
from ..plugin_utils._host_variables import HostVariables
from ..plugin_utils._runs import has_ended
from .unlock_keys import unlock_keys

DEFAULTS = {
    "networks": [], "macvlans": [], "dns_records": [], "dns_servers": [], "domain": "", "settings": {},
    "allow_unsupported_os": False, "forms_swarm": True, "repairs": False, "swarm_settings": {}, "secrets_dir": "",
    "groups": {}, "manager_group": "swarm_managers", "worker_group": "swarm_workers",
    "places": [], "other_places": [], "services": [], "play_hosts": None,
    "secrets": [], "take_over": False,
    "registry_users": {}, "registry_config": {},
}  # fmt: skip

FIXED_SETTINGS = {
    "type": "dict",
    "options": {"subnet_size": {"type": "int"}, "data_path_port": {"type": "int"}},
}
ENGINE = ("source", "version", "package_files", "repository_key", "repository_fingerprint")


@pass_environment
def _cluster_plan(environment, hostvars, managers, workers, others=(), options=None):
    return cluster_plan(hostvars, managers, workers, others, options, _secret_files.by_environment(environment))


def cluster_plan(hostvars, managers, workers, others=(), options=None, decrypt=None):
    outside = {item["item"]: item for item in others if "swarm" in item}
    hosts = {}
    for host in dict.fromkeys(list(managers) + list(workers)):
        variables = HostVariables(hostvars, host)
        facts = _read(variables.get("swarm_cluster_node") or outside.get(host))
        hosts[host] = {
            "facts": facts,
            "here": host not in outside,
            "ansible_host": variables.get("ansible_host") or host,
            "daemon_options": variables.get("swarm_engine_daemon_options"),
            "daemon_remove": variables.get("swarm_engine_daemon_remove") or [],
            "plain_tcp": as_bool(variables.get("swarm_engine_allow_plain_tcp", False)),
            "labels": variables.get("swarm_node_labels"),
            "availability": variables.get("swarm_node_availability"),
            "advertise_addr": variables.get("swarm_node_advertise_addr"),
            "data_path_addr": variables.get("swarm_node_data_path_addr"),
            "firewall_ports": variables.get("swarm_host_firewall_ports"),
            "firewall_backend": as_bool(variables.get("swarm_host_firewall", True))
            and variables.get("swarm_host_firewall_backend"),
            "firewall_published": variables.get("swarm_host_firewall_published"),
            "timezone": variables.get("swarm_host_timezone"),
            "engine": _engine({name: variables.get("swarm_engine_%s" % name) for name in ENGINE}),
        }
    wanted = _typed(dict(DEFAULTS, **(options or {})))
    wanted["outside"] = {
        host: _read(hostvars[host].get("swarm_cluster_node"))
        for host in wanted["play_hosts"] or ()
        if host not in hosts
    }
    # One that brings a lost swarm back has nothing to compare with.
    secrets = [] if wanted["repairs"] else wanted["secrets"]
    wanted["folder"] = _controller.read(secrets, wanted["secrets_dir"] or "/", decrypt)
    wanted["unlock_keys"] = _keys(wanted["folder"], decrypt)
    wanted["ended"] = _ended(hosts)
    plan = preflight.cluster_plan(list(managers), list(workers), hosts, wanted)
    # One that is not reached may be missing; one that is reached and cannot be read is no host to plan without.
    unread = [
        "%s: could not be read, and the plan needs every manager that is there: %s" % (item["item"], item.get("msg"))
        for item in others
        if item.get("failed") and not item.get("unreachable")
    ]
    return dict(plan, problems=unread + plan["problems"])


def _typed(options):
    """The options of the cluster with their types, where they may come as text."""
    return dict(
        options,
        networks=typed_networks(options["networks"]),
        macvlans=typed_macvlans(options["macvlans"]),
        dns_records=typed_records(options["dns_records"]),
        settings=typed(options["settings"], FIXED_SETTINGS),
        allow_unsupported_os=as_bool(options["allow_unsupported_os"]),
    )


def _read(facts):
    """The facts of a host, or None where it was not reached or could not be read."""
    return facts if facts and "swarm" in facts else None


def _ended(hosts):
    """Runs of this controller that left nodes out of service, and whose processes are gone."""
    specs = [item["facts"]["swarm"].get("spec") or {} for item in hosts.values() if item["facts"]]
    return [run for run in sorted({run for spec in specs for run in runs(spec)}) if has_ended(run)]


def _keys(folder, decrypt):
    """What is known of the unlock keys on this controller; never a key."""
    found = [] if folder["problem"] else unlock_keys(folder["dir"], decrypt)
    return {"found": bool(found), "dir": folder["dir"], "known": [key_digest(key) for key in found]}


def _engine(options):
    """With the package files that are not on this controller, as far as their paths say where that would be."""
    paths = [os.path.expanduser(path) for path in options["package_files"] or []]
    version = options["version"]
    options = dict(options, version=str(version) if isinstance(version, int) else version)
    return dict(options, missing_files=[path for path in paths if os.path.isabs(path) and not os.path.isfile(path)])


class FilterModule:
    def filters(self):
        return {"cluster_plan": _cluster_plan}
