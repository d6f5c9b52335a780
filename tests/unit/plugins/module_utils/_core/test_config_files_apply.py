# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os

import pytest

from ansible_collections.dockyard.swarm.plugins.module_utils._core.config_files_apply import ConfigFiles
from ansible_collections.dockyard.swarm.plugins.module_utils._core.plan import ApplyError

EMPTY = {"files": [], "secret_files": [], "folders": [], "units": []}


def wanted(path, content="new\n", **options):
    item = {"path": str(path), "content": content, "mode": "0644", "unit": None, "present": True, "validate": None}
    return dict(item, **options)


def run(**params):
    """Read, plan and apply, as the module does; gives what was done, and what a second run would do."""
    module = ConfigFiles(dict(EMPTY, **params))
    state = module.read()
    plan = module.plan(state)
    module.apply(plan, state)
    return [item["do"] for item in plan], module.plan(module.read())


def test_files_and_folders_come_and_stay(tmp_path):
    folder = {"path": str(tmp_path / "spool"), "mode": "0700", "gid": 0}
    params = {
        "files": [wanted(tmp_path / "etc" / "x.conf")],
        "secret_files": [wanted(tmp_path / "etc" / "x.key", "hunter2", mode="0600")],
        "folders": [folder],
    }
    assert run(**params) == (["make", "write", "write"], [])
    assert (tmp_path / "etc" / "x.conf").read_text() == "new\n"
    assert os.stat(tmp_path / "etc" / "x.key").st_mode & 0o777 == 0o600
    assert os.stat(tmp_path / "spool").st_mode & 0o777 == 0o700
    assert run(**params) == ([], [])


def test_mode_and_link_are_put_right_and_what_the_link_led_to_is_left_alone(tmp_path):
    other, path = tmp_path / "other", tmp_path / "x.conf"
    other.write_text("somebody else's\n")
    path.symlink_to(other)
    assert run(files=[wanted(path)]) == (["write"], [])
    assert (path.is_symlink(), path.read_text(), other.read_text()) == (False, "new\n", "somebody else's\n")
    path.chmod(0o666)
    assert run(files=[wanted(path)]) == (["write"], [])


def test_a_text_that_its_reader_refuses_is_not_put_in_place(tmp_path):
    path = tmp_path / "x.sh"
    path.write_text("echo fine\n")
    with pytest.raises(ApplyError, match=f"{path} was not changed: sh refuses its new text: .*{path}"):
        run(files=[wanted(path, "if\n", validate="sh -n %s")])
    assert os.listdir(tmp_path) == ["x.sh"]
    assert path.read_text() == "echo fine\n"
    with pytest.raises(ApplyError, match=r"cannot be checked: .*nonesuch"):
        run(files=[wanted(path, validate="nonesuch %s")])
    assert run(files=[wanted(path, validate="sh -n %s")]) == (["write"], [])


def test_what_is_not_wanted_goes(tmp_path):
    path = tmp_path / "x.conf"
    path.write_text("old\n")
    assert run(files=[wanted(path, present=False)]) == (["remove"], [])
    assert not path.exists()


def test_a_diff_shows_what_becomes_of_files_and_nothing_of_secrets(tmp_path):
    path = tmp_path / "x.conf"
    path.write_text("old\n")
    module = ConfigFiles(
        dict(EMPTY, files=[wanted(path)], secret_files=[wanted(tmp_path / "x.key", "hunter2", mode="0600")])
    )
    plan = module.plan(module.read())
    assert module.shown(plan) == [
        {"before_header": str(path), "after_header": str(path), "before": "old\n", "after": "new\n"}
    ]
    assert "hunter2" not in str(plan)
