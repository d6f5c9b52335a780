# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Variables of roles select, join and default. What is more lies elsewhere.

Configuration files, units and scripts are templates; what loops is Python; plans are made where a role's tasks decide on them.
"""

from __future__ import annotations

import re

import pytest
import yaml

from tests.unit.roles.test_interface import ROOT, Loader

FILES = sorted(path.relative_to(ROOT) for path in ROOT.glob("roles/*/vars/**/*.yml"))
EXPRESSION = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
LOOP = re.compile(r"\{%-?\s*for\b")
PLAN = re.compile(r"\|\s*dockyard\.swarm\.\w*_plan\b")
LINES = 2  # of text beside expressions


def texts(value):
    """All texts inside of a value."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from texts(key)
            yield from texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from texts(item)
    elif isinstance(value, str):
        yield value


def problems(text):
    """What a variable's text has that it should not have."""
    found = []
    if len([line for line in EXPRESSION.sub("", text).splitlines() if line.strip()]) > LINES:
        found.append("a file's text: make it a template, and render it with lookup dockyard.swarm.rendered")
    if LOOP.search(text):
        found.append("a loop: make it a filter")
    if PLAN.search(text):
        found.append("a call of a plan: it belongs to the task that decides on it")
    return found


def test_there_are_files():
    assert len(FILES) >= 9


@pytest.mark.parametrize("path", FILES, ids=str)
def test_variables_do_not_compute(path):
    variables = yaml.load((ROOT / path).read_text(encoding="utf-8"), Loader) or {}
    wrong = [
        f"{name}: {problem}" for name, value in variables.items() for text in texts(value) for problem in problems(text)
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("[Unit]\nDescription={{ x }}\n[Service]\nType=notify\n", "template"),
        ("# Kernel modules\n{% for name in modules %}\n{{ name }}\n{% endfor %}\n", "loop"),
        ("{%- for host in hosts -%}{{ host }}{%- endfor -%}", "loop"),
        ("{{ node | dockyard.swarm.stack_plan(stack) if acts else [] }}", "plan"),
        ("{{ node\n   |dockyard.swarm.dns_plan(settings)\n   | first }}", "plan"),
    ],
)
def test_what_computes_is_found(text, word):
    assert [word in problem for problem in problems(text)] == [True]


@pytest.mark.parametrize(
    "text",
    [
        "/etc/dockyard/logging",
        "{{ hosts | dockyard.swarm.dns_names(addresses, hostvars) }}",
        "{{ (swarm_cluster_plan | default({})).addresses[host]\n   | default(hostvars[host].ansible_host\n   | default(host)) }}",
        "{{ lookup('dockyard.swarm.rendered', 'swarm_logging/resume.sh',\n   spool=spool,\n   etc=etc) }}",
    ],
)
def test_what_selects_joins_and_defaults_is_right(text):
    assert problems(text) == []
