# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: whether the inventory's groups are the wanted ones. Pure functions."""

from __future__ import annotations

import difflib
from typing import Collection, Mapping, Sequence

SWARM = "swarm"  # the group that playbooks work on
OWN = ("all", "ungrouped")  # Ansible's
EXAMPLE = "see inventories/sample/hosts.yml"
NAMED = 6  # how many are named before "and N more"


def missing_group(name: str, groups: Mapping[str, Sequence[str]]) -> str | None:
    """What is wrong with the group that a play works on: without a host in it, Ansible would skip the play in silence."""
    if groups.get(name):
        return None
    found = [group for group in groups if group not in OWN]
    state = "is empty" if name in groups else "is not in the inventory"
    near = _near(name, found)
    hint = ": is %s meant?" % " or ".join(near) if near else "."
    listed = _listed(sorted(found)) or "none, so check that the right inventory is used (-i)"
    return "group %s, which this playbook works on, %s%s Groups found: %s. %s" % (
        name,
        state,
        hint,
        listed,
        "Put the managers into swarm_managers and the workers into swarm_workers, both of them children of group swarm; "
        + EXAMPLE,
    )


def missing_managers(name: str, groups: Mapping[str, Sequence[str]]) -> str | None:
    """What is wrong with the group that option swarm_cluster_manager_group names, as the end of a sentence about the option."""
    if groups.get(name):
        return None
    found = sorted(group for group in groups if group not in OWN)
    return (
        "is '%s', and no host of the inventory is in a group of this name: put at least one manager into it, or name %s. %s"
        % (
            name,
            "your group in the option",
            "Groups found: %s" % (_listed(found) or "none"),
        )
    )


def check_groups(
    groups: Mapping[str, Sequence[str]], manager_group: str, worker_group: str, members: Collection[str]
) -> list[str]:
    """Hosts that would silently stay out of the swarm: in its group without a role, or in a group with nearly the right name.

    :param members: all managers and workers.
    """
    members = set(members)
    problems = []
    without_role = [host for host in groups.get(SWARM) or [] if host not in members]
    if without_role:
        where = sorted(
            group
            for group, hosts in groups.items()
            if group not in (*OWN, SWARM, manager_group, worker_group) and set(hosts) & set(without_role)
        )
        problems.append(
            "%s: in group swarm, but neither manager nor worker%s. Put each host of group swarm into %s or %s "
            "(options swarm_cluster_manager_group and swarm_cluster_worker_group), or take it out"
            % (_listed(without_role), " (groups: %s)" % _listed(where) if where else "", manager_group, worker_group)
        )
    for wanted in (manager_group, worker_group):
        for group in _near(wanted, groups) if not groups.get(wanted) else []:
            lost = [host for host in groups[group] if host not in members and host not in without_role]
            if lost:
                problems.append(
                    "%s: in group %s, and the group that counts is %s: rename it" % (_listed(lost), group, wanted)
                )
    return problems


def _near(wanted: str, groups: Collection[str]) -> list[str]:
    """Names that look like a slip of the pen."""
    others = [group for group in groups if group != wanted and group not in OWN]
    same = [group for group in others if group.lower().replace("-", "_") == wanted.lower()]
    return same or difflib.get_close_matches(wanted, others, n=2, cutoff=0.8)


def _listed(names: Sequence[str]) -> str:
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (" and %d more" % more if more > 0 else "")
