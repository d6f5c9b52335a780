# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Links inside of the project lead to something, and guides name playbooks that there are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PAGES = sorted(
    [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("roles/*/README.md"), ROOT / "lab" / "README.md"]
    + [ROOT / "benchmarks" / "README.md"]
)
GUIDES = sorted(ROOT.glob("docs/docsite/rst/*.rst"))


def anchors(path):
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def named(page):
    return str(page.relative_to(ROOT))


def test_there_are_pages():
    assert len(PAGES) > 14
    assert len(GUIDES) > 5


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_links_lead_to_a_file_and_a_heading(page):
    for link in re.findall(r"\]\(([^)]+)\)", page.read_text(encoding="utf-8")):
        if "://" in link:
            continue
        path, _sep, anchor = link.partition("#")
        target = (page.parent / path) if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@pytest.mark.parametrize("page", [*PAGES, *GUIDES], ids=named)
def test_playbooks_that_are_named_exist(page):
    text = page.read_text(encoding="utf-8")
    names = re.findall(r"playbooks/(\w+)\.yml", text) + re.findall(r"ansible-playbook .*?dockyard\.swarm\.(\w+)", text)
    known = {path.stem for folder in ("playbooks", "benchmarks/playbooks") for path in ROOT.glob(f"{folder}/*.yml")}
    assert set(names) <= known
