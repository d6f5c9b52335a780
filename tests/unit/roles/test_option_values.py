# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever an inventory gives for an option: all plans are made, or a message says what is wanted. No error of Python or Jinja."""

from __future__ import annotations

import json
import re

import pytest
from ansible.errors import AnsibleError
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ansible_collections.dockyard.swarm.plugins.module_utils._core.options import problems_of
from ansible_collections.dockyard.swarm.plugins.plugin_utils._option_rules import RULES
from tests.unit.option_example import HOSTS, ROLES, Play, specs

# What Python and Jinja say of themselves.
RAW = re.compile(
    r"object has no attribute|has no element|is undefined|unsupported operand|not supported between|Traceback|"
    r"(Type|Key|Value|Attribute|Index|Unicode\w*|Overflow|Recursion)Error|expected str|must be str|takes no|not iterable|"
    r"unhashable|codec can't|invalid literal|argument of type|NoneType|_AnsibleTagged"
)
NAMES = sorted(specs())
# A role's plan needs the contributions of all; those of roles that are not named here do not depend on other roles' options.
ALSO = {
    "swarm_cluster": ROLES, "swarm_backup": (), "swarm_host": ("swarm_host",), "swarm_engine": ("swarm_engine",),
    "swarm_node": ("swarm_host", "swarm_node"), "swarm_networks": ("swarm_networks",),
    "swarm_dns": ("swarm_host", "swarm_engine", "swarm_dns"), "swarm_registry": ("swarm_registry", "swarm_dns"),
    "swarm_logging": ("swarm_engine", "swarm_logging", "swarm_dns"),
}  # fmt: skip


@pytest.fixture(scope="module")
def secrets(tmp_path_factory):
    return tmp_path_factory.mktemp("secrets")


def role_of(name):
    return next(role for role in sorted(ALSO, key=len, reverse=True) if name.startswith(f"{role}_"))


def outcome(name, value, secrets):
    """What comes of a value: the messages that stop the run before anything is changed, else all plans that it is part of."""
    problems = [" ".join(item) for item in problems_of(name, value, specs()[name], RULES, HOSTS)]
    if problems:
        return problems, None
    play = Play({name: value}, secrets)
    problems = play.problems()
    if problems:
        return problems, None
    cluster = play.read()
    if cluster["problems"]:
        return cluster["problems"], None
    try:
        return [], [cluster, play.plans(ALSO[role_of(name)])]
    except AnsibleError as error:
        # One that a filter says of its own accord. It comes later than it could.
        return [str(error)], None


def is_clear(name, text):
    words = [name, name.split("_", 2)[2], "swarm_engine_daemon_options"]
    return any(word in text for word in words) and not RAW.search(text)


def check(name, value, secrets):
    problems, _plans = outcome(name, value, secrets)
    assert [text for text in problems if not is_clear(name, text)] == []


STRANGE = [
    None, True, False, 0, 1, -1, 7, 10**30, -(10**30), 0.5, float("inf"), "", " ", "false", "No", "x", "7", "-7", "07", "1e3",
    "a b", "a\nb", "a\r", "\0", "\x1b[0m", "☃ Zürich", "\udc80", "'", '"', "{{ x }}", "$(id)", "../..", "~", "/", "x" * 100_000,
    [], [None], [[]], [{}], ["x"], ["x", "x"], [7], [True], ["a\nb"], {}, {"x": None}, {"x": "y"}, {"x": 7}, {"x": True},
    {"x": []}, {"x": {}}, {"": "x"}, {7: "x"}, {"name": "x"}, [{"name": "x"}], [{"name": None}], [{"x": "y"}],
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_strange_values(name, secrets):
    for value in STRANGE:
        check(name, value, secrets)
