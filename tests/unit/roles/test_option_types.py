# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A boolean or a number that comes as text, from INI or ``-e name=value``, counts as what it means wherever a role uses it.

So each use of such an option is converted by filter ``bool`` or ``int``, or is all of the value of a module's option, which the
module converts.
"""

from __future__ import annotations

import re

import pytest
import yaml

from tests.unit.option_example import ROOT, specs
from tests.unit.roles.test_interface import Loader

FILTERS = {"bool": "bool", "int": "int"}
OPTIONS = {name: FILTERS[spec["type"]] for name, spec in specs().items() if spec["type"] in FILTERS}
FILES = sorted(
    path.relative_to(ROOT)
    for folder in ("roles/*/tasks", "roles/*/vars", "playbooks")
    for path in ROOT.glob(f"{folder}/**/*.yml")
)
TEMPLATES = sorted(path.relative_to(ROOT) for path in ROOT.glob("roles/*/templates/*.j2"))
# In these, a text is an expression without braces.
EXPRESSIONS = ("when", "that", "until", "changed_when", "failed_when", "loop")
TEXT = re.compile(r"'[^']*'|\"[^\"]*\"")


def unconverted(text):
    """Names of options that an expression uses as they are."""
    text = TEXT.sub("''", text)
    return [
        f"{name}: without | {kind}"
        for name, kind in OPTIONS.items()
        for found in re.finditer(rf"(?<![\w.]){name}(?!\w)", text)
        if not re.match(rf"\s*\|\s*{kind}\b(?!\w)", text[found.end() :])
        # A keyword of a lookup or a filter, of which the value stands behind it.
        and not re.match(r"\s*=[^=]", text[found.end() :])
    ]


def uses(value, expression=False):
    """What is wrong with the uses in a part of a file."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from uses(item, key in EXPRESSIONS)
    elif isinstance(value, list):
        for item in value:
            yield from uses(item, expression)
    elif isinstance(value, str):
        for part in [value] if expression else re.findall(r"\{\{.*?\}\}|\{%.*?%\}", value, re.DOTALL):
            yield from unconverted(part)


def passed_on(value):
    """Whether an option is all of a value."""
    whole = re.fullmatch(r"\s*\{\{\s*(\w+)\s*\}\}\s*", value) if isinstance(value, str) else None
    return whole is not None and whole.group(1) in OPTIONS


def arguments(task):
    """The same for a file of tasks: an option of a module is directly below its name."""
    found = []
    for key, item in task.items():
        if isinstance(item, dict) and "." in key and not key.startswith("ansible.builtin.include"):
            found += [text for value in item.values() if not passed_on(value) for text in uses(value)]
        elif key in ("block", "rescue", "always", "tasks", "pre_tasks", "roles"):
            found += [text for inner in item if isinstance(inner, dict) for text in arguments(inner)]
        else:
            found += uses({key: item})
    return found


def test_there_are_options_and_files():
    assert len(OPTIONS) > 20
    assert len(FILES) > 40
    assert len(TEMPLATES) > 5


@pytest.mark.parametrize("path", FILES, ids=str)
def test_options_are_converted(path):
    content = yaml.load((ROOT / path).read_text(encoding="utf-8"), Loader) or {}
    found = [text for task in content for text in arguments(task)] if isinstance(content, list) else list(uses(content))
    assert found == []


@pytest.mark.parametrize("path", TEMPLATES, ids=str)
def test_templates_get_converted_values(path):
    assert unconverted((ROOT / path).read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("task", "wrong"),
    [
        ({"when": "swarm_engine_api"}, 1),
        ({"when": ["x", "swarm_engine_api | bool"]}, 0),
        ({"when": "swarm_engine_parallel | bool"}, 1),
        ({"vars": {"a": "{{ swarm_engine_api }}"}}, 1),
        ({"dockyard.swarm.thing": {"a": "{{ swarm_engine_api }}"}}, 0),
        ({"dockyard.swarm.thing": {"a": "{{ x if swarm_engine_api else y }}"}}, 1),
        ({"dockyard.swarm.thing": {"a": {"b": "{{ swarm_engine_api }}"}}}, 1),
        ({"ansible.builtin.debug": {"msg": "{{ swarm_engine_api_port }}"}}, 0),
        ({"ansible.builtin.fail": {"msg": "set swarm_engine_api"}}, 0),
        ({"when": "'swarm_engine_api' in x"}, 0),
        ({"block": [{"loop": "{{ a if swarm_engine_api else b }}"}]}, 1),
        ({"vars": {"a": "{{ lookup('x', swarm_engine_api=swarm_engine_api | bool) }}"}}, 0),
    ],
)
def test_what_is_not_converted_is_found(task, wrong):
    assert len(arguments(task)) == wrong
