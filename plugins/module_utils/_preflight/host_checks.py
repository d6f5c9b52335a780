# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: what is wrong with one host for what is wanted of it. Pure functions."""

from __future__ import annotations

from .._core.ip import is_address
from .._engine import daemon_json, data_checks, install
from .._host import firewall, host_plan

# Distribution -> releases that the collection is made for; the CentOS family counts by its major release.
SUPPORTED = {
    "almalinux": ["9", "10"],
    "centos": ["9", "10"],
    "debian": ["12", "13"],
    "rhel": ["9", "10"],
    "rocky": ["9", "10"],
    "ubuntu": ["22.04", "24.04", "26.04"],
}


def check_host(host, facts, options):
    problems = []
    system = facts["os"]
    releases = SUPPORTED.get(system["id"], [])
    release = system["version"].split(".")[0] if system["family"] == "RedHat" else system["version"]
    if release not in releases and not options["allow_unsupported_os"]:
        known = "; ".join("%s %s" % (name, ", ".join(found)) for name, found in sorted(SUPPORTED.items()))
        problems.append(
            "%s is not supported (supported are %s): take the host out of the inventory, or set "
            "swarm_cluster_allow_unsupported_os to try it at your own risk" % (system["name"], known)
        )
    if host["advertise_addr"] and not is_address(host["advertise_addr"]):
        problems.append(
            "option swarm_node_advertise_addr: %r is no IP address: set one of the host's own" % host["advertise_addr"]
        )
    wanted = host["daemon_options"] or {}
    argv = facts["units"].get("docker.service", {}).get("argv", [])
    version, plain_tcp = install.version_to_be(host["engine"], facts), host.get("plain_tcp", False)
    for text in daemon_json.check_options(wanted, version, swarm=True, argv=argv, plain_tcp=plain_tcp):
        problems.append("option swarm_engine_daemon_options: %s" % text)
    there = facts.get("daemon", {}).get("options") or {}
    kept = {name: there[name] for name in there if name not in wanted and name not in host["daemon_remove"]}
    for text in daemon_json.removed_options(kept, version) if version != facts["engine"]["version"] else []:
        problems.append("/etc/docker/daemon.json on the host: %s, or put it into swarm_engine_daemon_remove" % text)
    problems += ["option swarm_host_timezone: %s" % text for text in host_plan.check_timezone(host.get("timezone"))]
    problems += install.check(host["engine"], facts)
    # An interrupted move is dealt with where it is found.
    if facts.get("data") and not facts["data"]["move"]:
        problems += data_checks.check(facts["data"])
    for name, there in (facts.get("kernel_modules") or {}).items():
        if there is None:
            problems.append(
                "kernel %s has no module %s, which networks of a swarm need: install the package with all of its modules "
                "(on Ubuntu linux-modules-extra, on CentOS kernel-modules-extra), or start another kernel"
                % (system["kernel"], name)
            )
    problems += ["option swarm_host_firewall_ports: %s" % text for text in firewall.check_ports(host["firewall_ports"])]
    problems += firewall.check_backend(
        host.get("firewall_backend"), host.get("firewall_published"), facts.get("firewall")
    )
    return problems
