# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: what a plan is, and the one place that applies it.

A plan is a list of changes; a change is a plain dict, so that modules return it and filters pass it on as it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, List, TypedDict, TypeVar, cast

from .host_lock import BusyError, take
from .plan_text import distinct, hide

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule


class PublicChange(TypedDict):
    """A change as it is shown."""

    do: str  # what is done, an imperative verb: create, restart, join
    to: str  # what it is done to, as the user knows it: "daemon.json: log-driver"
    why: str  # the reason, one sentence
    before: Any  # the values that differ, where there are any
    after: Any


class Change(PublicChange, total=False):
    """A change with what the apply step needs; which of these keys there are, depends on the plan."""

    node: str  # ID of a node of the swarm
    set: dict[str, Any]  # fields of that node, or of what else is changed
    rotation: str
    rules: list[str]
    kind: str
    name: str
    target: str | None
    held: bool
    folder: dict[str, Any]
    stamp: str
    stamped: str
    network: dict[str, Any]
    text: str
    certificate: dict[str, Any]
    scope: str  # node or swarm, whose network it is
    of_unit: bool  # about the unit itself, not about its files


Plan = List[Change]
State = TypeVar("State")


def change(do: str, to: str, why: str, before: Any = None, after: Any = None, **data: Any) -> Change:
    """One change of a plan. ``data`` is for the apply step only and is not shown in the diff."""
    return cast("Change", dict(do=do, to=to, why=why, before=before, after=after, **data))


class PlanError(Exception):
    """What was asked for cannot or must not be done. The text names the option and the remedy."""


class ApplyError(Exception):
    """Applying failed half-way. The text says what state was left; ``details`` go into the module's result."""

    def __init__(self, msg: str, **details: Any) -> None:
        super().__init__(msg)
        self.details = details


def as_diff(plan: Plan, header: str) -> dict[str, str]:
    """The before/after text pair that ``--diff`` shows, made from the plan itself, without secrets."""
    texts = {"before": "", "after": ""}
    for item in plan:
        sides = {key: _text(hide(item.get(key))) for key in texts if item.get(key) is not None}
        if len(sides) == 2:
            sides["before"], sides["after"] = distinct(sides["before"], sides["after"])
        for key, text in sides.items():
            texts[key] += "%s: %s\n" % (item["to"], text)
    return dict(before_header=header, after_header=header, **texts)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    import json

    return json.dumps(value, sort_keys=True)


def public(plan: Plan) -> list[PublicChange]:
    """The plan as it is shown: without the data that only the apply step needs."""
    return [
        {"do": item["do"], "to": item["to"], "why": item["why"], "before": item["before"], "after": item["after"]}
        for item in plan
    ]


def run(
    module: AnsibleModule,
    header: str,
    read: Callable[[], State],
    make_plan: Callable[[State], Plan],
    apply: Callable[[Plan, State], None],
    result: Callable[[State], dict[str, Any]] | None = None,
    shown: Callable[[Plan], list[dict[str, str]]] | None = None,
    alone: bool = True,
) -> None:
    """Read, plan, apply: the whole life of a module, and the only code that knows check mode.

    :param header: what the diff is about, for example a path or ``swarm``.
    :param read: ``() -> state``; the only reader.
    :param make_plan: ``(state) -> list of changes``; pure; raises :class:`PlanError`.
    :param apply: ``(plan, state) -> None``; called only with a plan that is not empty, never in check mode.
    :param result: ``(state) -> dict`` of further return values, made from the state that is left.
    :param shown: ``(plan) -> list of diffs`` that go beyond the plan's own; asked before anything is applied.
    :param alone: whether it changes this host, so that it waits for other changes of it. Objects of the swarm have versions
        instead, and what waits for other hosts must not keep this one from being changed.
    """
    try:
        waited = take(getattr(module, "_name", header)) if alone and not module.check_mode else None
        state = read()
        plan = make_plan(state)
        diff = [as_diff(plan, header)] + (shown(plan) if shown else [])
        if plan and not module.check_mode:
            apply(plan, state)
            state = read() if result else state
        more = result(state) if result else {}
    except (BusyError, PlanError) as exc:
        module.fail_json(msg=str(exc))
    except ApplyError as exc:
        module.fail_json(msg=str(exc), **exc.details)
    if waited:
        module.warn("%s: %s" % (header, waited))
    module.exit_json(changed=bool(plan), plan=public(plan), diff=diff, **more)
