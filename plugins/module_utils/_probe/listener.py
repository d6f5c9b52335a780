# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: a process that records which packets of :mod:`packets` come to this host, until it is asked."""

from __future__ import annotations

import ctypes
import json
import os
import selectors
import socket
import struct
import time
from typing import TYPE_CHECKING, Iterable, cast

from . import packets

if TYPE_CHECKING:
    from .packets import HeardFrom

_ATTACH_FILTER = 26  # SO_ATTACH_FILTER
_BUFFER_FORCE = 33  # SO_RCVBUFFORCE
_BUFFER = 8 << 20
_IP = 0x0800  # ETH_P_IP
# Bytes of a packet that identify it.
_HEAD = 128


def _name(nonce: int) -> str:
    """The name of the socket where the process is asked: no file, so that a killed one leaves nothing."""
    return "\0dockyard-probe-%08x" % nonce


def start(nonce: int, timeout: float) -> None:
    """Start the process; it ends when it was asked, or after ``timeout`` seconds."""
    control = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    control.bind(_name(nonce))
    control.listen(4)
    sockets = _open_sockets(nonce)
    if os.fork() == 0:
        # This process must never return into the module.
        try:
            _detach()
            _listen(nonce, control, sockets, time.monotonic() + timeout)
        finally:
            os._exit(0)
    control.close()
    for sock in sockets:
        sock.close()


def ask(nonce: int) -> dict[int, HeardFrom] | None:
    """What the process has received, as in :class:`packets.Heard`; this ends it. None where there is no process."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as control:
        control.settimeout(10)
        try:
            control.connect(_name(nonce))
        except OSError:
            return None
        parts = iter(lambda: control.recv(1 << 16), b"")
        heard = json.loads(b"".join(parts))
    return {int(sender): entry for sender, entry in heard.items()}


def _detach() -> None:
    os.setsid()
    os.chdir("/")
    if os.fork():
        os._exit(0)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for handle in (0, 1, 2):
        os.dup2(nowhere, handle)


def _open_sockets(nonce: int) -> list[socket.socket]:
    """A socket for all that comes to the host, and one for each protocol for what its firewall lets in."""
    made = [(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(_IP))]
    made += [(socket.AF_INET, socket.SOCK_RAW, protocol) for protocol in (packets.UDP, packets.TCP, packets.ESP)]
    program = packets.filter_program(nonce)
    text = ctypes.create_string_buffer(program)
    attached = struct.pack("HP", len(program) // 8, ctypes.addressof(text))
    sockets = []
    for family, kind, protocol in made:
        sock = socket.socket(family, kind, protocol)
        sock.setsockopt(socket.SOL_SOCKET, _ATTACH_FILTER, attached)
        sock.setsockopt(socket.SOL_SOCKET, _BUFFER_FORCE, _BUFFER)
        sock.setblocking(False)
        sockets.append(sock)
    return sockets


def _listen(nonce: int, control: socket.socket, sockets: Iterable[socket.socket], deadline: float) -> None:
    heard = packets.Heard()
    with selectors.DefaultSelector() as chosen:
        for sock in sockets:
            chosen.register(
                sock, selectors.EVENT_READ, packets.FILTERED if sock.family == socket.AF_PACKET else packets.ARRIVED
            )
        chosen.register(control, selectors.EVENT_READ)
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                return
            ready = chosen.select(left)
            # What came before the question belongs to the answer.
            for key, _events in ready:
                if key.data:
                    _receive(cast("socket.socket", key.fileobj), nonce, heard, key.data)
            if any(key.data is None for key, _events in ready) and _answer(control, heard):
                return


def _receive(sock: socket.socket, nonce: int, heard: packets.Heard, how_far: str) -> None:
    while True:
        try:
            packet = sock.recv(_HEAD)
        except OSError:
            return
        found = packets.read_packet(packet, nonce)
        if found:
            heard.add(found, how_far, time.time())


def _answer(control: socket.socket, heard: packets.Heard) -> bool:
    """Answer, if the caller may ask; returns whether it was answered."""
    with control.accept()[0] as caller:
        peer = caller.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
        if struct.unpack("iII", peer)[1] != os.geteuid():
            return False
        caller.settimeout(10)
        caller.sendall(json.dumps(heard.senders).encode())
    return True
