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
import re
import subprocess
import time
from typing import TYPE_CHECKING, Iterable, Iterator

from .._core.wait import wait_for
from .interfaces import read_addresses

if TYPE_CHECKING:
    from .firewall import Network

# What comes in on a published port is passed on to the routing mesh over this bridge, still with the published port.
BRIDGE = "docker_gwbridge"
CHAIN = "DOCKER-INGRESS"
CONNECTIONS = "/proc/net/nf_conntrack"


@contextlib.contextmanager
def closed(grace: float, longest: float) -> Iterator[None]:
    """New connections to published ports are refused, while open ones get ``grace`` seconds to end.

    :param longest: seconds after which the refusal ends by itself, counted from the end of ``grace``.
    """
    rules = refusals(published(_iptables("-t", "nat", "-S", CHAIN)), grace + longest)
    set_up = [rule for rule in rules if _iptables("-I", *rule) is not None]
    try:
        if set_up:
            wait_for(lambda: not _open_connections(), grace)
        yield
    finally:
        for rule in set_up:
            _iptables("-D", *rule)


def published(listing: str | None) -> list[int]:
    """The TCP ports of the routing mesh, from the rules of its chain; none where there is no such chain."""
    return sorted({int(port) for port in re.findall(r"-p tcp .*--dport (\d+) ", listing or "")})


def refusals(ports: Iterable[int], seconds: float) -> list[list[str]]:
    """Rules that refuse new connections to these ports for so many seconds.

    The daemon listens on each port too, without ever answering: as it stops, a connection may still reach that socket.
    """
    until = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() + seconds))
    tail = [
        "-m", "conntrack", "--ctstate", "NEW", "-m", "time", "--datestop", until,
        "-m", "comment", "--comment", "dockyard.swarm: stopping", "-j", "REJECT", "--reject-with", "tcp-reset",
    ]  # fmt: skip
    rules = []
    for port in ports:
        match = ["-p", "tcp", "--dport", str(port)]
        rules += [["FORWARD", "-o", BRIDGE] + match + tail, ["INPUT"] + match + tail]
    return rules


def _iptables(*words: str) -> str | None:
    """What iptables printed; None where it failed or is not there."""
    try:
        done = subprocess.run(
            ["iptables", "-w", "10"] + list(words), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False
        )
    except OSError:
        return None
    return None if done.returncode else done.stdout.decode("utf-8", "replace")


def _open_connections() -> bool:
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


def _answered_by(line: str, networks: Iterable[Network]) -> bool:
    """Whether the answers of a connection come from one of the networks: its second source is who answers."""
    sources = [word[4:] for word in line.split() if word.startswith("src=")]
    return len(sources) == 2 and any(ipaddress.ip_address(sources[1]) in network for network in networks)
