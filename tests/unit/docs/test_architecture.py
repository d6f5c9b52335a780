# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""docs/architecture.md shows the folders and floors that there are."""

from __future__ import annotations

import re
from pathlib import Path

from tests.unit.plugins.module_utils.test_layers import FLOORS

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")


def test_each_folder_has_one_line_with_its_floor():
    lines = re.findall(r"^\| (\d) \| `(_\w+)` \| \S.* \|$", PAGE, re.MULTILINE)
    assert len(lines) == len(FLOORS)
    assert {folder: int(floor) for floor, folder in lines} == FLOORS
    assert [int(floor) for floor, _name in lines] == sorted(FLOORS.values(), reverse=True)


def test_the_picture_shows_the_same_floors():
    picture = PAGE.split("```")[1]
    lines = re.findall(r"^│ +(\d)((?: +_\w+)+) *│$", picture, re.MULTILINE)
    assert {folder: int(floor) for floor, folders in lines for folder in folders.split()} == FLOORS
    assert len({len(line) for line in picture.splitlines()[2:]}) == 1, "the picture's lines differ in length"


def test_files_that_are_named_exist():
    roots = (ROOT, ROOT / "plugins" / "module_utils")
    names = set(re.findall(r"`((?:plugins|roles|playbooks|tests|lab|molecule|docs|_\w+)/[\w./-]+)`", PAGE))
    assert len(names) > 40
    assert sorted(name for name in names if not any((root / name).exists() for root in roots)) == []


def test_task_files_that_are_named_exist():
    known = {path.name for path in ROOT.glob("roles/*/*/**/*.yml")} | {
        path.name for path in ROOT.glob("playbooks/*.yml")
    }
    walks = PAGE[PAGE.index("### A daemon option") : PAGE.index("## Names")]
    names = set(re.findall(r"`(\w+\.yml)`", walks))
    assert len(names) > 8
    assert sorted(names - known) == []
