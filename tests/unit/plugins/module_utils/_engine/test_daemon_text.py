# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.dockyard.swarm.plugins.module_utils._engine.daemon_text import parse

PLAIN = b'{"debug": true}'


@pytest.mark.parametrize(
    ("data", "options"),
    [
        (PLAIN, {"debug": True}),
        (b'{\r\n "debug": true\r\n}\r\n', {"debug": True}),
        (b'{"debug": false, "debug": true}', {"debug": True}),
        (b'{"dns": ["192.0.2.1"], "dns": ["192.0.2.2"]}', {"dns": ["192.0.2.2"]}),
        # Go's reader adds to a map that is there already.
        (
            b'{"log-opts": {"a": "1", "c": "1"}, "log-opts": {"b": "2", "c": "2"}}',
            {"log-opts": {"a": "1", "b": "2", "c": "2"}},
        ),
        (
            b'{"runtimes": {"a": {"path": "x", "args": []}}, "runtimes": {"a": {"path": "y"}}}',
            {"runtimes": {"a": {"path": "y"}}},
        ),
        (
            b'{"builder": {"gc": {"enabled": true}}, "builder": {"gc": {"defaultKeepStorage": "1GB"}}}',
            {"builder": {"gc": {"enabled": True, "defaultKeepStorage": "1GB"}}},
        ),
        (b"null", {}),
        (b'{"mtu": null}', {"mtu": None}),
        (PLAIN + b"\xc2\xa0\n", {"debug": True}),
    ],
)
def test_what_every_engine_accepts(data, options):
    assert parse(data) == {"options": options, "error": None, "since": None, "until": None}


@pytest.mark.parametrize(
    ("data", "options"),
    [
        (b"\xef\xbb\xbf" + PLAIN, {"debug": True}),
        (b"\xff\xfe" + PLAIN.decode().encode("utf-16-le"), {"debug": True}),
        (b"\xfe\xff" + PLAIN.decode().encode("utf-16-be"), {"debug": True}),
        (b"\xc2\xa0" + PLAIN, {"debug": True}),
        (b"", {}),
        (b" \n", {}),
    ],
)
def test_what_newer_engines_accept(data, options):
    found = parse(data)
    assert (found["options"], found["error"], found["until"]) == (options, None, None)
    assert found["since"]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (PLAIN + b' {"x": 1}', "line 1, column 17: something after"),
        (PLAIN + b"\0", "line 1, column 16: something after"),
        (b'{"labels":\n ["a=\xe9"]}', "line 2, column 6: bytes that are not UTF-8"),
    ],
)
def test_what_older_engines_accept(data, words):
    found = parse(data)
    assert found["error"] is None
    assert found["options"]
    assert found["until"].startswith(words)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b'{\n  "debug": true,\n}', "line 2, column 16: a comma before }"),
        (b'{"dns": ["192.0.2.1",]}', "line 1, column 21: a comma before ]"),
        (b'{\n  // x\n  "debug": true}', "line 2, column 3: a comment"),
        (b'{"debug": true /* x */}', "line 1, column 16: a comment"),
        (b'# x\n{"debug": true}', "line 1, column 1: a comment"),
        (b'{"debug": true', "line 1, column 15: the text ends too early"),
        (b'{"debug" true}', "line 1, column 10: expecting ':'"),
        (b'{"labels": ["a\tb"]}', "line 1, column 15: invalid control character"),
        (b'{"mtu": NaN}', "NaN is no number"),
        (b"[]", "line 1: it is no object"),
        (b"\xef\xbb\xbf\xef\xbb\xbf{}", "line 1, column 1"),
    ],
)
def test_what_no_engine_accepts(data, words):
    found = parse(data)
    assert found["options"] == {}
    assert found["error"].startswith(words)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(blacklist_categories=("Cs",))),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text("abc-", max_size=4), values, max_size=4))
def test_what_json_writes_is_read(options):
    assert parse(json.dumps(options).encode()) == {"options": options, "error": None, "since": None, "until": None}
    assert parse(json.dumps(options, ensure_ascii=False).encode())["options"] == options


@given(st.binary(max_size=40))
def test_nothing_is_too_strange(data):
    found = parse(data)
    assert found["error"] is None or found["options"] == {}
