# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: what a plan is, and the one place that applies it.

A plan is a list of changes; a change is a plain dict, so that modules return it and filters pass it on as it is:

* ``do`` - what is done, an imperative verb (``create``, ``restart``, ``join``);
* ``to`` - what it is done to, as the user knows it (``daemon.json: log-driver``);
* ``before`` / ``after`` - the values that differ, where there are any;
* ``why`` - the reason, one sentence.
"""

from __future__ import annotations

from .plan_text import distinct, hide


def change(do, to, why, before=None, after=None, **data):
    """One change of a plan. ``data`` is for the apply step only and is not shown in the diff."""
    return dict(do=do, to=to, why=why, before=before, after=after, **data)


class PlanError(Exception):
    """What was asked for cannot or must not be done. The text names the option and the remedy."""


class ApplyError(Exception):
    """Applying failed half-way. The text says what state was left; ``details`` go into the module's result."""

    def __init__(self, msg, **details):
        super().__init__(msg)
        self.details = details


def as_diff(plan, header):
    """The before/after text pair that ``--diff`` shows, made from the plan itself, without secrets."""
    texts = {"before": "", "after": ""}
    for item in plan:
        sides = {key: _text(hide(item[key])) for key in texts if item.get(key) is not None}
        if len(sides) == 2:
            sides["before"], sides["after"] = distinct(sides["before"], sides["after"])
        for key, text in sides.items():
            texts[key] += "%s: %s\n" % (item["to"], text)
    return dict(before_header=header, after_header=header, **texts)


def _text(value):
    if isinstance(value, str):
        return value
    import json

    return json.dumps(value, sort_keys=True)


def public(plan):
    """The plan as it is shown: without the data that only the apply step needs."""
    return [{key: item[key] for key in ("do", "to", "why", "before", "after")} for item in plan]


def run(module, header, read, make_plan, apply, result=None, shown=None):
    """Read, plan, apply: the whole life of a module, and the only code that knows check mode.

    :param header: what the diff is about, for example a path or ``swarm``.
    :param read: ``() -> state``; the only reader.
    :param make_plan: ``(state) -> list of changes``; pure; raises :class:`PlanError`.
    :param apply: ``(plan, state) -> None``; called only with a plan that is not empty, never in check mode.
    :param result: ``(state) -> dict`` of further return values, made from the state that is left.
    :param shown: ``(plan) -> list of diffs`` that go beyond the plan's own; asked before anything is applied.
    """
    try:
        state = read()
        plan = make_plan(state)
        diff = [as_diff(plan, header)] + (shown(plan) if shown else [])
        if plan and not module.check_mode:
            apply(plan, state)
            state = read() if result else state
        more = result(state) if result else {}
    except PlanError as exc:
        module.fail_json(msg=str(exc))
    except ApplyError as exc:
        module.fail_json(msg=str(exc), **exc.details)
    module.exit_json(changed=bool(plan), plan=public(plan), diff=diff, **more)
