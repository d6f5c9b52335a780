# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.dockyard.swarm.plugins.module_utils._engine_api import EngineError
from ansible_collections.dockyard.swarm.plugins.module_utils._plan import ApplyError, PlanError
from ansible_collections.dockyard.swarm.plugins.modules.swarm_unlock import Lock


class Engine:
    """Locked until it gets its key; without a quorum it then gives no answer, as the real one."""

    def __init__(self, key="right", quorum=True, state="locked", deaf=False):
        self.key, self.quorum, self.state, self.deaf = key, quorum, state, deaf
        self.tried = []

    def get(self, path):
        assert path == "/info"
        return {"Swarm": {"LocalNodeState": self.state}}

    def post(self, path, body, timeout):
        assert (path, timeout) == ("/swarm/unlock", 10)
        self.tried.append(body["UnlockKey"])
        if self.deaf:
            raise EngineError(0, "timed out", path)
        if body["UnlockKey"] != self.key:
            raise EngineError(500, "invalid key provided", path)
        self.state = "active" if self.quorum else "pending"
        if not self.quorum:
            raise EngineError(0, "timed out", path)


def run(engine, *keys):
    """Read, plan and apply, as the module does; gives what was done."""
    lock = Lock({"keys": list(keys), "timeout": 10})
    lock.engine = engine
    plan = lock.plan(lock.read())
    if plan:
        lock.apply(plan, engine.state)
    return [item["do"] for item in plan]


def test_keys_are_tried_until_one_fits():
    engine = Engine()
    assert run(engine, "wrong", " right \n", "other") == ["unlock"]
    assert (engine.tried, engine.state) == (["wrong", "right"], "active")
    assert run(engine, "wrong") == []


def test_no_quorum_is_waited_for():
    engine = Engine(quorum=False)
    assert run(engine, "right", "other") == ["unlock"]
    assert (engine.tried, engine.state) == (["right"], "pending")


@pytest.mark.parametrize("state", ["active", "inactive", "pending", "error"])
def test_a_node_that_is_not_locked_is_left_alone(state):
    engine = Engine(state=state)
    assert run(engine, "right") == []
    assert run(engine) == []
    assert engine.tried == []


def test_where_no_key_fits_the_remedy_is_told_and_no_key():
    engine = Engine()
    with pytest.raises(
        ApplyError, match=r"none of the 2 keys that were tried fits \(invalid key provided\): unlock it"
    ) as caught:
        run(engine, "SWMKEY-1-a", "SWMKEY-1-b", "")
    assert "swarm_cluster_secrets_dir" in str(caught.value)
    assert "SWMKEY" not in str(caught.value)
    assert engine.tried == ["SWMKEY-1-a", "SWMKEY-1-b"]


def test_an_engine_that_does_not_answer_and_stays_locked_is_no_success():
    with pytest.raises(ApplyError, match=r"none of the 1 keys that were tried fits \(timed out\)"):
        run(Engine(deaf=True), "right")


def test_without_a_key_the_remedy_is_told():
    with pytest.raises(PlanError, match="there is no key to try: unlock it with 'docker swarm unlock', or put its key"):
        run(Engine(), "", "  ")
