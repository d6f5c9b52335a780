# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.dockyard.swarm.plugins.filter import stack_plan
from ansible_collections.dockyard.swarm.plugins.module_utils._services import stack

STACK = {"name": "shop", "services": {"web": {"image": "nginx:1"}}}


def test_the_modules_plan_without_what_only_it_needs():
    (change,) = stack_plan.stack_plan({"state": "inactive"}, STACK)
    assert set(change) == {"do", "to", "why", "before", "after"}


def test_nothing_to_do_until_a_task_is_missing():
    swarm = {"services": stack.desired(STACK)["services"]}
    assert stack_plan.stack_plan(swarm, STACK) == []
    swarm["tasks"] = {"shop_web": {"running": 0, "desired": 1}}
    assert [item["do"] for item in stack_plan.stack_plan(swarm, STACK)] == ["wait for"]


def test_bad_options_name_the_stack():
    with pytest.raises(AnsibleFilterError, match=r"stack shop: services.web.image is missing"):
        stack_plan.FilterModule().filters()["stack_plan"]({}, {"name": "shop", "services": {"web": {}}})
