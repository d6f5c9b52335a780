"""Packets that are read back as what they were sent as, and a filter that lets nothing else through."""

from __future__ import annotations

import socket
import struct

import pytest

from ansible_collections.dockyard.swarm.plugins.module_utils._probe import packets

NONCE = 482910347


def ip_packet(protocol: int, content: bytes, options: bytes = b"") -> bytes:
    words = 5 + len(options) // 4
    length = words * 4 + len(content)
    head = struct.pack("!BBHHHBBH4s4s", 64 + words, 0, length, 1, 0x4000, 64, protocol, 0, b"\n\0\0\1", b"\n\0\0\2")
    return head + options + content


def datagram(content: bytes, port: int = 4789) -> bytes:
    return struct.pack("!HHHH", 50000, port, len(content) + 8, 0) + content


def run_filter(program: bytes, packet: bytes) -> bool:
    """What a kernel does with a filter: enough of its machine for the one that is written here."""
    steps = [struct.unpack_from("HBBI", program, place) for place in range(0, len(program), 8)]
    place = accumulator = index = 0
    while True:
        code, yes, no, value = steps[place]
        place += 1
        if code == 0xB1:
            index = (packet[value] & 15) * 4
        elif code == 0x30:
            accumulator = packet[value]
        elif code == 0x40:
            if index + value + 4 > len(packet):
                return False  # the kernel gives nothing up where a load is out of bounds
            (accumulator,) = struct.unpack_from("!I", packet, index + value)
        elif code == 0x54:
            accumulator &= value
        elif code == 0x15:
            place += yes if accumulator == value else no
        else:
            assert code == 0x06
            return bool(value)


OURS = {
    "udp 4789": ip_packet(17, datagram(packets.udp_content(NONCE, 7, 1000.5, 1500))),
    "udp 7946": ip_packet(17, datagram(packets.udp_content(NONCE, 7, 1000.5), 7946), b"\1" * 8),
    "tcp 2377": ip_packet(6, packets.syn_segment(b"\n\0\0\1", b"\n\0\0\2", 50000, 2377, NONCE, 7)),
    "esp": ip_packet(50, packets.esp_content(NONCE, 7)),
}
NOT_OURS = {
    "short": b"\x45",
    "cut off": OURS["udp 4789"][:30],
    "udp of another try": ip_packet(17, datagram(packets.udp_content(NONCE + 1, 7, 1000.5))),
    "tcp of another try": ip_packet(6, packets.syn_segment(b"\n\0\0\1", b"\n\0\0\2", 50000, 2377, NONCE ^ 1 << 20, 7)),
    "esp of another try": ip_packet(50, packets.esp_content(NONCE + 1, 7)),
    "icmp": ip_packet(1, b"\0" * 60),
}


@pytest.mark.parametrize("path", OURS)
def test_what_was_sent_is_read(path):
    sender, found, size, clock = packets.read_packet(OURS[path], NONCE)
    assert (sender, found, size) == (7, path, len(OURS[path]))
    assert clock == (1000.5 if path.startswith("udp") else None)
    assert run_filter(packets.filter_program(NONCE), OURS[path])


@pytest.mark.parametrize("name", NOT_OURS)
def test_what_others_sent_is_passed_over(name):
    assert packets.read_packet(NOT_OURS[name], NONCE) is None
    if len(NOT_OURS[name]) > 20:
        assert not run_filter(packets.filter_program(NONCE), NOT_OURS[name])


def test_an_answer_to_a_syn_is_not_taken_for_one():
    segment = bytearray(packets.syn_segment(b"\n\0\0\1", b"\n\0\0\2", 50000, 2377, NONCE, 7))
    segment[13] = 0x12  # SYN and ACK
    assert packets.read_packet(ip_packet(6, bytes(segment)), NONCE) is None


def test_a_segment_has_the_checksum_that_a_kernel_wants():
    segment = packets.syn_segment(socket.inet_aton("192.0.2.1"), socket.inet_aton("192.0.2.2"), 50001, 7946, NONCE, 3)
    pseudo = socket.inet_aton("192.0.2.1") + socket.inet_aton("192.0.2.2") + struct.pack("!BBH", 0, 6, len(segment))
    total = sum(struct.unpack("!%dH" % (len(pseudo + segment) // 2), pseudo + segment))
    while total >> 16:
        total = (total >> 16) + (total & 0xFFFF)
    assert total == 0xFFFF


@pytest.mark.parametrize("mtu", [1280, 1400, 1450, 1500, 8950, 9000])
def test_sizes_begin_with_the_mtu_and_end_with_what_every_path_lets_through(mtu):
    tried = packets.sizes(mtu)
    assert (tried[0], tried[-1]) == (mtu, 1280)
    assert tried == sorted(set(tried), reverse=True)
    assert all(len(ip_packet(17, datagram(packets.udp_content(NONCE, 1, 0.0, size)))) == size for size in tried)


def test_how_far_packets_came_is_remembered_at_its_best():
    heard = packets.Heard()
    for how_far, size, delay in (("filtered", 1500, 0.3), ("arrived", 1400, 0.2), ("filtered", 1300, 0.4)):
        heard.add((7, "udp 4789", size, 1000.0), how_far, 1000.0 + delay)
    heard.add((7, "esp", 60, None), "filtered", 1001.0)
    assert list(heard.senders) == [7]
    entry = heard.senders[7]
    assert entry["paths"] == {"udp 4789": "arrived", "esp": "filtered"}
    assert entry["sizes"] == {"filtered": 1500, "arrived": 1400}
    assert entry["delay"] == pytest.approx(0.2)
