# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: what an operator should know, though nothing has to stop. Pure functions."""

from __future__ import annotations

from .._networks import capacity
from .._swarm.cluster_plan import fixed_settings_drift


def insecure_registries(hosts):
    warnings = []
    for host, item in hosts.items():
        names = (item["daemon_options"] or {}).get("insecure-registries")
        if names:
            warnings.append(
                "%s: daemon option insecure-registries lets anyone on the way change images from %s: give these registries "
                "certificates, and put their CA into swarm_engine_registry_cas" % (host, ", ".join(map(str, names)))
            )
    return warnings


def ports_shut_by_reloads(read):
    names = [host for host, facts in read.items() if (facts.get("firewall") or {}).get("flushes")]
    if not names:
        return []
    return [
        "%s: each reload of firewalld shuts published ports until the next run, since it has direct rules or the backend "
        "iptables: make them rich rules or policies (firewall-cmd --direct --get-all-rules), with FirewallBackend=nftables"
        % ", ".join(names)
    ]


def settings_warnings(managers, options, state):
    warnings = []
    if managers and len(managers) % 2 == 0:
        warnings.append(
            "%d managers: an even number survives no more failures than %d would, and one more can fail. "
            "Use an odd number" % (len(managers), len(managers) - 1)
        )
    if state.get("settings"):
        warnings += fixed_settings_drift(options["settings"], state["settings"])
    return warnings


def network_capacity(read):
    """The capacity of each network, as the leader sees it, and warnings of those that are almost full."""
    for facts in read.values():
        networks = facts["swarm"].get("networks") or []
        if any(item.get("taken") for item in networks):
            nodes = len(facts["swarm"]["nodes"])
            forecasts = {item["name"]: capacity.forecast(item, nodes) for item in networks}
            return forecasts, capacity.almost_full(networks, forecasts)
    return {}, []
