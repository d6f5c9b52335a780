# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: DNS servers asked whether they answer with what this run wants them to."""

from __future__ import annotations

import os
import socket
import time
from typing import TYPE_CHECKING, Iterable, Mapping

from . import query

if TYPE_CHECKING:
    from typing import Tuple

    # Name, type, addresses that the answer must have, and those that it must not.
    Probe = Tuple[str, str, set[str], set[str]]

# Seconds that a server has where another one answers already: it was seen to answer on its own host.
GRACE = 5
INTERVAL = 0.2


def answers(address: str, probe: Probe) -> bool:
    """Whether a server answers a query as it should, within a second."""
    name, kind, present, absent = probe
    number = int.from_bytes(os.urandom(2), "big")
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(1)
        try:
            sock.connect((address, 53))
            sock.send(query.encode_query(number, name, kind))
            answer = query.decode_answer(sock.recv(4096))
        except OSError:
            return False
    return answer is not None and answer["number"] == number and query.satisfied(answer, present, absent)


def ask(servers: Iterable[str], settings: Mapping[str, object], timeout: float) -> dict[str, str]:
    """Ask all servers for records of this run; returns those that do not answer with them, each with a query that it failed.

    Waits until all of them answer; where some do, no longer than a few seconds for the others.
    """
    probes = query.probes(settings, None)
    silent = dict.fromkeys(servers, "")
    asked, begun = len(silent), time.monotonic()
    while True:
        for server in list(silent):
            failed = next((probe for probe in probes if not answers(server, probe)), None)
            if failed is None:
                del silent[server]
            else:
                silent[server] = "%s %s" % (failed[1], failed[0])
        patience = timeout if len(silent) == asked else min(timeout, GRACE)
        if not silent or time.monotonic() - begun > patience:
            return silent
        time.sleep(INTERVAL)
