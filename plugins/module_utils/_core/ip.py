# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: texts that are, or hold, an IP address."""

from __future__ import annotations

import ipaddress
from typing import Iterable, Tuple


def host_of(addr: str) -> str:
    """The host part of ``192.0.2.11:2377`` or ``[2001:db8::1]:2377``."""
    host = addr.rsplit(":", 1)[0] if addr.count(":") == 1 or "]" in addr else addr
    return host.strip("[]")


def is_address(text: str) -> bool:
    """Whether a text is an IP address."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def by_number(text: str) -> Tuple[int, int, str]:
    """A key by which addresses are sorted as numbers, and what is none after them by its text."""
    if not is_address(text):
        return (9, 0, text)
    address = ipaddress.ip_address(text)
    return (address.version, int(address), text)


def in_order(texts: Iterable[str]) -> list[str]:
    """Addresses, each once, sorted, so that the order in which they were listed does not matter."""
    return sorted(dict.fromkeys(texts), key=by_number)
