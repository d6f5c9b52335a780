# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: what is wrong with one host for what is wanted of it. Pure functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._core.ip import is_address
from .._engine import daemon_json, data_checks, hidden_data, install
from .._host import firewall, host_plan

if TYPE_CHECKING:
    from .._core.facts import NodeFacts, System
    from .inputs import Host

# Distribution -> releases that the collection is made for; the CentOS family counts by its major release.
SUPPORTED = {
    "almalinux": ["9", "10"],
    "centos": ["9", "10"],
    "debian": ["12", "13"],
    "rhel": ["9", "10"],
    "rocky": ["9", "10"],
    "ubuntu": ["22.04", "24.04", "26.04"],
}


def check_host(host: Host, facts: NodeFacts, allow_unsupported_os: bool) -> list[str]:
    """All that is wrong with a host: texts that name option and remedy."""
    problems = [] if allow_unsupported_os else _check_os(facts["os"])
    problems += _check_advertise_addr(host["advertise_addr"])
    problems += _check_daemon_options(host, facts)
    problems += ["option swarm_host_timezone: %s" % text for text in host_plan.check_timezone(host["timezone"])]
    problems += install.check(host["engine"], facts)
    problems += _check_data(facts)
    problems += _check_kernel_modules(facts)
    problems += ["option swarm_host_firewall_ports: %s" % text for text in firewall.check_ports(host["firewall_ports"])]
    problems += firewall.check_backend(host["firewall_backend"], host["firewall_published"], facts.get("firewall"))
    return problems


def _check_os(system: System) -> list[str]:
    release = system["version"].split(".")[0] if system["family"] == "RedHat" else system["version"]
    if release in SUPPORTED.get(system["id"], []):
        return []
    known = "; ".join("%s %s" % (name, ", ".join(found)) for name, found in sorted(SUPPORTED.items()))
    return [
        "%s is not supported (supported are %s): take the host out of the inventory, or set "
        "swarm_cluster_allow_unsupported_os to try it at your own risk" % (system["name"], known)
    ]


def _check_advertise_addr(address: str | None) -> list[str]:
    if not address or is_address(address):
        return []
    return ["option swarm_node_advertise_addr: %r is no IP address: set one of the host's own" % address]


def _check_daemon_options(host: Host, facts: NodeFacts) -> list[str]:
    """The daemon's options, wanted or left in its file, for the version that the Engine is to have."""
    wanted = host["daemon_options"] or {}
    argv = facts["units"]["docker.service"]["argv"] if "docker.service" in facts["units"] else []
    driver = (facts["engine"].get("info") or {}).get("storage_driver")
    hidden = hidden_data.check(
        hidden_data.kinds(facts), facts["daemon"]["options"], wanted, host["daemon_remove"], driver,
        facts["machine"]["hostname"],
    )  # fmt: skip
    version = install.version_to_be(host["engine"], facts)
    texts = daemon_json.check_options(wanted, version, swarm=True, argv=argv, plain_tcp=host["plain_tcp"])
    problems = ["option swarm_engine_daemon_options: %s" % text for text in texts + hidden]
    if version != facts["engine"]["version"]:
        there = facts["daemon"]["options"]
        kept = {name: there[name] for name in there if name not in wanted and name not in host["daemon_remove"]}
        problems += [
            "/etc/docker/daemon.json on the host: %s, or put it into swarm_engine_daemon_remove" % text
            for text in daemon_json.removed_options(kept, version)
        ]
    return problems


def _check_data(facts: NodeFacts) -> list[str]:
    # An interrupted move is dealt with where it is found.
    if not facts.get("data") or facts["data"]["move"]:
        return []
    return list(data_checks.check(facts["data"]))


def _check_kernel_modules(facts: NodeFacts) -> list[str]:
    return [
        "kernel %s has no module %s, which networks of a swarm need: install the package with all of its modules "
        "(on Ubuntu linux-modules-extra, on CentOS kernel-modules-extra), or start another kernel"
        % (facts["os"]["kernel"], name)
        for name, there in (facts.get("kernel_modules") or {}).items()
        if there is None
    ]
