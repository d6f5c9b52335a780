# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: what an operator should know, though nothing has to stop. Pure functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Mapping, Sequence

if TYPE_CHECKING:
    from .._core.facts import NodeFacts
    from .inputs import Host


def even_managers(managers: Sequence[str]) -> list[str]:
    """An even number of managers."""
    if not managers or len(managers) % 2:
        return []
    return [
        "%d managers: an even number survives no more failures than %d would, and one more can fail. "
        "Use an odd number" % (len(managers), len(managers) - 1)
    ]


def fixed_settings(wanted: Mapping[str, Any], actual: Mapping[str, Any]) -> list[str]:
    """Settings that were fixed when the swarm was made, and differ from what is wanted now."""
    return [
        "swarm setting %s is %s, wanted %s: it is fixed when a swarm is made, and cannot be changed later"
        % (name, actual.get(name), value)
        for name, value in sorted(wanted.items())
        if value and actual.get(name) not in (value, None, [], 0)
    ]


def insecure_registries(hosts: Mapping[str, Host]) -> list[str]:
    """Registries whose certificate the daemon does not check."""
    warnings = []
    for host, item in hosts.items():
        names = (item["daemon_options"] or {}).get("insecure-registries")
        if names:
            warnings.append(
                "%s: daemon option insecure-registries lets anyone on the network path change images from %s: give these "
                "registries certificates, and put their CA into swarm_engine_registry_cas"
                % (host, ", ".join(map(str, names)))
            )
    return warnings


def ports_shut_by_reloads(read: Mapping[str, NodeFacts]) -> list[str]:
    """Hosts on which a reload of firewalld takes the Engine's rules away."""
    names = [host for host, facts in read.items() if facts["firewall"]["flushes"]]
    if not names:
        return []
    return [
        "%s: each reload of firewalld shuts published ports until the next run, since it has direct rules or the backend "
        "iptables: make them rich rules or policies (firewall-cmd --direct --get-all-rules), with FirewallBackend=nftables"
        % ", ".join(names)
    ]
