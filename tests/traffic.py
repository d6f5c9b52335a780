"""Bodies that containers send each other, and what is seen of them on a machine's cable, outside of the machine."""

from __future__ import annotations

import hashlib
import socket
import struct
from typing import NamedTuple, Self

MARKER = b"a body that everybody on the way could read"
SIZE = 1024 * 1024
# The body is lines of it, cut off at SIZE.
WHOLE = hashlib.md5(((MARKER + b"\n") * SIZE)[:SIZE], usedforsecurity=False).hexdigest()
TCP_UDP_ESP = {6: "tcp", 17: "udp", 50: "esp"}
_EVERY_PROTOCOL, _STATISTICS, _SOL_PACKET, _SO_RCVBUFFORCE = 3, 6, 263, 33


def fetched(host, container: str, where: str, seconds: int = 10) -> bool:
    """Whether a container gets the whole body from there."""
    done = host.run(f"docker exec {container} sh -c 'timeout {seconds} wget -q -O - http://{where}/body | md5sum'")
    return done.stdout.split()[:1] == [WHOLE]


def sent(host, container: str, where: str, seconds: int = 10) -> bool:
    """Whether the whole body of a container gets there."""
    wget = f"timeout {seconds} wget -q -O - --post-file=/www/body http://{where}/cgi-bin/sum"
    return host.run(f"docker exec {container} {wget}").stdout.split()[:1] == [WHOLE]


def answered(host, container: str, where: str) -> bool:
    """Whether there is an answer to a question that is as small as its answer."""
    return host.run(f"docker exec {container} timeout 5 wget -q -O - http://{where}/cgi-bin/sum").rc == 0


class Packet(NamedTuple):
    """An IP packet: who to whom, by which protocol, how large, whether a part of a larger one, and all of its bytes."""

    source: str
    target: str
    protocol: str
    length: int
    fragment: bool
    data: bytes


class Cable:
    """What passes on a cable while this is open; the packets are there at the end."""

    def __init__(self, interface: str) -> None:
        self._interface = interface
        self.packets: list[Packet] = []

    def __enter__(self) -> Self:
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self._socket.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, 64 * SIZE)
        self._socket.bind((self._interface, _EVERY_PROTOCOL))
        self._socket.setblocking(False)
        return self

    def __exit__(self, *_: object) -> None:
        with self._socket:
            _all, dropped = struct.unpack("II", self._socket.getsockopt(_SOL_PACKET, _STATISTICS, 8))
            while True:
                try:
                    frame = self._socket.recv(65536)
                except BlockingIOError:
                    break
                if frame[12:14] == b"\x08\x00":
                    self.packets.append(_packet(frame[14:]))
        assert not dropped, f"{dropped} packets on {self._interface} were not looked at"

    def between(self, one: str, other: str, protocol: str) -> list[Packet]:
        """The packets of two addresses to each other."""
        return [
            item for item in self.packets if {item.source, item.target} == {one, other} and item.protocol == protocol
        ]


def _packet(data: bytes) -> Packet:
    length, parts = struct.unpack("!2xH2xH", data[:8])
    protocol = TCP_UDP_ESP.get(data[9], str(data[9]))
    source, target = socket.inet_ntoa(data[12:16]), socket.inet_ntoa(data[16:20])
    return Packet(source, target, protocol, length, bool(parts & 0x3FFF), data[:length])
