# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: a node's published ports that refuse new connections for a while.

A daemon that stops takes the rules away under the connections that are open: their requests get no answer at all. A port that
refuses first lets them end, and sends others to the next node.
"""

from __future__ import annotations

import contextlib
import ipaddress
import subprocess
import time

from ansible_collections.dockyard.swarm.plugins.module_utils._engine_api import wait_for
from ansible_collections.dockyard.swarm.plugins.module_utils._facts import read_addresses

# What comes in on a published port is passed on to the routing mesh over this bridge, still with the published port.
BRIDGE = "docker_gwbridge"
CONNECTIONS = "/proc/net/nf_conntrack"


@contextlib.contextmanager
def closed(grace, longest):
    """New connections to published ports are refused, while open ones get ``grace`` seconds to end.

    :param longest: seconds after which the refusal ends by itself, counted from the end of ``grace``.
    """
    rule = _refusal(grace + longest)
    if not _iptables("-I", rule):
        # A host without the bridge, or without iptables, has no routing mesh either.
        yield
        return
    try:
        wait_for(lambda: not _open_connections(), grace)
        yield
    finally:
        _iptables("-D", rule)


def _refusal(seconds):
    until = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() + seconds))
    return [
        "FORWARD", "-o", BRIDGE, "-p", "tcp", "-m", "conntrack", "--ctstate", "NEW",
        "-m", "time", "--datestop", until, "-m", "comment", "--comment", "dockyard.swarm: stopping",
        "-j", "REJECT", "--reject-with", "tcp-reset",
    ]  # fmt: skip


def _iptables(action, rule):
    try:
        done = subprocess.run(
            ["iptables", "-w", "10", action] + rule, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False
        )
    except OSError:
        return False
    return done.returncode == 0


def _open_connections():
    """Whether a connection of the routing mesh is open; where the kernel does not list connections, they get all the time."""
    try:
        with open(CONNECTIONS, encoding="ascii") as handle:
            lines = [line for line in handle if " ESTABLISHED " in line]
    except OSError:
        return True
    bridges = [
        ipaddress.ip_interface("%s/%d" % (item["address"], item["prefix"])).network
        for item in read_addresses()
        if item["interface"] == BRIDGE
    ]
    return any(_answered_by(line, bridges) for line in lines)


def _answered_by(line, networks):
    """Whether the answers of a connection come from one of the networks: its second source is who answers."""
    sources = [word[4:] for word in line.split() if word.startswith("src=")]
    return len(sources) == 2 and any(ipaddress.ip_address(sources[1]) in network for network in networks)
