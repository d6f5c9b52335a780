# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: the plan of a stack of services with its secrets and configs, and whether it runs.

Pure functions. ``actual`` is the ``swarm`` of node_facts: ``services`` name -> Spec, ``secrets`` and ``configs`` names (or
name -> labels, as swarm_stack reads them), ``networks`` with ``id`` and ``name``, ``foreign``, what others made, and, where
known, ``tasks``: service name -> ``{running, desired}``.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from typing import TYPE_CHECKING, Any, Iterable, Iterator, Mapping, TypedDict

from .._core.plan import PlanError, change
from .._core.swarm_objects import MANAGED
from .compare import comparable, differences, readable
from .options import parse
from .ownership import check_stack
from .spec import NAMESPACE, build

if TYPE_CHECKING:
    from .._core.facts import ApiObject
    from .._core.plan import Change, Plan

    Options = Mapping[str, Any]
    Actual = Mapping[str, Any]
    Login = Mapping[str, str]

# Without an underscore, so that the part of a name before the first one is the stack.
_STACK = re.compile(r"^[a-zA-Z0-9][a-zA-Z0-9.-]{0,30}$")
_NAME = re.compile(r"^[a-zA-Z0-9][a-zA-Z0-9_.-]*$")
_HASHED = re.compile(r"_[0-9a-f]{12}$")
_LONGEST = 63


def desired(stack: Options) -> dict[str, Any]:
    """The wanted stack: ``{name, services, secrets, configs, names, auth}``; raises a PlanError for a wrong option.

    ``services`` name -> Spec, ``secrets`` and ``configs`` name -> data, all by their names in the swarm; ``names``
    has the name in the swarm by the short one, ``auth`` the X-Registry-Auth header by service.
    """
    name = stack["name"]
    if not _STACK.match(name):
        raise PlanError("name is %r; give at most 31 letters, digits, dots and hyphens (no underscore)" % name)
    absent = stack.get("state") == "absent"
    data: dict[str, dict[str, str]] = {}
    names: dict[str, dict[str, str]] = {}
    for kind in ("secrets", "configs"):
        given = {} if absent else stack.get(kind) or {}
        names[kind] = {short: content_name(name, short, content, kind) for short, content in given.items()}
        data[kind] = {names[kind][short]: content for short, content in given.items()}
    services: dict[str, ApiObject] = {}
    auth: dict[str, str | None] = {}
    for short, given in sorted(({} if absent else stack.get("services") or {}).items()):
        full = "%s_%s" % (name, short)
        if not _NAME.match(short) or len(full) > _LONGEST:
            raise PlanError(
                "services: %r is not a valid name (letters, digits, _ . -; at most 63 characters with the stack's name)"
                % full
            )
        options = parse(short, given)
        login = _login(options["image"], stack.get("registry_auth") or [])
        auth[full] = _auth_header(login) if login else None
        services[full] = build(
            name, short, options, names["secrets"], names["configs"], _fingerprint(full, login) if login else None
        )
    return {"name": name, "services": services, "names": names, "auth": auth, **data}


def content_name(stack: str, short: str, data: Any, kind: str = "secrets") -> str:
    """The name in the swarm, with a hash of the content: the content of a secret cannot be changed."""
    if not isinstance(data, str):
        raise PlanError("%s.%s must be text" % (kind, short))
    if not 0 < len(data.encode("utf-8")) <= 500 * 1024:
        raise PlanError("%s.%s is empty or larger than 500 KiB, the limit of the swarm" % (kind, short))
    full = "%s_%s_%s" % (stack, short, hashlib.sha256(data.encode("utf-8")).hexdigest()[:12])
    if not _NAME.match(short) or len(full) > _LONGEST:
        raise PlanError(
            "%s: %r is not a valid name (letters, digits, _ . -), or is too long with the stack's name" % (kind, short)
        )
    return full


def registry_of(image: str) -> str:
    """The address of the registry in the name of an image; ``docker.io`` without one."""
    first, slash, _rest = image.partition("/")
    return first if slash and (set(first) & {".", ":"} or first == "localhost") else "docker.io"


def _login(image: str, logins: Iterable[Login]) -> Login | None:
    address = registry_of(image)
    return next((item for item in logins if item["registry"] == address), None)


def _auth_header(login: Login) -> str:
    body = {"username": login["username"], "password": login["password"], "serveraddress": login["registry"]}
    return base64.urlsafe_b64encode(json.dumps(body, sort_keys=True).encode()).decode()


def _fingerprint(service: str, login: Login) -> str:
    """A slow hash that shows whether the credentials changed."""
    salt = "%s %s %s" % (service, login["registry"], login["username"])
    return hashlib.pbkdf2_hmac("sha256", login["password"].encode(), salt.encode(), 20000).hex()[:16]


def plan_stack(stack: Options, actual: Actual) -> Plan:
    """The changes that bring about the stack; ``stack`` has the options of swarm_stack."""
    want = desired(stack)
    if not stack.get("adopt"):
        check_stack(want, actual)
    prefix = want["name"] + "_"
    networks = {net["id"]: net["name"] for net in actual.get("networks") or []}
    there = actual.get("services") or {}
    plan: Plan = []
    for kind in ("secrets", "configs"):
        plan += _plan_contents(kind[:-1], want["name"], want[kind], actual.get(kind) or {}, there)
    foreign = (actual.get("foreign") or {}).get("services") or {}
    for name, spec in want["services"].items():
        if name in foreign:
            plan.append(
                change("adopt", "service " + name, "others made it, and adopt is set", kind="service", name=name)
            )
        else:
            plan += _plan_service(name, spec, there.get(name), networks)
    reason = "the stack is not wanted" if stack.get("state") == "absent" else "the stack no longer has it"
    for name in sorted(there):
        if name.startswith(prefix) and name not in want["services"] and _is_ours(there[name], want["name"]):
            plan.append(change("remove", "service " + name, reason, before="present", kind="service", name=name))
    for kind in ("secrets", "configs"):
        have = actual.get(kind) or {}
        for name in sorted(have):
            labels = have[name] if isinstance(have, dict) else {MANAGED: "true"}
            if name.startswith(prefix) and _HASHED.search(name) and name not in want[kind] and MANAGED in labels:
                plan.append(
                    change("remove", "%s %s" % (kind[:-1], name), "no service of the stack uses it",
                           before="present", kind=kind[:-1], name=name)
                )  # fmt: skip
    return plan


def _is_ours(spec: ApiObject, stack: str) -> bool:
    labels = spec.get("Labels") or {}
    return MANAGED in labels and labels.get(NAMESPACE, stack) == stack


def _plan_contents(
    kind: str, stack: str, wanted: Iterable[str], have: Any, services: Mapping[str, ApiObject]
) -> Iterator[Change]:
    labels = {MANAGED: "true", NAMESPACE: stack}
    for name in sorted(wanted):
        if name not in have:
            yield change("create", "%s %s" % (kind, name), "the swarm has none with this content",
                         after="present", kind=kind, name=name)  # fmt: skip
        elif isinstance(have, dict) and have[name] != labels:
            if MANAGED in have[name]:
                yield change("label", "%s %s" % (kind, name), "its labels differ", before=have[name], after=labels,
                             kind=kind, name=name)  # fmt: skip
                continue
            # Its content cannot be read: one that was created by others under this name is not trusted.
            users = sorted(user for user, spec in services.items() if name in _contents_of(spec, kind))
            if users:
                raise PlanError(
                    "%s %s was not created by this collection, and service %s uses it; remove the service and the %s by "
                    "hand (docker service rm, docker %s rm) and run again" % (kind, name, ", ".join(users), kind, kind)
                )
            yield change("replace", "%s %s" % (kind, name), "it was created by others, so its content is unknown",
                         before="created by others", after="present", kind=kind, name=name)  # fmt: skip


def _contents_of(spec: ApiObject, kind: str) -> list[str | None]:
    key = kind.capitalize()
    container = (spec.get("TaskTemplate") or {}).get("ContainerSpec") or {}
    return [item.get(key + "Name") for item in container.get(key + "s") or []]


def _plan_service(name: str, spec: ApiObject, current: ApiObject | None, networks: Mapping[str, str]) -> Plan:
    wanted = comparable(spec, networks)
    if current is None:
        shown = {option: readable(option, value) for option, value in wanted.items()}
        return [
            change("create", "service " + name, "the swarm has no such service", after=shown, kind="service", name=name)
        ]
    differing = differences(wanted, comparable(current, networks))
    # The Engine cannot change a replicated service into a global one.
    replace = (wanted.get("mode") == "global") != ("Global" in (current.get("Mode") or {}))
    return [
        change("replace" if replace else "update", "service %s: %s" % (name, option), "differs",
               before=readable(option, before), after=readable(option, after), kind="service", name=name)
        for option, (before, after) in differing.items()
    ]  # fmt: skip


def plan_waiting(stack: Options, actual: Actual) -> Plan:
    """The services of the stack that are as wanted but lack running tasks, as far as ``actual`` has tasks."""
    tasks = actual.get("tasks") or {}
    waiting = []
    for name, spec in desired(stack)["services"].items():
        count: Any = tasks.get(name)
        # The Engine does not count the task of a global service that waits for its next try.
        stuck = count and not count["desired"] and "Global" in spec["Mode"]
        if stuck or (count and count["running"] < count["desired"]):
            why = "%(running)d of %(desired)d tasks run" % count
            waiting.append(change("wait for", "service " + name, why, before=why, after="all tasks run"))
    return waiting


# --- convergence ----------------------------------------------------------------------------------------------------

STEADY = 5.0  # seconds that a task without a health check has to stay up
_SETTLED = 1.0


class Status(TypedDict):
    state: str
    running: int
    desired: int
    ids: list[str]
    needs: float
    since: str
    why: str


def service_status(service: ApiObject, tasks: Iterable[ApiObject], changed: bool) -> Status:
    """The status of a service: ``{state, running, desired, ids, needs, since, why}``.

    ``state`` is ``running`` (all tasks run), ``waiting`` or ``failed`` (it will not run by itself). ``ids`` are the
    running tasks, ``needs`` the seconds for which they must stay the same.

    :param service: as ``GET /services`` lists it.
    :param tasks: the service's tasks, the history included.
    :param changed: whether this run changed the service: only then the result of its rollout counts.
    """
    spec = service["Spec"]
    replicated = (spec.get("Mode") or {}).get("Replicated")
    if replicated is not None:
        wanted = replicated.get("Replicas", 1)
    else:
        # The Engine's own count leaves out a node whose task waits for its next try.
        ended = ("shutdown", "remove", "complete")
        wanted = len({task.get("NodeID") for task in tasks if task.get("DesiredState") not in ended})
    fresh = [task for task in tasks if _template(task.get("Spec")) == _template(spec["TaskTemplate"])]
    running = [
        task for task in fresh if task.get("DesiredState") == "running" and task["Status"].get("State") == "running"
    ]
    health = (spec["TaskTemplate"]["ContainerSpec"].get("Healthcheck") or {}).get("Test") or ["NONE"]
    status: Status = {
        "state": "waiting",
        "running": len(running),
        "desired": wanted,
        "ids": sorted(task["ID"] for task in running),
        # With a health check a task counts as running only once it is healthy.
        "needs": _SETTLED if health[0] != "NONE" else STEADY,
        "since": max([task["Status"].get("Timestamp") or "" for task in running] or [""]),
        "why": "%d of %d tasks run" % (len(running), wanted),
    }
    rollout = service.get("UpdateStatus") or {}
    state = rollout.get("State") or ""
    if changed and state in ("paused", "rollback_paused", "rollback_completed"):
        words = {
            "paused": "the update was paused",
            "rollback_paused": "the update failed, and so did the rollback",
            "rollback_completed": "the update failed and was rolled back",
        }
        status["state"] = "failed"
        status["why"] = "%s (%s)" % (words[state], rollout.get("Message") or "no reason given")
    elif changed and state in ("updating", "rollback_started"):
        status["why"] += ", the update is in progress"
    elif changed and not running and sum(task["Status"].get("State") == "rejected" for task in fresh) >= 3:
        status["state"], status["why"] = "failed", "its nodes reject its tasks"
    elif len(running) == wanted and (wanted or replicated is not None):
        status["state"] = "running"
    elif not wanted:
        status["why"] = "no node accepts its tasks: see its constraints and the availability of the nodes"
    return status


def _template(task_spec: ApiObject | None) -> ApiObject:
    # A task stays where it is when only the placement changes and its node still fits.
    return {key: value for key, value in (task_spec or {}).items() if value and key not in ("Placement", "Runtime")}


def task_errors(
    service: str, tasks: Iterable[ApiObject], nodes: Mapping[Any, str | None], since: str = "", most: int = 5
) -> list[str]:
    """The errors of the tasks, the newest first, each text once.

    :param nodes: node ID -> host name.
    :param since: time stamp; earlier errors are left out.
    """
    lines: list[str] = []
    seen: set[str] = set()
    newest = sorted(tasks, key=lambda task: task["Status"].get("Timestamp") or "", reverse=True)
    for task in newest:
        status = task["Status"]
        error = status.get("Err") or ""
        if (status.get("Timestamp") or "") < since or (not error and status.get("State") not in ("failed", "rejected")):
            continue
        code = (status.get("ContainerStatus") or {}).get("ExitCode")
        text = error or "%s%s" % (status.get("Message") or "no reason given", " (exit %s)" % code if code else "")
        if text in seen:
            continue
        seen.add(text)
        node = nodes.get(task.get("NodeID"), task.get("NodeID"))
        place = " on %s" % node if node else ""
        lines.append("%s.%s%s %s: %s" % (service, task.get("Slot") or "", place, status.get("State"), text))
    return lines[:most]
