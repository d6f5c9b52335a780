# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filters probe_peers and probe_report; each has its documentation beside this file."""

from __future__ import annotations

from ..module_utils._core.options import as_bool
from ..module_utils._probe import report
from ..plugin_utils._host_variables import HostVariables


def probe_report(hostvars, plan, opens=True):
    results = {}
    for host in (item["name"] for item in plan["hosts"]):
        variables = HostVariables(hostvars, host)
        sent, heard = variables.get("__swarm_cluster_sent") or {}, variables.get("__swarm_cluster_heard") or {}
        results[host] = {
            "sent": sent if "errors" in sent else None,
            "heard": heard.get("heard"),
            "firewall": (variables.get("swarm_cluster_node") or {}).get("firewall", {}).get("unit"),
            # A role's defaults are no variables of a host.
            "opens": bool(opens and as_bool(variables.get("swarm_host_firewall", True))),
        }
    found = report.rows(plan, results)
    wrong = any(row["remedy"] for row in found)
    return {"table": report.table(found), "wrong": wrong, "problems": report.problems(found)}


class FilterModule:
    def filters(self):
        return {"probe_peers": report.peers, "probe_report": probe_report}
