# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: which hosts failed in this run, in which stage, and what was not done for it. Pure functions.

A stage is a role, and its name is the role's without ``swarm_``. A role registers what it said it would change as
``__<role>_said``, and what it left because another host failed as ``__<role>_waits``. A host failed in the last stage that has
the former.
"""

from __future__ import annotations

from typing import Any, Iterable, Mapping, Sequence

from .config_files import missing_packages
from .plan_text import as_line

SAID, WAITS = "__%s_said", "__%s_waits"
# The role that reads and plans for all others, and is no stage of its own here.
FIRST = "swarm_cluster"


def facts_of(own: Mapping[str, Any]) -> Any:
    """What node_facts read of a host, from its variables; None where it was not reached, or could not be read."""
    read = own.get("swarm_cluster_node")
    return read if isinstance(read, Mapping) and "swarm" in read else None


def failed_earlier(variables: Mapping[str, Mapping[str, Any]], roles: Iterable[str]) -> str:
    """That hosts failed, and where; an empty text without hosts.

    :param variables: host -> its variables, of the hosts that failed.
    :param roles: names of the play's roles, in order.
    """
    names = _names(roles)
    texts = [_failure(host, own, names) for host, own in variables.items()]
    if not texts:
        return ""
    return "%s earlier in this run. What needs it is not started: see its error above, correct it, and run again" % (
        ", ".join(texts)
    )


def unsaid_packages(own: Mapping[str, Any], packages: Iterable[str], roles: Iterable[str]) -> list[str]:
    """Lines for packages that are installed now, for roles that have not said so: they will not, since their turn comes later.

    :param own: the variables of the host that they are installed on.
    """
    said = {line for name in _names(roles) for line in (own.get(SAID % name) or {}).get("msg") or []}
    return [line for line in map(as_line, missing_packages({}, packages)) if line not in said]


def not_done(
    variables: Mapping[str, Mapping[str, Any]], failed: Iterable[str], hosts: Iterable[str], roles: Iterable[str]
) -> list[str]:
    """What was not done in a run, one line for each host that failed, and one for each stage that waited for it.

    :param variables: host -> its variables.
    :param failed: the hosts that failed; ``hosts``: those that did not.
    """
    names = _names(roles)
    lines = []
    for host in failed:
        stage = _stage(variables[host], names)
        rest = names[names.index(stage) + 1 :] if stage else names
        line = _failure(host, variables[host], names)
        lines.append("%s; not reached there: %s" % (line, ", ".join(map(_title, rest))) if rest else line)
    for name in names:
        waiting = [host for host in hosts if _left(variables[host], name)]
        if waiting:
            planned = [line for host in waiting for line in (variables[host].get(SAID % name) or {}).get("msg") or []]
            what = "; ".join(dict.fromkeys(map(str, planned)))
            lines.append("%s: stage %s waits, with: %s" % (", ".join(waiting), _title(name), what))
    return lines


def _names(roles: Iterable[str]) -> list[str]:
    short = [role.rpartition(".")[2] for role in roles]
    return [name for name in dict.fromkeys(short) if name != FIRST]


def _title(name: str) -> str:
    return name[len("swarm_") :] if name.startswith("swarm_") else name


def _stage(own: Mapping[str, Any], names: Sequence[str]) -> str | None:
    return next((name for name in reversed(names) if _there(own.get(SAID % name))), None)


def _left(own: Mapping[str, Any], name: str) -> bool:
    return _there(own.get(WAITS % name))


def _there(result: Any) -> bool:
    return isinstance(result, Mapping) and not result.get("skipped")


def _failure(host: str, own: Mapping[str, Any], names: Sequence[str]) -> str:
    read = own.get("swarm_cluster_node")
    if isinstance(read, Mapping) and read.get("unreachable"):
        return "%s could not be reached" % host
    stage = _stage(own, names)
    if stage:
        return "%s failed in stage %s" % (host, _title(stage))
    return "%s %s" % (host, "failed" if facts_of(own) else "could not be read")
