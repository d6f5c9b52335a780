# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: deploys a stack on a manager of the swarm, and waits until it runs."""

from __future__ import annotations

import base64
import time
from typing import TYPE_CHECKING, Any, Iterable, Mapping, NoReturn, Sequence

from .._core.engine_api import EngineError, query
from .._core.plan import ApplyError, PlanError, public
from .._core.swarm_objects import MANAGED
from .spec import NAMESPACE, resolve
from .stack import desired, plan_stack, service_status, task_errors
from .task_log import last_failed, last_lines

if TYPE_CHECKING:
    from .._core.engine_api import Engine
    from .._core.facts import ApiObject
    from .._core.plan import Change, Plan
    from .stack import Status

    State = dict[str, Any]
    # Service -> its status, itself and its tasks, as the Engine lists them.
    Statuses = Mapping[str, tuple[Status, ApiObject, list[ApiObject]]]

LOG_TIMEOUT = 10.0  # seconds for a node to send the log of a task
REFUSED = "this node is not a manager of a swarm with a quorum: run on a manager (%s)"


class DeployError(ApplyError):
    """The services do not run, or the Engine refused something."""

    def __init__(self, msg: str, again: bool, **details: Any) -> None:
        super().__init__(msg, **details)
        self.again = again  # whether the same input can come to work by another run


class Deployment:
    """One stack, on a manager of its swarm."""

    def __init__(self, engine: Engine, options: Mapping[str, Any]) -> None:
        self.engine = engine
        self.options = options
        self.want = desired(options)
        self.changed: set[str] = set()  # services that this run changed
        self.made: dict[str, str] = {}  # secrets and configs that this run made: name -> path

    def read(self) -> State:
        try:
            services = self.engine.get("/services")
            networks = [
                {"id": net["Id"], "name": net["Name"]} for net in self.engine.get("/networks" + query(scope=["swarm"]))
            ]
            contents = {kind: self.engine.get("/" + kind) for kind in ("secrets", "configs")}
        except EngineError as exc:
            raise PlanError(REFUSED % exc) from exc
        ours = {
            item["Spec"]["Name"]: item
            for item in services
            if item["Spec"]["Name"] in self.want["services"] or MANAGED in (item["Spec"].get("Labels") or {})
        }
        state: State = {
            "raw": ours,
            "services": {name: item["Spec"] for name, item in ours.items()},
            "networks": networks,
            "ids": {"networks": {net["name"]: net["id"] for net in networks}},
        }
        for kind, items in contents.items():
            state[kind] = {item["Spec"]["Name"]: item["Spec"].get("Labels") or {} for item in items}
            state["ids"][kind] = {item["Spec"]["Name"]: item["ID"] for item in items}
        return state

    def plan(self, state: State) -> Plan:
        return plan_stack(self.options, state)

    def apply(self, plan: Plan, state: State) -> None:
        # Wrong names are found before anything is created; secrets and configs are created first.
        contents = {
            kind: dict(state["ids"][kind], **dict.fromkeys(self.want[kind], "")) for kind in ("secrets", "configs")
        }
        for spec in self.want["services"].values():
            resolve(spec, state["ids"]["networks"], contents["secrets"], contents["configs"])
        removals = [item for item in plan if item["do"] == "remove" and item["kind"] != "service"]
        done: list[str] = []
        try:
            for item in plan:
                if item not in removals:
                    self._apply_one(item, state, done)
            if self.options["wait"] and self.changed:
                self.wait()
            if self.options["wait"] or not self.want["services"]:
                for item in removals:
                    self._apply_one(item, state, done)
        except DeployError as exc:
            removed = self._remove_unused()
            done = [text for text in done if text.partition(" ")[2] not in removed]
            raise ApplyError(str(exc) + _left(done, removed, exc.again), **exc.details) from None

    def _remove_unused(self) -> list[str]:
        """Remove secrets and configs that this run made, as far as no service uses them, which the Engine does not allow."""
        removed = []
        for name, path in self.made.items():
            try:
                self._delete(path)
            except EngineError:
                continue
            removed.append(name)
        return removed

    def _apply_one(self, item: Change, state: State, done: list[str]) -> None:
        if item["kind"] == "service" and item["name"] in self.changed:
            return  # one update covers all the differences of a service
        act = self._service if item["kind"] == "service" else self._content
        try:
            act(item, state)
        except EngineError as exc:
            # What the Engine refuses is refused again; only what went wrong in it may pass.
            raise DeployError(
                "cannot %s %s: %s" % (item["do"], item["to"], exc.message),
                again=not 400 <= exc.status < 500,
                plan=public([item]),
            ) from exc
        done.append("%s %s" % (item["do"], item["to"]))

    def _content(self, item: Change, state: State) -> None:
        kind, name = item["kind"] + "s", item["name"]
        if item["do"] in ("remove", "replace"):
            self._delete("/%s/%s" % (kind, state["ids"][kind][name]))
        labels = {MANAGED: "true", NAMESPACE: self.want["name"]}
        if item["do"] == "label":
            path = "/%s/%s" % (kind, state["ids"][kind][name])
            self.engine.update(path, lambda spec: dict(spec, Labels=labels))
        if item["do"] in ("create", "replace"):
            data = base64.b64encode(self.want[kind][name].encode("utf-8")).decode()
            made = self.engine.post("/%s/create" % kind, {"Name": name, "Labels": labels, "Data": data})
            state["ids"][kind][name] = made["ID"]
            self.made["%s %s" % (item["kind"], name)] = "/%s/%s" % (kind, made["ID"])

    def _service(self, item: Change, state: State) -> None:
        name = item["name"]
        current = state["raw"].get(name)
        if item["do"] == "remove":
            self._delete("/services/" + current["ID"])
            return
        ids = state["ids"]
        auth = self.want["auth"][name]
        headers = {"X-Registry-Auth": auth} if auth else None
        wanted = self.want["services"][name]
        if item["do"] == "replace":
            self._delete("/services/" + current["ID"])
        if item["do"] in ("create", "replace"):
            spec = resolve(wanted, ids["networks"], ids["secrets"], ids["configs"])
            self.engine.post("/services/create", spec, headers=headers)
        else:
            self.engine.update(
                "/services/" + current["ID"],
                lambda spec: resolve(wanted, ids["networks"], ids["secrets"], ids["configs"], spec),
                headers=headers,
            )
        self.changed.add(name)

    def _delete(self, path: str) -> None:
        try:
            self.engine.delete(path)
        except EngineError as exc:
            if exc.status != 404:
                raise

    def wait(self) -> None:
        """Wait until every service of the stack runs; raises a DeployError with the errors of its tasks."""
        end = time.monotonic() + self.options["wait"]
        steady: dict[str, tuple[list[str], float]] = {}  # service -> (its running tasks, since when they are the same)
        interval = 0.25
        while True:
            statuses = self._statuses()
            now = time.monotonic()
            late = {}
            for name, (status, _service, _tasks) in statuses.items():
                if steady.get(name, (None, 0))[0] != status["ids"]:
                    steady[name] = (status["ids"], now)
                calm = now - steady[name][1] >= status["needs"] or _age(status["since"]) >= 2 * status["needs"]
                if status["state"] != "running" or not calm:
                    late[name] = status
            failed = [name for name, status in late.items() if status["state"] == "failed"]
            if not late:
                return
            if failed or now >= end:
                self._give_up(failed or sorted(late), statuses, timed_out=not failed)
            time.sleep(min(interval, max(0.05, end - now)))
            interval = min(1.0, interval * 1.5)

    def _statuses(self) -> Statuses:
        try:
            listed = {
                item["Spec"]["Name"]: item
                for item in self.engine.get("/services" + query(name=sorted(self.want["services"])))
            }
            statuses = {}
            for name in self.want["services"]:
                if name not in listed:
                    raise ApplyError("service %s was removed meanwhile; run again" % name)
                tasks = self.engine.get("/tasks" + query(service=[listed[name]["ID"]]))
                statuses[name] = (service_status(listed[name], tasks, name in self.changed), listed[name], tasks)
            return statuses
        except EngineError as exc:
            raise ApplyError("cannot read the state of the services: %s" % exc) from exc

    def _give_up(self, names: Sequence[str], statuses: Statuses, timed_out: bool) -> NoReturn:
        try:
            nodes = {node["ID"]: (node.get("Description") or {}).get("Hostname") for node in self.engine.get("/nodes")}
        except EngineError:
            nodes = {}
        parts, errors = [], {}
        for name in names:
            status, service, tasks = statuses[name]
            started = (service.get("UpdateStatus") or {}).get("StartedAt") if name in self.changed else None
            errors[name] = task_errors(name, tasks, nodes, started or "")
            after = " after %d s" % self.options["wait"] if timed_out else ""
            parts.append("service %s: %s%s" % (name, status["why"], after))
            parts += errors[name] or ["its tasks report no error"]
            parts += self._last_lines(tasks, started or "")
        hint = "see: docker service ps --no-trunc %s; docker service logs %s" % (names[0], names[0])
        # Tasks without an error may only need more time, for example for their image.
        again = timed_out and not any(errors.values())
        raise DeployError("%s. %s" % ("; ".join(parts), hint), again, task_errors=errors)

    def _last_lines(self, tasks: Sequence[ApiObject], since: str) -> list[str]:
        """What the container that ended last said; nothing where its node or log driver does not give it."""
        task = last_failed(tasks, since)
        if not task:
            return []
        try:
            text = self.engine.get("/tasks/%s/logs?stdout=1&stderr=1&tail=100" % task, timeout=LOG_TIMEOUT)
        except EngineError:
            return []
        return ["its last output: %s" % " | ".join(lines) for lines in [last_lines(str(text))] if lines]

    def result(self, _state: State) -> dict[str, Any]:
        if self.options["wait"] and not self.changed and self.want["services"]:
            self.wait()
        services = {}
        for name, (status, _service, _tasks) in (self._statuses() if self.want["services"] else {}).items():
            services[name] = {"running": status["running"], "desired": status["desired"]}
        return {"services": services}


def _left(done: Iterable[str], removed: Iterable[str], again: bool) -> str:
    parts = ["Done so far: %s" % ", ".join(done)] if done else []
    parts += ["Removed again: %s" % ", ".join(removed)] if removed else []
    text = "".join(". " + part for part in parts)
    return text + ("; run again to converge" if text and again else "")


def _age(stamp: str) -> float:
    """Seconds since an API time stamp, by this host's clock; 0 without a valid one."""
    import calendar

    try:
        return time.time() - calendar.timegm(time.strptime(stamp[:19], "%Y-%m-%dT%H:%M:%S"))
    except ValueError:
        return 0.0
