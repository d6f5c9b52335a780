"""In which order the checks run, and which never side by side."""

from __future__ import annotations

import threading
import time

from tools.check import SAVES, Check, Runner, choose


def test_what_saves_machines_begins_and_then_the_longest():
    machines, quick = choose([])
    assert [check.name for check in machines[:2]] == [SAVES, "molecule-lifecycle"]
    assert machines[-1].name == "lab"
    assert not any(check.quick for check in machines)
    assert all(check.quick for check in quick)


def test_scenarios_that_start_from_saved_machines_are_known():
    assert "molecule-drift" in {check.name for check in choose([])[0] if check.saved}


def test_words_choose():
    machines, quick = choose(["molecule-drift", "lint"])
    assert [check.name for check in machines] == ["molecule-drift"]
    assert {check.name.partition("-")[0] for check in quick} == {"lint"}


class Watched(Runner):
    """Runs nothing, and writes down what ran side by side."""

    def __init__(self, lanes: list[list[Check]]) -> None:
        super().__init__(lanes)
        self.order: list[str] = []
        self.together: set[frozenset[str]] = set()
        self.noting = threading.Lock()

    def _check(self, check: Check) -> None:
        with self.noting:
            self.order.append(check.name)
        for _turn in range(5):
            time.sleep(0.01)
            with self.noting:
                self.together.add(frozenset(other.name for other in list(self.running)))


def test_saved_machines_are_up_once_at_a_time_and_others_meanwhile():
    machines = [Check(SAVES, []), *(Check(f"saved-{n}", [], saved=True) for n in "abc"), Check("d", []), Check("e", [])]
    runner = Watched([machines, machines])
    runner.run()
    assert runner.order[:2] == [SAVES, "d"]
    assert sorted(runner.order) == ["d", "e", SAVES, "saved-a", "saved-b", "saved-c"]
    for names in runner.together:
        assert len(names) <= 2
        assert len([name for name in names if name.startswith("saved-") or name == SAVES]) <= 1, names
