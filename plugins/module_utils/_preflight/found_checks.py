# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: what a host already has that stands in the way, with file, line and remedy. Pure functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Mapping, Sequence

from .._engine import daemon_json, install, proxies
from .._host import sysctl
from .._logs import journal_lines
from . import ports

if TYPE_CHECKING:
    from .._core.facts import Expects, NodeFacts
    from .inputs import Host

# Where a package puts units; a masked one has no path.
PACKAGED = ("/usr/lib/systemd/", "/lib/systemd/", "/run/systemd/")


def check_found(host: Host, facts: NodeFacts, manager: bool, data_path_port: int) -> list[str]:
    """All that stands in the way on one host, apart from DNS: texts."""
    expects = facts.get("expects") or {}
    problems = _check_daemon(host, expects, facts)
    problems += sysctl.check_lines(expects.get("sysctls") or {}, facts.get("sysctl_lines") or {})
    if expects.get("journal_max_use") is not None:
        problems += journal_lines.check_lines(facts.get("journald_lines") or [], expects["journal_max_use"])
    problems += ports.check_ports(facts, manager, data_path_port)
    return problems + check_removals(facts, expects.get("allow_removal") or [])


def check_removals(facts: NodeFacts, allowed: Sequence[str]) -> list[str]:
    """Packages that would go for those that are to come, unless that was agreed to."""
    problems = []
    for name, gone in sorted((facts.get("replaced") or {}).items()):
        refused = [other for other in gone if other not in allowed]
        if refused:
            problems.append(
                "remove package %s: %s replaces it, which swarm_cluster_allow_removal does not allow: list it there, or keep the "
                "host for others" % (", ".join(refused), name)
            )
    return problems


def _check_daemon(host: Host, expects: Expects, facts: NodeFacts) -> list[str]:
    unit = facts["units"].get("docker.service")
    running = bool(unit and unit["active"] == "active")
    problems = daemon_json.check_file(facts["daemon"], install.version_to_be(host["engine"], facts), running)
    if problems:
        return problems
    wanted = expects.get("daemon") or {"options": [], "remove": [], "environment": {}, "proxies": {}}
    options = dict.fromkeys(wanted["options"])
    if wanted["proxies"]:
        options["proxies"] = wanted["proxies"]
    merged = daemon_json.merge(facts["daemon"]["options"], options, wanted["remove"])
    problems += daemon_json.check_flags(facts["daemon"].get("flags") or [], merged, running)
    problems += proxies.check(facts, wanted["environment"], merged, expects.get("registries") or [])
    return problems


def foreign_units(read: Mapping[str, NodeFacts]) -> list[str]:
    """Hosts whose docker.service is not the package's: warnings."""
    warnings = []
    for host, facts in read.items():
        path = facts["units"]["docker.service"]["path"] if "docker.service" in facts["units"] else ""
        if path and not path.startswith(PACKAGED):
            warnings.append(
                "%s: docker.service is %s and not the package's, which a newer package does not change: put what differs into "
                "/etc/systemd/system/docker.service.d/, and remove it" % (host, path)
            )
    return warnings
