# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: DNS names and the addresses beside them, brought into one form and checked. All pure."""

from __future__ import annotations

import re
import socket
from typing import Any

_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\Z")


def address_family(text: Any) -> int | None:
    """4 or 6 for an IP address in its usual notation, else None."""
    for family, number in ((socket.AF_INET, 4), (socket.AF_INET6, 6)):
        try:
            socket.inet_pton(family, text)
            return number
        except (OSError, ValueError, TypeError):
            pass
    return None


def canonical(address: str) -> str:
    """An address in the one notation in which equal ones are equal."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return socket.inet_ntop(family, socket.inet_pton(family, address))


def reverse_name(address: str) -> str:
    """The name under which an address's PTR record is."""
    if ":" in address:
        digits = "".join("%02x" % byte for byte in bytearray(socket.inet_pton(socket.AF_INET6, address)))
        return ".".join(reversed(digits)) + ".ip6.arpa"
    return ".".join(reversed(address.split("."))) + ".in-addr.arpa"


def expand(name: str, domain: str) -> str:
    """A name in full: one without dots gets the domain, ``@`` is the domain. ``_service._proto`` do not count."""
    name = str(name).lower()
    if name.endswith("."):
        return name[:-1]
    if name == "@":
        return domain or name
    own = [label for label in name.split(".") if not label.startswith("_")]
    return "%s.%s" % (name, domain) if domain and len(own) < 2 else name


def check_name(name: object) -> str | None:
    """What is wrong with a DNS name, or None."""
    if not isinstance(name, str) or not name:
        return "is empty; give a name such as web or web.example.org"
    text = name[:-1] if name.endswith(".") else name
    if len(text) > 253:
        return "%r is longer than 253 characters; shorten it" % name
    for label in text.lower().split("."):
        if label == "*":
            return "%r is a wildcard, which dnsmasq has no record for; list the names" % name
        if not _LABEL.match(label):
            if any(ord(char) > 127 for char in label):
                return "%r is not ASCII; write it in punycode (xn--...)" % name
            return "%r is malformed: use labels of letters, digits, - and _ with dots between" % name
    return None


def check_server(text: object, port: bool = True) -> str | None:
    """What is wrong with the address of an upstream server (``port``: ``ADDRESS#PORT`` is fine), or None."""
    form = "an IP address or ADDRESS#PORT" if port else "an IP address"
    address, sep, number = text.partition("#") if isinstance(text, str) else ("", "", "")
    if not address_family(address):
        return "%r is a malformed address; give %s" % (text, form)
    if sep and not (port and number.isdigit() and 0 < int(number) < 65536):
        return "%r has a malformed port; give %s" % (text, form)
    return None
