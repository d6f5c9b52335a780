# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever an inventory gives for an option: plans are made, or a message says what is wanted; no error of Python or Jinja."""

from __future__ import annotations

import json
import os
import re

import pytest
from ansible.errors import AnsibleError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jinja2 import Environment

from ansible_collections.dockyard.swarm.plugins.filter.htpasswd import htpasswd
from ansible_collections.dockyard.swarm.plugins.module_utils._core.options import problems_of
from ansible_collections.dockyard.swarm.plugins.plugin_utils._option_rules import RULES
from tests.unit.option_example import HOSTS, ROLES, Play, compiled_once, specs

# What Python and Jinja say of themselves.
RAW = re.compile(
    r"object has no attribute|has no element|is undefined|unsupported operand|not supported between|Traceback|"
    r"(Type|Key|Value|Attribute|Index|Unicode\w*|Overflow|Recursion)Error|expected str|must be str|takes no|not iterable|"
    r"unhashable|codec can't|invalid literal|argument of type|NoneType|_AnsibleTagged"
)
NAMES = sorted(specs())
# What plans call the items of an option.
CALLED = {
    "swarm_networks_overlays": ("network ",), "swarm_networks_macvlans": ("macvlan ",), "swarm_engine_daemon_remove": ("daemon",),
    "swarm_registry_users": ("user ",),
}  # fmt: skip
# A role's plan needs the contributions of all; those of roles that are not named here do not depend on other roles' options.
ALSO = {
    "swarm_cluster": ROLES, "swarm_backup": (), "swarm_host": ("swarm_host",), "swarm_engine": ("swarm_engine",),
    "swarm_node": ("swarm_host", "swarm_node"), "swarm_networks": ("swarm_networks",),
    "swarm_dns": ("swarm_host", "swarm_engine", "swarm_dns"), "swarm_registry": ("swarm_registry", "swarm_dns"),
    "swarm_logging": ("swarm_engine", "swarm_logging", "swarm_dns"),
}  # fmt: skip


SOAK = bool(os.environ.get("DOCKYARD_SOAK"))


@pytest.fixture(scope="module")
def secrets(tmp_path_factory):
    """A folder with what is made once, so that plans are the same each time."""
    folder = tmp_path_factory.mktemp("secrets")
    (folder / "registry").mkdir()
    for name in ("swarm.password", "http.secret"):
        (folder / "registry" / name).write_text("once\n")
    (folder / "registry" / "htpasswd").write_text(htpasswd({"swarm": "once"}))
    return folder


@pytest.fixture(scope="module", autouse=True)
def _compiled_once():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Environment, "compile", compiled_once)
        yield


def role_of(name):
    return next(role for role in sorted(ALSO, key=len, reverse=True) if name.startswith(f"{role}_"))


def refused(name, value):
    return [" ".join(item) for item in problems_of(name, value, specs()[name], RULES, HOSTS)]


def outcome(name, value, secrets):
    """What comes of a value: the messages that stop the run, else all plans that it is part of."""
    play = Play({name: value}, secrets)
    problems = play.problems()
    if problems:
        return problems, None
    cluster = play.read()
    if cluster["problems"]:
        return cluster["problems"], None
    try:
        return [], (cluster, play.plans(ALSO[role_of(name)]))
    except AnsibleError as error:
        # That a filter says of its own accord.
        return [str(error)], None


def is_clear(name, text):
    words = [name, name.split("_", 2)[2], *CALLED.get(name, ())]
    return any(word in text for word in words) and not RAW.search(text)


def unclear(name, value, secrets):
    """Messages about a value that do not say what it is about, or are those of Python or Jinja."""
    problems = refused(name, value) or outcome(name, value, secrets)[0]
    return [text for text in problems if not is_clear(name, text)]


STRANGE = [
    None, True, False, 0, 1, -1, 7, 10**30, -(10**30), 0.5, float("inf"), "", " ", "false", "No", "x", "7", "-7", "07", "1e3",
    "a b", "a\nb", "a\r", "\0", "\x1b[0m", "☃ Zürich", "\udc80", "'", '"', "{{ x }}", "$(id)", "../..", "~", "/", "x" * 100_000,
    [], [None], [[]], [{}], ["x"], ["x", "x"], [7], [True], ["a\nb"], {}, {"x": None}, {"x": "y"}, {"x": 7}, {"x": True},
    {"x": []}, {"x": {}}, {"": "x"}, {7: "x"}, {"name": "x"}, [{"name": "x"}], [{"name": None}], [{"x": "y"}],
]  # fmt: skip


def test_every_option_is_known_to_a_role():
    assert len(NAMES) > 60
    assert {role_of(name) for name in NAMES} == set(ALSO)


def places(name, spec):
    """The names that rules may have for an option: its own, those of its suboptions, and those of a dictionary's values."""
    yield name
    for key, inner in (spec.get("options") or {}).items():
        yield from places(f"{name}.{key}", inner)
    values = RULES[name].values if name in RULES else None
    if values:
        yield from places(f"{name}.*", values)


def test_every_rule_is_for_an_option_that_there_is():
    known = {place for name in NAMES for place in places(name, specs()[name])}
    assert sorted(set(RULES) - known) == []


@pytest.mark.parametrize("name", NAMES)
def test_strange_values_are_refused_clearly(name):
    texts = [text for value in STRANGE for text in refused(name, value)]
    assert texts
    assert [text for text in texts if not is_clear(name, text) or len(text) > 500] == []


@pytest.mark.parametrize("name", NAMES)
def test_strange_values_that_are_accepted_are_planned(name, secrets):
    accepted = [value for value in STRANGE if not refused(name, value)]
    some = accepted if SOAK else accepted[:: len(accepted) // 3 + 1]
    assert [text for value in some for text in unclear(name, value, secrets)] == []


def values(spec):
    """Values that are nearly what a spec asks for: right, wrong or missing in any part."""
    kind = spec.get("type", "str")
    if kind == "list":
        inner = values(dict(spec, type=spec.get("elements", "str"), required=False))
        return st.lists(inner, max_size=3)
    if kind == "dict" and spec.get("options"):
        needed = {key: values(item) for key, item in spec["options"].items() if item.get("required")}
        others = {key: values(item) for key, item in spec["options"].items() if not item.get("required")}
        return st.fixed_dictionaries(needed, optional=others)
    if kind == "dict":
        keys = st.sampled_from(
            ["x", "live-restore", "data-root", "hosts", "dns", "log-opts", "net.ipv4.ip_forward", "node2"]
        )
        return st.dictionaries(
            keys | TEXTS,
            SCALARS | st.lists(SCALARS, max_size=2) | st.dictionaries(TEXTS, SCALARS, max_size=2),
            max_size=3,
        )
    if kind == "bool":
        return st.booleans() | st.sampled_from(["true", "No", "0", "x"])
    if kind == "int":
        return st.integers(-2, 70_000) | st.integers().map(str) | SCALARS
    return st.sampled_from(spec.get("choices") or LIKELY) | TEXTS | SCALARS


LIKELY = (
    "192.0.2.7", "10.20.0.0/24", "10.20.0.1", "10.20.0.0/25", "fd00::/64", "fd00::1", "web", "web.example.org", "_http._tcp", "A",
    "SRV", "TXT", "CNAME", "PTR", "8000-8009", "443", "eth0", "/data", "docker.io", "node2", "overlay", "Europe/Berlin",
)  # fmt: skip
TEXTS = st.text(st.characters(), max_size=8)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | TEXTS


@settings(max_examples=3000 if SOAK else 120, suppress_health_check=list(HealthCheck), derandomize=not SOAK)
@given(st.data())
def test_whatever_an_option_is(secrets, data):
    name = data.draw(st.sampled_from(NAMES))
    value = data.draw(values(specs()[name]))
    assert unclear(name, value, secrets) == []


def comparable(value):
    return json.dumps(value, sort_keys=True, default=str)


@pytest.mark.parametrize("name", [name for name in NAMES if specs()[name]["type"] == "bool"])
def test_a_boolean_as_text_is_planned_like_the_boolean(name, secrets):
    plans = {value: outcome(name, value, secrets) for value in (True, False, "False", "yes")}
    assert [comparable(plans[True]), comparable(plans[False])] == [comparable(plans["yes"]), comparable(plans["False"])]


@pytest.mark.parametrize("name", [name for name in NAMES if specs()[name]["type"] == "int"])
def test_a_number_as_text_is_planned_like_the_number(name, secrets):
    number = min(RULES[name].most, 5000) if name in RULES else 5000
    first, second = outcome(name, number, secrets), outcome(name, str(number), secrets)
    assert first[0] == []
    assert comparable(first) == comparable(second)


NESTED = {
    "swarm_dns_records": [{"name": "_web._tcp", "type": "SRV", "value": "web", "port": 80, "priority": 1, "weight": 0}],
    "swarm_host_firewall_ports": [{"port": 8080, "protocol": "tcp"}],
    "swarm_networks_overlays": [
        {"name": "x", "subnet": "10.7.0.0/24", "mtu": 1400, "encrypted": False, "attachable": True, "visible": True}
    ],
    "swarm_networks_macvlans": [
        {
            "name": "x",
            "parent": "eth0",
            "attachable": True,
            "subnets": [{"subnet": "10.9.0.0/24", "ip_range": "10.9.0.128/25", "part": 27}],
        }
    ],
    "swarm_node_settings": {"autolock": False, "task_history_limit": 3},
    "swarm_engine_environment": {"X": 7},
    "swarm_host_sysctls": {"net.ipv4.ip_forward": 1},
    "swarm_node_labels": {"x": 7},
}


def as_text(value):
    if isinstance(value, dict):
        return {key: as_text(item) for key, item in value.items()}
    if isinstance(value, list):
        return [as_text(item) for item in value]
    return str(value)


@pytest.mark.parametrize("name", sorted(NESTED))
def test_what_a_template_made_text_inside_of_a_value_is_planned_like_the_value(name, secrets):
    first, second = outcome(name, NESTED[name], secrets), outcome(name, as_text(NESTED[name]), secrets)
    assert first[0] == []
    assert comparable(first) == comparable(second)
