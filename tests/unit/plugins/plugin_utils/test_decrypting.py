# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import hashlib
from types import SimpleNamespace

import pytest
from ansible.errors import AnsibleActionFail

from ansible_collections.dockyard.swarm.plugins.plugin_utils._decrypting import DecryptingAction
from ansible_collections.dockyard.swarm.plugins.plugin_utils._node_key import decrypt_key
from tests.unit.plugins.plugin_utils.test_node_key import ENCRYPTED, OTHER, UNLOCK

PATH = "/srv/docker/swarm/certificates/swarm-node.key"


class Action(DecryptingAction):
    """With a host whose module, once it is applied, answers that nothing is left to do."""

    def __init__(self, keys, check_mode=False):
        self._task = SimpleNamespace(args={"unlock_keys": keys, "timeout": 7}, check_mode=check_mode, async_val=0)
        self._supports_check_mode = True
        self.sent = []
        self.locked = True

    def _execute_module(self, module_name=None, module_args=None, task_vars=None, **_more):
        if module_name:
            assert module_args == {"src": PATH}
            return {"content": base64.b64encode(ENCRYPTED.encode()).decode()}
        self.sent.append(module_args)
        plan = [{"do": "decrypt"}, {"do": "restart"}] if self.locked else []
        if module_args["node_key"] is not None:
            self.locked = False
        return {"changed": bool(plan), "plan": plan, "diff": [{"after": "x"}] if plan else [], "key": PATH}


@pytest.fixture(autouse=True)
def _alone(monkeypatch):
    """Without what the base class needs of a whole run of Ansible."""
    monkeypatch.setattr("ansible.plugins.action.ActionBase.run", lambda self, tmp=None, task_vars=None: {})


def test_the_module_gets_the_key_of_its_host_and_no_unlock_key():
    action = Action([OTHER, UNLOCK])
    done = action.run()
    assert (done["changed"], [item["do"] for item in done["plan"]]) == (True, ["decrypt", "restart"])
    assert len(done["diff"]) == 1
    opened = {
        "node_key": decrypt_key(ENCRYPTED, [UNLOCK]),
        "node_key_of": hashlib.sha256(ENCRYPTED.encode()).hexdigest(),
    }
    assert action.sent == [
        {"timeout": 7, "node_key": None},
        {"timeout": 7, **opened},
        {"timeout": 7, "node_key": None},
    ]


def test_check_mode_tells_and_sends_nothing():
    action = Action([UNLOCK], check_mode=True)
    done = action.run()
    assert (done["changed"], len(done["plan"])) == (True, 2)
    assert [args["node_key"] for args in action.sent] == [None]


@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize(
    ("keys", "why"), [([], "the controller has no unlock key"), ([OTHER], "none of 1 unlock keys opens it")]
)
def test_without_a_key_that_fits_nothing_is_done_and_the_remedy_told(keys, why, check_mode):
    action = Action(keys, check_mode)
    with pytest.raises(
        AnsibleActionFail, match=rf"{PATH} is encrypted, .*{why}\. Put the swarm's unlock key"
    ) as caught:
        action.run()
    assert "SWMKEY" not in str(caught.value)
    assert [args["node_key"] for args in action.sent] == [None]
