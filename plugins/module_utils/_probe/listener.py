# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: a process that notes which packets of :mod:`_probe` come to this host, until it is asked."""

from __future__ import annotations

import ctypes
import json
import os
import selectors
import socket
import struct
import time

from . import packets

_ATTACH_FILTER = 26  # SO_ATTACH_FILTER
_BUFFER_FORCE = 33  # SO_RCVBUFFORCE
_BUFFER = 8 << 20
_IP = 0x0800  # ETH_P_IP
# Of a packet, as much as says whose it is.
_ENOUGH = 128


def _name(nonce):
    """Where the process is asked: no file, so that nothing is left of one that was killed."""
    return "\0dockyard-probe-%08x" % nonce


def start(nonce, timeout):
    """Start the process; it ends when it was asked, or after ``timeout`` seconds."""
    door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    door.bind(_name(nonce))
    door.listen(4)
    ears = _ears(nonce)
    if os.fork() == 0:
        # Nothing of this process may get back into the module, whatever happens.
        try:
            _detach()
            _listen(nonce, door, ears, time.monotonic() + timeout)
        finally:
            os._exit(0)
    door.close()
    for ear in ears:
        ear.close()


def ask(nonce):
    """What the process has heard, as :class:`packets.Heard` has it; it ends with that. None where there is none."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as door:
        door.settimeout(10)
        try:
            door.connect(_name(nonce))
        except OSError:
            return None
        parts = iter(lambda: door.recv(1 << 16), b"")
        heard = json.loads(b"".join(parts))
    return {int(sender): entry for sender, entry in heard.items()}


def _detach():
    os.setsid()
    os.chdir("/")
    if os.fork():
        os._exit(0)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for handle in (0, 1, 2):
        os.dup2(nowhere, handle)


def _ears(nonce):
    """A socket for what comes to the host, and one for each protocol for what its firewall lets in."""
    made = [(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(_IP))]
    made += [(socket.AF_INET, socket.SOCK_RAW, protocol) for protocol in (packets.UDP, packets.TCP, packets.ESP)]
    program = packets.filter_program(nonce)
    text = ctypes.create_string_buffer(program)
    attached = struct.pack("HP", len(program) // 8, ctypes.addressof(text))
    ears = []
    for family, kind, protocol in made:
        ear = socket.socket(family, kind, protocol)
        ear.setsockopt(socket.SOL_SOCKET, _ATTACH_FILTER, attached)
        ear.setsockopt(socket.SOL_SOCKET, _BUFFER_FORCE, _BUFFER)
        ear.setblocking(False)
        ears.append(ear)
    return ears


def _listen(nonce, door, ears, deadline):
    heard = packets.Heard()
    with selectors.DefaultSelector() as chosen:
        for ear in ears:
            chosen.register(
                ear, selectors.EVENT_READ, packets.FILTERED if ear.family == socket.AF_PACKET else packets.ARRIVED
            )
        chosen.register(door, selectors.EVENT_READ)
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                return
            ready = chosen.select(left)
            # What has come before the question belongs to the answer.
            for key, _events in ready:
                if key.data:
                    _hear(key.fileobj, nonce, heard, key.data)
            if any(key.data is None for key, _events in ready) and _answer(door, heard):
                return


def _hear(ear, nonce, heard, how_far):
    while True:
        try:
            packet = ear.recv(_ENOUGH)
        except OSError:
            return
        found = packets.read_packet(packet, nonce)
        if found:
            heard.add(found, how_far, time.time())


def _answer(door, heard):
    """Whether the one who asked may, and got the answer."""
    with door.accept()[0] as asker:
        peer = asker.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
        if struct.unpack("iII", peer)[1] != os.geteuid():
            return False
        asker.settimeout(10)
        asker.sendall(json.dumps(heard.senders).encode())
    return True
