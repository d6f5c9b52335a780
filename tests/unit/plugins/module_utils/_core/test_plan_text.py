# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.dockyard.swarm.plugins.module_utils._core.plan import as_diff, change
from ansible_collections.dockyard.swarm.plugins.module_utils._core.plan_text import as_line, hide

MANY = ["A%d=%s" % (number, "x" * 20) for number in range(9)]


@pytest.mark.parametrize(
    ("before", "after", "text"),
    [
        ("registry:2.8", "registry:3.1", "registry:2.8 → registry:3.1"),
        (["node1"], ["node2"], "node1 → node2"),
        (None, ["node.role==manager"], "none → node.role==manager"),
        (["a", "b"], [], "a, b → none"),
        (0, 2, "0 → 2"),
        ("", "x", "none → x"),
        (False, True, "false → true"),
        ({"a": 1, "b": [1, {"c": None}]}, {"a": 2}, "a: 1, b: [1, {c: none}] → a: 2"),
        ([*MANY, "B=1"], [*MANY, "B=2"], "B=1, … → B=2, …"),
        (MANY, [*MANY, "B=2"], "… → B=2, …"),
        (dict.fromkeys(MANY, 1), dict.fromkeys(MANY[:8], 1), "%s: 1, … → …" % MANY[8]),
        ("x" * 999, "y", "%s… → y" % ("x" * 300)),
        # Secrets
        (["DB_PASSWORD=a", "B=1"], ["DB_PASSWORD=b", "B=1"], "DB_PASSWORD=(hidden), B=1 → DB_PASSWORD=(hidden, another), B=1"),
        ("http://me:pw@proxy:3128", "http://proxy:3128", "http://me:(hidden)@proxy:3128 → http://proxy:3128"),
        ({"splunk-token": "a"}, {"splunk-token": "b"}, "splunk-token: (hidden) → splunk-token: (hidden, another)"),
    ],
)  # fmt: skip
def test_what_differs_is_named_with_both_values(before, after, text):
    item = change("update", "service shop_web: option", "it differs", before, after)
    assert as_line(item) == "update service shop_web: option: " + text
    item["why"] = "differs; nobody uses it"
    assert as_line(item) == "update service shop_web: option: %s; nobody uses it" % text


def test_the_order_of_a_long_list_may_be_what_differs():
    line = as_line(change("set", "x", "differs", MANY, MANY[::-1]))
    assert "…" not in line.split(" → ")[0]
    assert line.index(MANY[0]) < line.index(MANY[8])


@pytest.mark.parametrize(
    ("why", "before", "after", "line"),
    [
        (
            "its mode or owner differs",
            "mode 0666",
            "mode 0644",
            "do x: its mode or owner differs: mode 0666 → mode 0644",
        ),
        ("its labels differ", {}, {"a": "b"}, "do x: its labels differ: none → a: b"),
        ("its content differs", "old content", "new content", "do x: its content differs"),
        ("missing", None, "present", "do x: missing"),
    ],
)
def test_other_reasons_stay_and_get_values_where_they_need_some(why, before, after, line):
    assert as_line(change("do", "x", why, before, after)) == line


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ({"password": "x", "user": "y"}, {"password": "(hidden)", "user": "y"}),
        ({"REGISTRY_HTTP_SECRET": "x"}, {"REGISTRY_HTTP_SECRET": "(hidden)"}),
        (["AWS_ACCESS_KEY=x", "--token=x"], ["AWS_ACCESS_KEY=(hidden)", "--token=(hidden)"]),
        (["POSTGRES_PASSWORD_FILE=/run/secrets/p"], None),
        ({"secrets": [{"SecretName": "shop_token_12ab", "SecretID": "id"}]}, None),
        ({"tokens": ["a", "b"], "password": ""}, {"tokens": "(hidden)", "password": ""}),
        ("rediss://:pw@host/0", "rediss://:(hidden)@host/0"),
        (5, None),
    ],
)
def test_secrets_are_hidden_by_name(value, shown):
    assert hide(value) == (value if shown is None else shown)


def test_the_diff_has_both_values_and_no_secrets():
    diff = as_diff(
        [
            change("update", "service shop_web: image", "it differs", "web:1", "web:2"),
            change("update", "service shop_web: env", "it differs", ["TOKEN=one"], ["TOKEN=two"]),
            change("create", "network apps", "missing", after={"name": "apps"}),
        ],
        "stack",
    )
    assert diff["before"] == 'service shop_web: image: web:1\nservice shop_web: env: ["TOKEN=(hidden)"]\n'
    assert diff["after"] == (
        'service shop_web: image: web:2\nservice shop_web: env: ["TOKEN=(hidden, another)"]\nnetwork apps: {"name": "apps"}\n'
    )
