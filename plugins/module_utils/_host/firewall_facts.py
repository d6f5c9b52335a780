# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: which firewall runs on this host, and what it lets in, by its files."""

from __future__ import annotations

import hashlib
import os
import subprocess
from typing import TYPE_CHECKING, Any, Callable, Mapping, Optional

from .._core.atomic_files import read_text
from . import firewall

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from .._core.facts import FirewallFacts

    Units = Mapping[str, Mapping[str, Any]]
    Text = Callable[[str], Optional[str]]

ZONES = "etc/firewalld/zones"
FIREWALLS = ("firewalld.service", "ufw.service", "nftables.service", firewall.OWN_UNIT)


def read_firewall(units: Units, root: str = "/") -> FirewallFacts:
    """The firewall that runs, and what it lets in: ``{unit, rules, table, flushes, zones}``. Reads its files, and only
    those of one that runs.

    Runtime rules of firewalld (without ``--permanent``) are not seen. ``table`` is whether the collection's own rules are in
    force as they were loaded; None on a host that has none. ``flushes``: whether a reload of firewalld removes Docker's rules.
    ``zones``: see :func:`firewalld.other_zones`.
    """

    def text(path: str) -> str | None:
        return read_text(os.path.join(root, path))

    table = _read_table(root) if firewall.OWN_UNIT in units else None
    unit, rules = _read_running(units, text)
    found: FirewallFacts = {"unit": unit, "rules": rules, "table": table, "flushes": False, "zones": []}
    if unit == "firewalld.service":
        from . import firewalld

        conf = text("etc/firewalld/firewalld.conf")
        found["flushes"] = firewalld.flushes(conf, text("etc/firewalld/direct.xml"))
        found["zones"] = firewalld.other_zones(_zones(root), firewalld.default_zone(conf))
    return found


def _zones(root: str) -> list[tuple[str, str]]:
    """Path and text of each zone that the administrator has changed."""
    folder = os.path.join(root, ZONES)
    names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    paths = ["%s/%s" % (ZONES, name) for name in names if name.endswith(".xml")]
    return [("/" + path, read_text(os.path.join(root, path)) or "") for path in paths]


def _read_running(units: Units, text: Text) -> tuple[str | None, list[str]]:
    if units.get("firewalld.service", {}).get("active") == "active":
        return "firewalld.service", _read_firewalld(text)
    # What systemd says of ufw is no help: `ufw enable` starts no unit, and the unit of a disabled one is active.
    if "ufw.service" in units:
        from . import ufw  # costs only hosts that have it

        rules = ufw.read(
            text("etc/ufw/ufw.conf"),
            text("etc/default/ufw"),
            text("etc/ufw/user.rules"),
            text("etc/ufw/user6.rules"),
        )
        if rules is not None:
            return "ufw.service", rules
    if firewall.OWN_UNIT in units:
        from . import nftables

        return firewall.OWN_UNIT, nftables.read(text(nftables.PATH.lstrip("/")))
    active = units.get("nftables.service", {}).get("active") == "active"
    return "nftables.service" if active else None, []


def _read_firewalld(text: Text) -> list[str]:
    from xml.etree import ElementTree

    from . import firewalld

    def parsed(folder: str, name: str | None) -> Element | None:
        # What the administrator wrote stands in for what the package brought.
        found = text("etc/firewalld/%s/%s.xml" % (folder, name)) or text("usr/lib/firewalld/%s/%s.xml" % (folder, name))
        return ElementTree.fromstring(found) if found else None

    zone = parsed("zones", firewalld.default_zone(text("etc/firewalld/firewalld.conf")))
    return firewalld.read(zone, lambda name: parsed("ipsets", name), lambda name: parsed("services", name))


def _read_table(root: str) -> bool:
    from . import nftables

    digest, _sep, listed = (read_text(os.path.join(root, nftables.LOADED.lstrip("/"))) or "").partition("\n")
    wanted = read_text(os.path.join(root, nftables.PATH.lstrip("/"))) or ""
    try:
        done = subprocess.run(nftables.LIST, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    except OSError:
        return False
    whole = digest.split(" ")[0] == hashlib.sha256(wanted.encode("utf-8", "surrogateescape")).hexdigest()
    return whole and done.stdout.decode("utf-8", "replace") == listed
