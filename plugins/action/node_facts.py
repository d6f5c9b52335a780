# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The controller's half of node_facts: a swarm is not made out of hosts of which each goes on by itself."""

from __future__ import annotations

from ansible.plugins.action import ActionBase

# Strategies by which a host does not wait for the others, also as mitogen and collections name them.
APART = ("free", "host_pinned")
MESSAGE = (
    "the play runs with strategy %s, by which a host goes on before the others are read, and this host is in no swarm: a swarm "
    "is planned over all hosts at once. Set 'strategy: linear' in the play, or leave ANSIBLE_STRATEGY out. Nothing was changed"
)


class ActionModule(ActionBase):
    def run(self, tmp=None, task_vars=None):
        super().run(tmp, task_vars)
        found = self._execute_module(task_vars=task_vars)
        strategy = _strategy(self._task)
        if (
            strategy.endswith(APART)
            and _makes_swarm(task_vars)
            and (found.get("swarm") or {}).get("state") == "inactive"
        ):
            return dict(failed=True, changed=False, msg=MESSAGE % strategy)
        return found


def _makes_swarm(task_vars):
    """Whether the play may make a swarm; a host can be prepared alone."""
    return any(name.rpartition(".")[2] == "swarm_node" for name in (task_vars or {}).get("ansible_role_names") or [])


def _strategy(task):
    """The strategy of the play that a task belongs to; empty where that is not known."""
    parent = task
    while parent is not None:
        play = getattr(parent, "_play", None)
        if play is not None:
            return str(play.strategy or "")
        parent = getattr(parent, "_parent", None)
    return ""
