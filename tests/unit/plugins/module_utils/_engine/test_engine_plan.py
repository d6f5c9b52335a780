# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.dockyard.swarm.plugins.module_utils._engine import engine_plan
from ansible_collections.dockyard.swarm.plugins.module_utils._engine import install as _engine_install
from tests.unit.data_example import state, target, tree

UNIT = {"active": "active", "enabled": "enabled", "masked": False, "needs_daemon_reload": False, "argv": ["dockerd"]}


def test_the_role_plans_the_move_and_leaves_data_root_to_it():
    facts = {
        "packages": {"docker.io": "26"}, "files": {}, "engine": {"running": True, "version": "26", "images": {}},
        "units": {"docker.service": UNIT}, "swarm": {"state": "active"}, "os": {"family": "Debian"},
        "daemon": {"exists": False, "options": {}, "error": None, "interrupted": False},
        "data": state(targets={"docker": target("/srv/docker")}),
    }  # fmt: skip
    install = _engine_install.wanted(["docker.io"], hold=False)
    plan = engine_plan.engine_plan(facts, install, {"data-root": "/srv/docker"})
    assert [item["do"] for item in plan["all"]] == ["move"]
    # A swarm's node has to be out of service meanwhile; nothing else stops its Engine.
    assert (plan["needs_downtime"], plan["stops"]) == (True, False)
    facts["data"] = dict(
        facts["data"], docker=tree("/srv/docker"), targets={"docker": target("/srv/docker", same=True)}
    )
    found = engine_plan.engine_plan(facts, install, {"data-root": "/srv/docker"})
    assert [item["do"] for item in found["all"]] == ["add", "restart"]
    assert (found["needs_downtime"], found["stops"]) == (True, True)
