# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import socket

import pytest

from ansible_collections.dockyard.swarm.plugins.module_utils._host import listeners

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
ROW = (
    "%4d: %s:%04X %s:0000 %s 00000000:00000000 00:00000000 00000000     0        0 %s 1 0000000000000000 100 0 0 10 0\n"
)


def row(address, port, state="0A", inode="77", number=0):
    return ROW % (number, address, port, "0" * len(address), state, inode)


def write(root, **tables):
    (root / "net").mkdir()
    for name, rows in tables.items():
        (root / "net" / name).write_text(HEAD + "".join(rows))


def test_sockets_that_wait_are_found_in_both_families(tmp_path):
    mapped = "0000000000000000FFFF00000100007F"
    write(
        tmp_path,
        tcp=[row("00000000", 2377), row("0100007F", 2377, state="01"), row("00000000", 22), row("0B0200C0", 7946, inode="78")],
        tcp6=[row(mapped, 53, inode="79"), row("0" * 24 + "01000000", 53, inode="80", number=12345)],
        udp=[row("00000000", 4789, state="07", inode="0"), row("3500007F", 53, state="07", inode="81"),
             row("00000000", 2377, "07")],
    )  # fmt: skip
    ports = [("tcp", 53), ("udp", 53), ("tcp", 2377), ("tcp", 7946), ("udp", 7946), ("udp", 4789)]
    found = listeners.in_use(listeners.read_sockets(ports, str(tmp_path)), ports)
    assert [(item["protocol"], item["port"], item["address"], item["inode"]) for item in found] == [
        ("tcp", 2377, "0.0.0.0", "77"), ("tcp", 7946, "192.0.2.11", "78"), ("tcp", 53, "127.0.0.1", "79"),
        ("tcp", 53, "::1", "80"), ("udp", 53, "127.0.0.53", "81"),
    ]  # fmt: skip


@pytest.mark.parametrize("only_ipv6", [True, False])
def test_a_socket_of_ipv6_counts_where_it_takes_ipv4_and_its_process_is_named(only_ipv6):
    with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as sock:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(only_ipv6))
        sock.bind(("::", 0))
        sock.listen(1)
        ports = [("tcp", sock.getsockname()[1])]
        found = listeners.with_processes(listeners.in_use(listeners.read_sockets(ports), ports))
    assert [(item["address"], item["pid"]) for item in found] == ([] if only_ipv6 else [("::", os.getpid())])
    assert all(item["process"] for item in found)
