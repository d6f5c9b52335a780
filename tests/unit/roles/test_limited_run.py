# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A limited run, as Ansible itself runs the tasks that plan it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from tests.unit.host_example import facts

ROOT = Path(__file__).resolve().parents[3]


def test_a_manager_that_cannot_be_reached_does_not_end_it(tmp_path):
    nobody = {"ansible_host": "127.0.0.1", "ansible_port": 1}
    member = {"ansible_connection": "local", "swarm_cluster_node": facts(2)}
    inventory = {"swarm_managers": {"hosts": {"m1": nobody}}, "swarm_workers": {"hosts": {"w1": member}}}
    play = {
        "hosts": "w1",
        "gather_facts": False,
        "vars": {
            "swarm_cluster_manager_group": "swarm_managers",
            "swarm_cluster_worker_group": "swarm_workers",
            "__swarm_cluster_wanted": {"forms_swarm": False},
        },
        "tasks": [
            {"ansible.builtin.import_tasks": str(ROOT / "roles" / "swarm_cluster" / "tasks" / "plan.yml")},
            {"ansible.builtin.debug": {"msg": "planned w1 at {{ swarm_cluster_plan.addresses.w1 }}"}},
        ],
    }
    (tmp_path / "hosts.json").write_text(json.dumps(inventory))
    (tmp_path / "play.json").write_text(json.dumps([play]))
    done = subprocess.run(
        ["ansible-playbook", "-i", str(tmp_path / "hosts.json"), str(tmp_path / "play.json")],
        cwd=ROOT, text=True, capture_output=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "planned w1 at 192.0.2.12" in done.stdout
