# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: hosts with the same host name or machine ID, as clones have. Pure functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Collection, Mapping

if TYPE_CHECKING:
    from .._core.facts import Machine

# What must differ between hosts, in words, and how a host gets its own. systemd makes the hardware addresses of virtual
# interfaces out of the machine ID (systemd.link(5), MACAddressPolicy=persistent), and DHCP clients their identifier.
_OWN = {
    "hostname": ("host name", "give each its own name: hostnamectl set-hostname NAME"),
    "machine_id": (
        "machine ID",
        "they are clones: on all but one, rm -f /etc/machine-id && systemd-machine-id-setup, and reboot",
    ),
}


def check_duplicates(machines: Mapping[str, Machine], members: Collection[str]) -> tuple[list[str], list[str]]:
    """Texts about hosts that have the same name or machine ID: ``(problems, warnings)``.

    :param members: the hosts that are in the swarm. Where all duplicates are, the swarm lives with it: a warning.
    """
    problems: list[str] = []
    warnings: list[str] = []
    for key, (what, remedy) in _OWN.items():
        owners: dict[Any, list[str]] = {}
        for host, machine in machines.items():
            if machine.get(key):
                owners.setdefault(machine.get(key), []).append(host)
        for value, hosts in owners.items():
            if len(hosts) > 1:
                text = "%s: the same %s %s: %s" % (", ".join(hosts), what, value, remedy)
                (warnings if set(hosts) <= set(members) else problems).append(text)
    return problems, warnings
