# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The folders of module_utils stand on floors: imports lead to a lower floor or stay in their folder, and never in a circle."""

from __future__ import annotations

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[4] / "plugins" / "module_utils"
FLOORS = {
    "_recovery": 4, "_preflight": 4,
    "_facts": 3, "_engine": 3, "_probe": 3,
    "_host": 2, "_packages": 2, "_swarm": 2, "_networks": 2, "_services": 2, "_dns": 2, "_logs": 2,
    "_core": 1,
}  # fmt: skip


def imports_of(source, folder):
    """The files of module_utils that a source imports, as ``folder/file``; also those that a function imports late."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = {1: [folder], 2: []}.get(node.level, [])
            path = above + (node.module or "").split(".") if node.module else above
            names = [node.module or ""] if node.level == 0 else []
            if node.level:
                assert node.level < 3, "an import from outside of module_utils"
                found |= {"/".join((path + [alias.name])[:2]) for alias in node.names}
        else:
            continue
        assert not any("dockyard" in name for name in names), "imports inside of module_utils are relative"
    return found


def graph():
    return {
        "%s/%s" % (path.parent.name, path.stem): imports_of(path.read_text(encoding="utf-8"), path.parent.name)
        for path in ROOT.rglob("*.py")
    }


def wrong(arrows):
    """What is wrong with a graph of files, as texts."""
    texts = []
    for name, wanted in sorted(arrows.items()):
        folder = name.split("/")[0]
        for other in sorted(wanted):
            there = other.split("/")[0]
            if there == folder:
                continue
            if FLOORS[there] == FLOORS[folder]:
                texts.append("%s imports %s: sideways, on floor %d" % (name, other, FLOORS[folder]))
            elif FLOORS[there] > FLOORS[folder]:
                texts.append(
                    "%s imports %s: upwards, from floor %d to %d" % (name, other, FLOORS[folder], FLOORS[there])
                )
    try:
        TopologicalSorter(arrows).prepare()
    except CycleError as exc:
        texts.append("in a circle: %s" % " -> ".join(exc.args[1]))
    return texts


def test_every_file_lies_in_a_folder_that_has_a_floor():
    arrows = graph()
    assert len(arrows) > 70
    assert {name.split("/")[0] for name in arrows} == set(FLOORS)
    assert {other for wanted in arrows.values() for other in wanted} <= set(arrows)


def test_imports_lead_downwards():
    assert wrong(graph()) == []


@pytest.mark.parametrize(
    ("importer", "imported", "text"),
    [
        ("_core/plan", "_swarm/quorum", "upwards"),
        ("_networks/overlay", "_swarm/drain", "sideways"),
        ("_core/plan", "_core/config_files", "in a circle"),
        ("_swarm/quorum", "_swarm/cluster_state", "in a circle"),
    ],
)
def test_an_arrow_that_leads_elsewhere_is_found(importer, imported, text):
    arrows = graph()
    arrows[importer] = arrows[importer] | {imported}
    assert any(text in line for line in wrong(arrows))


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("from .quorum import Quorum", "_swarm/quorum"),
        ("from . import quorum", "_swarm/quorum"),
        ("from .._core.plan import change", "_core/plan"),
        ("from .._core import plan", "_core/plan"),
        ("def f():\n    from .._core import plan", "_core/plan"),
    ],
)
def test_every_form_of_an_import_is_read(line, found):
    assert imports_of(line, "_swarm") == {found}
