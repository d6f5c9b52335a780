# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

from ansible_collections.dockyard.swarm.plugins.module_utils._engine import data_steps


def test_who_writes_to_a_tree_is_told(tmp_path):
    import subprocess

    tail = subprocess.Popen(["tail", "-f", __file__], stdout=open(tmp_path / "out", "w", encoding="ascii"))  # noqa: SIM115
    try:
        (found,) = data_steps.writers(str(tmp_path))
        assert found.startswith("tail (process %d: %s/out)" % (tail.pid, tmp_path))
    finally:
        tail.kill()
        tail.wait()


def test_what_lasts_in_a_stopped_engine(tmp_path):
    def container(name, config, host=None):
        folder = tmp_path / "containers" / name
        folder.mkdir(parents=True)
        (folder / "config.v2.json").write_text(json.dumps(config))
        (folder / "hostconfig.json").write_text(json.dumps(host or {}))

    container("plain", {"Config": {"Labels": None}})
    container("task", {"Config": {"Labels": {"com.docker.swarm.task.id": "x"}}})
    container("removed", {"Config": {}}, {"AutoRemove": True})
    for name in ("data", "f" * 64):
        (tmp_path / "volumes" / name / "_data").mkdir(parents=True)
    assert data_steps.lasting(str(tmp_path)) == {"containers": ["plain"], "volumes": ["data"]}
