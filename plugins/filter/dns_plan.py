# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: dns_plan
short_description: What role swarm_dns has to do on a host
version_added: 0.1.0
description:
  - Compares a host's facts with the DNS server that it is to be and the servers that it is to ask.
  - Reads and changes nothing itself. What is wrong in the records or servers is an error that names option and remedy.
author:
  - The dockyard.swarm maintainers (@dockyard)
positional: settings, resolvers
options:
  _input:
    description: A result of M(dockyard.swarm.node_facts).
    type: dict
    required: true
  settings:
    description: The options of M(dockyard.swarm.dnsmasq). Empty for a host that is no server.
    type: dict
    required: true
  resolvers:
    description: The servers that the host is to ask, in order. Empty where its resolver is left alone.
    type: list
    elements: str
    required: true
  packages:
    description: Names of the packages that a server needs.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: Plan
  ansible.builtin.debug:
    msg: "{{ swarm_cluster_node | dockyard.swarm.dns_plan({'domain': 'swarm.internal'}, ['192.0.2.11'], ['dnsmasq']) }}"
"""

RETURN = r"""
_value:
  description:
    - C(all) changes, each with its reason, and of them those of the C(server) and those of the C(resolver). Changes of
      systemd-resolved's files have the C(text) of the file.
  type: dict
"""

from ansible.errors import AnsibleFilterError

from ..module_utils._core.ip import in_order, is_address
from ..module_utils._core.plan import PlanError
from ..module_utils._dns import role_plan
from ..module_utils._dns.dnsmasq import settings_of
from ..module_utils._dns.records import check_records, typed_records
from ..plugin_utils._host_variables import HostVariables


def dns_plan(node, settings, resolvers, packages=()):
    wanted = {
        "serve": bool(settings),
        "settings": settings_of(settings),
        "packages": list(packages),
        "manage_resolver": bool(resolvers),
        "resolvers": list(resolvers),
    }
    plan = _with_filter_errors(role_plan.make_role_plan, node, wanted)
    stages = {stage: [item for item in plan if item["stage"] == stage] for stage in ("server", "resolver")}
    return dict(stages, all=plan)


def dns_records(records, hosts, names, domain, strict=True):
    domain = domain.lower().rstrip(".")
    records = typed_records(records)
    made = role_plan.automatic_records(hosts, names, domain, records)
    # Those without an address are known, too: a host that is down must not make a record wrong.
    known = [item["name"] for item in made] + role_plan.host_names(hosts, domain) + list(names) if strict else None
    problems = check_records(records, domain, option="swarm_dns_records", known=known)
    if problems:
        raise AnsibleFilterError("; ".join(problems))
    return made + records


def dns_hosts(hostvars, hosts, addresses):
    return {host: _address(hostvars, host, addresses) for host in hosts}


def dns_names(names, addresses, hostvars):
    return role_plan.named_addresses(names, lambda host: _address(hostvars, host, addresses))


def _address(hostvars, host, addresses):
    """A host's address, or an empty text where only a name is known."""
    given = (HostVariables(hostvars, host).get("ansible_host") if host in hostvars else None) or host
    return addresses.get(host) or (given if is_address(given) else "")


def resolv_conf(text, servers):
    return role_plan.resolv_conf_text(text, servers)


def upstream_servers(text, own):
    return _with_filter_errors(role_plan.upstreams_text, text, own)


def _with_filter_errors(function, *args):
    try:
        return function(*args)
    except PlanError as exc:
        raise AnsibleFilterError(str(exc)) from exc


class FilterModule:
    def filters(self):
        return {
            "dns_plan": dns_plan,
            "dns_hosts": dns_hosts,
            "dns_names": dns_names,
            "dns_records": dns_records,
            "resolv_conf": resolv_conf,
            "upstream_servers": upstream_servers,
            "server_addresses": in_order,
            "resolvers_of": role_plan.resolvers,
        }
