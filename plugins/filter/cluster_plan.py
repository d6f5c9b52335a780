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
        (C(repairs)), the settings of the swarm (C(swarm_settings)), and the controller's folder for secrets
        (C(secrets_dir)), where its unlock keys are.
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
      asked), C(managers) (all that can be asked), C(nodes) (those of the swarm),
      C(hosts) (who the hosts are) and C(swarm) (C(init), C(join), C(unlock), C(rejoin), C(leaving),
      C(settings), C(keep_key), C(nodes), C(forget), C(steps)).
  type: dict
"""

import os

from ..module_utils._preflight import preflight
from ..module_utils._swarm.manager_key import key_digest
from .unlock_keys import unlock_keys

DEFAULTS = {
    "networks": [], "macvlans": [], "dns_records": [], "dns_servers": [], "domain": "", "settings": {},
    "allow_unsupported_os": False, "forms_swarm": True, "repairs": False, "swarm_settings": {}, "secrets_dir": "",
    "registry_users": {}, "registry_config": {},
}  # fmt: skip

ENGINE = ("source", "version", "package_files", "repository_key", "repository_fingerprint")


def cluster_plan(hostvars, managers, workers, others=(), options=None):
    outside = {item["item"]: item for item in others if "swarm" in item}
    hosts = {}
    for host in dict.fromkeys(list(managers) + list(workers)):
        variables = hostvars[host]
        facts = variables.get("swarm_cluster_node") or outside.get(host)
        hosts[host] = {
            "facts": facts if facts and "swarm" in facts else None,
            "here": host not in outside,
            "ansible_host": variables.get("ansible_host") or host,
            "daemon_options": variables.get("swarm_engine_daemon_options"),
            "daemon_remove": variables.get("swarm_engine_daemon_remove") or [],
            "plain_tcp": variables.get("swarm_engine_allow_plain_tcp", False),
            "labels": variables.get("swarm_node_labels"),
            "availability": variables.get("swarm_node_availability"),
            "advertise_addr": variables.get("swarm_node_advertise_addr"),
            "data_path_addr": variables.get("swarm_node_data_path_addr"),
            "firewall_ports": variables.get("swarm_host_firewall_ports"),
            "firewall_backend": variables.get("swarm_host_firewall", True)
            and variables.get("swarm_host_firewall_backend"),
            "firewall_published": variables.get("swarm_host_firewall_published"),
            "timezone": variables.get("swarm_host_timezone"),
            "engine": _engine({name: variables.get("swarm_engine_%s" % name) for name in ENGINE}),
        }
    wanted = dict(DEFAULTS, **(options or {}))
    wanted["unlock_keys"] = _keys(wanted["secrets_dir"])
    plan = preflight.cluster_plan(list(managers), list(workers), hosts, wanted)
    # One that is not reached may be missing; one that is reached and cannot be read is no host to plan without.
    unread = [
        "%s: could not be read, and the plan needs every manager that is there: %s" % (item["item"], item.get("msg"))
        for item in others
        if item.get("failed") and not item.get("unreachable")
    ]
    return dict(plan, problems=unread + plan["problems"])


def _keys(secrets_dir):
    """What is known of the unlock keys on this controller; never a key."""
    found = unlock_keys(secrets_dir) if secrets_dir else []
    return {"found": bool(found), "dir": secrets_dir, "known": [key_digest(key) for key in found]}


def _engine(options):
    """With the package files that are not on this controller, as far as their paths say where that would be."""
    paths = [os.path.expanduser(path) for path in options["package_files"] or []]
    return dict(options, missing_files=[path for path in paths if os.path.isabs(path) and not os.path.isfile(path)])


class FilterModule:
    def filters(self):
        return {"cluster_plan": cluster_plan}
