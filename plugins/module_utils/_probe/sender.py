# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: sends the packets of :mod:`packets`."""

from __future__ import annotations

import contextlib
import errno
import functools
import os
import random
import socket
import time
from typing import TYPE_CHECKING, Any, Callable, Iterable, Mapping

from .._host.interfaces import read_addresses
from . import packets

if TYPE_CHECKING:
    Peer = Mapping[str, Any]

_MTU_DISCOVER, _PROBE = (
    10,
    3,
)  # IP_MTU_DISCOVER, IP_PMTUDISC_PROBE: never in fragments, whatever the kernel knows of the path
# Packets get lost, and each may come late by this many seconds.
ROUNDS, PAUSE = 3, 0.1


def send(nonce: int, me: int, peers: Iterable[Peer]) -> dict[str, Any]:
    """Send to each peer what a swarm would send.

    :param me: this host's number.
    :param peers: ``[{index, address, data_path, tcp, udp, data_path_port, esp, sizes}]``; ``tcp`` and ``udp`` are lists of
        ports, ``esp`` says whether packets of encrypted networks go there, ``sizes`` whether packets of many sizes do.
    :returns: ``{errors: {index: {path: text}}, mtus: {index: MTU of the interface}}``; the path ``route`` stands for all.
    """
    errors: dict[int, dict[str, str]] = {}
    mtus: dict[int, Any] = {}
    routed: list[tuple[Peer, str]] = []
    for peer in peers:
        try:
            source = _source(peer["address"])
            mtus[peer["index"]] = _mtu(_source(peer["data_path"]))
        except OSError as exc:
            errors[peer["index"]] = {"route": os.strerror(exc.errno or 0)}
            continue
        routed.append((peer, source))
    with contextlib.ExitStack() as opened:
        sockets = _Sockets(nonce, me, opened)
        for _round in range(ROUNDS):
            for peer, source in routed:
                errors.setdefault(peer["index"], {}).update(sockets.send_all(peer, source))
            time.sleep(PAUSE)
        for _round in range(2):
            for peer, _source_address in routed:
                for size in packets.sizes(mtus[peer["index"]]) if peer["sizes"] else ():
                    # What does not leave does not arrive.
                    with contextlib.suppress(OSError):
                        sockets.datagram(peer["data_path"], peer["data_path_port"], size)
            time.sleep(PAUSE)
    return {"errors": {index: found for index, found in errors.items() if found}, "mtus": mtus}


class _Sockets:
    """A socket for each protocol."""

    def __init__(self, nonce: int, me: int, opened: contextlib.ExitStack) -> None:
        self.nonce, self.me = nonce, me
        self.udp = opened.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        self.udp.setsockopt(socket.IPPROTO_IP, _MTU_DISCOVER, _PROBE)
        self.tcp = opened.enter_context(socket.socket(socket.AF_INET, socket.SOCK_RAW, packets.TCP))
        self.raw = opened.enter_context(socket.socket(socket.AF_INET, socket.SOCK_RAW, packets.ESP))

    def send_all(self, peer: Peer, source: str) -> dict[str, str]:
        """Send a packet by each path; returns what could not be sent: ``{path: text}``."""
        target = peer["address"]
        errors: dict[str, str] = {}
        paths: list[tuple[str, Callable[..., None], tuple[Any, ...]]] = [
            ("tcp %d" % port, self.syn, (source, target, port)) for port in peer["tcp"]
        ]
        paths += [("udp %d" % port, self.datagram, (target, port)) for port in peer["udp"]]
        data_path, port = peer["data_path"], peer["data_path_port"]
        paths.append(("udp %d" % port, self.datagram, (data_path, port)))
        if peer["esp"]:
            paths.append(("esp", self.esp, (data_path,)))
        for path, function, arguments in paths:
            try:
                function(*arguments)
            except OSError as exc:
                # EPERM: a rule of this host's own firewall.
                errors[path] = "its own firewall" if exc.errno == errno.EPERM else os.strerror(exc.errno or 0)
        return errors

    def datagram(self, target: str, port: int, size: int = 0) -> None:
        """Send a datagram of which the whole packet has this size."""
        self.udp.sendto(packets.udp_content(self.nonce, self.me, time.time(), size), (target, port))

    def syn(self, source: str, target: str, port: int) -> None:
        """Send a SYN. The kernel resets the answer, since it knows of no connection."""
        packed = socket.inet_aton(source), socket.inet_aton(target)
        source_port = random.randrange(49152, 65536)
        self.tcp.sendto(packets.syn_segment(*packed, source_port, port, self.nonce, self.me), (target, 0))

    def esp(self, target: str) -> None:
        """Send a packet of IP protocol 50."""
        self.raw.sendto(packets.esp_content(self.nonce, self.me), (target, 0))


def _source(target: str) -> str:
    """The address of this host that packets to a target come from."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect((target, 9))
        address: str = sock.getsockname()[0]
        return address


@functools.lru_cache(maxsize=None)
def _mtu(address: str) -> int | None:
    """The MTU of the interface that has an address."""
    return next(item["mtu"] for item in read_addresses() if item["address"] == address)
