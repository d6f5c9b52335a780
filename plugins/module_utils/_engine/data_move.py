# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: moves the data of this host's Engine, with rollback."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from typing import TYPE_CHECKING, Any, Callable, Iterator, Mapping, NoReturn, Sequence

from .._core import file_tree
from .._core.atomic_files import remove
from .._core.engine_api import Engine, EngineError
from .._core.plan import ApplyError, PlanError
from .._core.systemd import RUNNING, journal_tail, settled_units
from . import data_plan
from . import data_steps as steps
from .daemon_file import read_daemon_json
from .daemon_json import failure_reason
from .data_checks import check
from .data_engine import SERVICE, UNITS, Running
from .data_facts import read_data, save_kept, save_move
from .data_plan import CONTAINERD, DOCKER

if TYPE_CHECKING:
    from .._core.facts import ApiObject, EngineFacts
    from .._core.plan import Plan
    from .data_plan import Move, State, Tree

LOCK = "/run/dockyard-engine-data.lock"
FAILURES = (ApplyError, file_tree.TreeError, OSError, ValueError, EngineError, subprocess.SubprocessError)


class EndedError(Exception):
    """The process was asked to end."""


class DataMove:
    """The data of this host's Engine: read, plan, and move.

    :param read_engine: :func:`_facts.engine.read_engine`, which belongs to another folder of this floor.
    """

    def __init__(self, params: Mapping[str, Any], read_engine: Callable[[bool], tuple[EngineFacts, ApiObject]]) -> None:
        self.params = params
        self.read_engine = read_engine
        self.engine = Engine()
        self.services = Running(self.engine, params["timeout"])

    def read(self) -> State:
        units: Mapping[str, Any] = settled_units(UNITS)
        daemon = read_daemon_json()
        engine, _swarm = self.read_engine(units.get(SERVICE, {}).get("active") in RUNNING)
        wanted = {name: self.params[name] for name in data_plan.WANTED}
        return dict(read_data(daemon, units, engine, wanted), units=units, running=engine["running"])

    def plan(self, state: State) -> Plan:
        problems = check(state)
        # An interrupted move has to be completed or undone in any case: the Engine may be stopped.
        if problems and not state["move"]:
            raise PlanError("; ".join(problems))
        return data_plan.make_plan(state)

    def apply(self, _plan_of_all: Plan, state: State) -> None:
        if state["move"]:
            self._settle(state["move"], state)
            state = self.read()
        problems = check(state)
        coming = [] if problems else data_plan.moves(state)
        if coming:
            self._move(coming, state)
        elif state["move"]:
            self._abandon(state["move"])
        if problems:
            raise ApplyError(
                "an interrupted move was undone, since it cannot continue: %s" % "; ".join(problems),
                rolled_back=True,
            )
        state = self.read()
        for item in data_plan.make_plan(state):
            if item["do"] == "link":
                steps.link(item["to"], item["after"])
            elif item["do"] == "set":
                steps.set_root(CONTAINERD, state[CONTAINERD]["config"], item["after"])
            elif item["do"] == "remove":
                steps.remove_old(item["to"])

    def result(self, state: State) -> dict[str, Any]:
        return {
            "places": {name: state[name]["place"] for name in (DOCKER, CONTAINERD)},
            "kept": [item["path"] for item in state["kept"]],
        }

    # An interrupted move.

    def _settle(self, move: Move, state: State) -> None:
        """Complete an interrupted move, or bring it to a state from which a new one continues."""
        if move["phase"] == "copy":
            return
        if move["phase"] == "back":
            problem = self._go_back(move)
            if problem:
                raise ApplyError("the data is being moved back to the old place: %s" % problem, rolled_back=False)
            return
        done = [item for item in move["trees"] if state[item["tree"]]["place"] == item["target"]]
        undone = [item for item in move["trees"] if item not in done]
        for item in undone:
            steps.unplace(item)
            if os.path.islink(item["parked"]):
                remove(item["parked"])
        for item in done:
            steps.park(item)
        if undone:
            # After a reboot the Engine may have run with one tree here and the other there: each was complete where it was.
            move.update(trees=undone, phase="copy")
            save_kept(move, done)
            return
        fresh = move["phase"] == "switch" and move["boot"] == steps.boot_id()
        if not fresh:
            # It may have run at the new place for long: what has changed since does not count.
            move["before"] = {"node_id": move["before"].get("node_id")}
        self._prove(move, may_go_back=fresh or not self._has_lived(move))

    def _has_lived(self, move: Move) -> bool:
        """Whether the Engine has changed anything at the new place."""
        pairs = [(steps.contents(item, item["target"]), steps.contents(item, item["parked"])) for item in move["trees"]]
        return self.engine.answers() or any(new != old for new, old in pairs)

    def _abandon(self, move: Move) -> None:
        """Leave the data where it is, and start what ran."""
        for item in move["trees"]:
            file_tree.remove_tree(steps.incoming(item))
        problem = self.services.start(move)
        if problem:
            raise ApplyError("the data is where it was, but the Engine does not start: %s" % problem)
        save_move(None)

    # A move.

    def _move(self, coming: Sequence[Tree], state: State) -> None:
        move = self._begin(coming, state)
        try:
            with _ending_noticed():
                self._copy(move)
        except EndedError:
            problem = self.services.start(move)
            raise ApplyError(
                "interrupted while copying; the data is where it was, and %s; the next run continues"
                % (("the Engine does not start: %s" % problem) if problem else "the Engine runs on it again"),
                rolled_back=not problem,
            )
        except FAILURES as exc:
            self._give_up(move, exc)
        move["phase"] = "switch"
        save_move(move)
        try:
            for step in (steps.place, self._commit, steps.park):
                for item in move["trees"]:
                    step(item)
        except FAILURES as exc:
            self._fail(move, str(exc), "", may_go_back=True)
        self._prove(move, may_go_back=True)

    def _begin(self, coming: Sequence[Tree], state: State) -> Move:
        """The journal of a move; what an interrupted one recorded stays valid."""
        earlier = state["move"] or {"trees": []}
        units = state["units"]
        for item in earlier["trees"]:
            if item["target"] not in [other["target"] for other in coming]:
                file_tree.remove_tree(steps.incoming(item))
        move = {
            "phase": "copy",
            "boot": steps.boot_id(),
            "trees": [dict(item, **steps.as_it_was(state[item["tree"]], item, earlier)) for item in coming],
            "ran": [name for name in UNITS if units.get(name, {}).get("active") in RUNNING],
            "masked": earlier.get("masked", [name for name in UNITS if units.get(name, {}).get("masked")]),
            "before": self.services.look() if state["running"] else {},
        }
        if not state["running"] and earlier["trees"]:
            # This module stopped it.
            move.update(ran=earlier["ran"], before=earlier["before"])
        save_move(move)
        return move

    def _copy(self, move: Move) -> None:
        for item in move["trees"]:
            # From here on the Engine starts at the old place, even where a file already names another.
            steps.point_back(item)
        self.services.stop(move, [item["source"] for item in move["trees"]])
        for item in move["trees"]:
            if item["tree"] == DOCKER:
                move["before"].update(steps.lasting(item["source"]))
            since, item["since"] = item["since"], item["since"] or time.time()
            save_move(move)
            os.makedirs(item["target"], mode=0o711, exist_ok=True)
            file_tree.sync(item["source"], steps.incoming(item), since)
            found = file_tree.compare(item["source"], steps.incoming(item), data_plan.exact)
            if found:
                raise ApplyError("the copy differs from %s: %s" % (item["source"], "; ".join(found)))
            file_tree.flush(item["target"])

    def _give_up(self, move: Move, exc: Exception) -> NoReturn:
        """Start again at the old place; nothing has been switched yet."""
        for item in move["trees"]:
            file_tree.remove_tree(steps.incoming(item))
        problem = self.services.start(move)
        if not problem:
            save_move(None)
        raise ApplyError(
            "the data was not moved: %s; it is where it was, %s"
            % (exc, ("but the Engine does not start: %s" % problem) if problem else "and the Engine runs on it again"),
            rolled_back=not problem,
        )

    def _prove(self, move: Move, may_go_back: bool) -> None:
        """Start the Engine at the new place, and verify that it is the same."""
        move["phase"] = "started"
        move.setdefault("started", time.time())
        save_move(move)
        problem = self.services.start(move)
        if not problem and SERVICE in move["ran"]:
            move["lived"] = True
            save_move(move)
            problem = self.services.wait_for_the_same(move)
        if problem:
            said = journal_tail(SERVICE)
            self._fail(move, problem if move.get("lived") else failure_reason(said) or problem, said, may_go_back)
        save_kept(None, move["trees"])

    def _fail(self, move: Move, problem: str, said: str, may_go_back: bool) -> NoReturn:
        what = "the Engine does not run with its data at %s: %s" % (_places(move, "target"), problem)
        if not may_go_back:
            raise ApplyError(
                "%s; it has run there since, so the older copy at %s is not used: find out what is wrong with the Engine"
                % (what, _places(move, "parked")),
                journal=said,
                rolled_back=False,
            )
        again = self._go_back(move)
        raise ApplyError(
            "%s; %s"
            % (what, ("moving back failed as well: %s" % again) if again else "it runs again at the old place"),
            journal=said,
            rolled_back=not again,
        )

    def _go_back(self, move: Move) -> str | None:
        """Move the Engine back to its old place; returns the problem, or None. Can be interrupted as well, and then continues."""
        move["phase"] = "back"
        save_move(move)
        try:
            self.services.stop(move, [item["target"] for item in move["trees"]])
            places = self.read()
            for item in move["trees"]:
                # Not on a host that was rebooted meanwhile and already runs at the old place.
                if item["tree"] == DOCKER and move.get("lived") and places[DOCKER]["place"] == item["target"]:
                    steps.carry_back(item, move["started"])
            for item in move["trees"]:
                steps.unpark(item)
                steps.unlink_default(item)
                steps.point_back(item)
                steps.unplace(item)
            problem = self.services.start(move)
        except FAILURES as exc:
            return str(exc)
        if problem:
            return problem
        if move.get("lived"):
            # The copy has what the Engine did there besides swarm and volumes; the next attempt may need it.
            save_kept(None, [dict(item, parked=steps.incoming(item)) for item in move["trees"]])
        else:
            for item in move["trees"]:
                file_tree.remove_tree(steps.incoming(item))
            save_move(None)
        return None

    def _commit(self, item: Tree) -> None:
        """Make the Engine use the new place from its next start on."""
        if item["link"]:
            steps.link_default(item)
        steps.set_root(item["tree"], item["was"]["config"], None if item["link"] else item["path"])


def _places(move: Move, key: str) -> str:
    return ", ".join(item[key] for item in move["trees"])


@contextlib.contextmanager
def _ending_noticed() -> Iterator[None]:
    """Turn signals that end the process into an exception, so that the Engine is started again."""

    def notice(_number: int, _frame: object) -> NoReturn:
        raise EndedError()

    before = {number: signal.signal(number, notice) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
