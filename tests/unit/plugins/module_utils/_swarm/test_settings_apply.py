# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import copy

import pytest

from ansible_collections.dockyard.swarm.plugins.module_utils._core import engine_api
from ansible_collections.dockyard.swarm.plugins.module_utils._core.engine_api import EngineError
from ansible_collections.dockyard.swarm.plugins.module_utils._core.plan import ApplyError, PlanError
from ansible_collections.dockyard.swarm.plugins.module_utils._swarm.settings_apply import Settings


class Engine(engine_api.Engine):
    """A swarm that somebody else changes, too, ``others`` times between a read and the write after it."""

    def __init__(self, others=0, stuck=False):
        super().__init__()
        self.others, self.stuck, self.version = others, stuck, 1
        self.spec = {"Name": "default", "EncryptionConfig": {"AutoLockManagers": False}, "Labels": {}}
        self.rotating = False

    def get(self, path, timeout=None):
        if path == "/nodes":
            tls = {"TLSInfo": {"CertIssuerPublicKey": "old"}}
            return [{"ID": "1", "Description": dict(tls, Hostname="node1"), "Status": {"State": "down"}}]
        answer = {
            "ID": "swarm", "Version": {"Index": self.version}, "Spec": copy.deepcopy(self.spec),
            "RootRotationInProgress": self.rotating, "TLSInfo": {"CertIssuerPublicKey": "new"},
        }  # fmt: skip
        if self.others:
            self.others -= 1
            self.version += 1
            self.spec["Labels"] = {"other": str(self.version)}
        return answer

    def post(self, path, body=None, headers=None, timeout=None):
        if "version=%d" % self.version not in path:
            raise EngineError(500, "rpc error: update out of sequence", path)
        force = (body.get("CAConfig") or {}).get("ForceRotate")
        self.rotating = self.stuck and force != (self.spec.get("CAConfig") or {}).get("ForceRotate")
        self.spec, self.version = body, self.version + 1


def run(engine, rotate=(), timeout=0, **wanted):
    """Read, plan and apply, as the module does; gives what was done, and what a second run would do."""
    settings = Settings({"settings": wanted, "labels": {}, "rotate": list(rotate), "timeout": timeout})
    settings.engine = engine
    state = settings.read()
    plan = settings.plan(state)
    if plan:
        settings.apply(plan, state)
    return [item["do"] for item in plan], [item["do"] for item in settings.plan(settings.read())]


def test_what_somebody_else_wrote_meanwhile_stays():
    engine = Engine(others=2)
    assert run(engine, autolock=True) == (["set"], [])
    assert engine.spec["EncryptionConfig"] == {"AutoLockManagers": True}
    assert engine.spec["Labels"] == {"other": "3"}


def test_somebody_who_writes_all_the_time_is_not_fought_for_ever():
    with pytest.raises(ApplyError, match="did not take the change: rpc error: update out of sequence"):
        run(Engine(others=9), autolock=True)


def test_a_rotation_is_a_change_each_time():
    assert run(Engine(), rotate=["worker_token", "ca"]) == (["rotate", "rotate"], ["rotate", "rotate"])


def test_a_node_that_holds_up_the_new_authority_is_named():
    engine = Engine(stuck=True)
    words = r"^done: join token of workers; but the new .* after 0 s\. .*: node1 \(down\)\. The rotation continues"
    with pytest.raises(ApplyError, match=words):
        run(engine, rotate=["worker_token", "ca"])
    # The next run waits for the same rotation.
    with pytest.raises(ApplyError, match=r"^the new certificate authority is not everywhere"):
        run(engine, rotate=["ca"])
    assert engine.spec["CAConfig"] == {"ForceRotate": 1}
    engine.rotating = False
    assert run(engine) == ([], [])


def test_a_node_that_is_no_manager_is_told():
    class Worker:
        def get(self, path):
            raise EngineError(503, "This node is not a swarm manager", path)

    with pytest.raises(PlanError, match="this host cannot answer for the swarm: This node is not a swarm manager"):
        run(Worker(), autolock=True)
