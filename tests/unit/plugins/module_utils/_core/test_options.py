# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A value is what its type says, or means it as text, or is refused with what is wanted."""

from __future__ import annotations

import pytest
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.filter.core import to_bool

from ansible_collections.dockyard.swarm.plugins.module_utils._core.options import (
    FALSE,
    TRUE,
    Rule,
    as_bool,
    as_int,
    problems_of,
    typed,
)

RECORD = {
    "type": "list", "elements": "dict",
    "options": {"name": {"type": "str", "required": True}, "port": {"type": "int"}, "open": {"type": "bool"}},
}  # fmt: skip


def wrong(value, kind="str", rule=None, **spec):
    return [" ".join(item) for item in problems_of("opt", value, dict(spec, type=kind), {"opt": rule} if rule else {})]


@pytest.mark.parametrize("text", [word for known in (*TRUE, *FALSE) for word in (known, known.upper(), known.title())])
def test_a_text_means_the_same_boolean_to_all_who_read_it(text):
    assert wrong(text, "bool") == []
    assert as_bool(text) is to_bool(text) is boolean(text)


@pytest.mark.parametrize("value", [True, False, 0, 1])
def test_booleans(value):
    assert wrong(value, "bool") == []
    assert as_bool(value) is bool(value)


@pytest.mark.parametrize("value", ["", "maybe", "y", "t", " true", "false\n", 2, -1, 1.0, [], {}, "☃"])
def test_what_is_no_boolean(value):
    (text,) = wrong(value, "bool")
    assert text.endswith("and has to be true or false")


@pytest.mark.parametrize("value", [0, 7, "0", "7", 2**31 - 1, str(2**31 - 1)])
def test_whole_numbers(value):
    assert wrong(value, "int") == []
    assert as_int(value) == int(value)


@pytest.mark.parametrize(
    "value", [-1, "-1", 2**31, 10**400, "9" * 400, True, 1.5, "1.5", "07", "+7", " 7", "7\n", "0x7", "٣", "", [], {}]
)
def test_what_is_no_whole_number_in_the_range(value):
    (text,) = wrong(value, "int")
    assert text.endswith("and has to be a whole number from 0 to 2147483647")
    assert len(text) < 160


def test_a_range():
    assert wrong(0, "int", Rule(1, 9)) == ["opt is the number 0, and has to be a whole number from 1 to 9"]
    assert wrong("-1", "int", Rule(-1)) == []


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (28.5, "opt is the number 28.5, and has to be text: put it in quotes"),
        (True, "opt is true, and has to be text"),
        ({"a": "geheim"}, "opt is a dictionary, and has to be text"),
        (["geheim"], "opt is a list, and has to be text"),
        ("two\nlines", "opt is the text 'two\\nlines', and must not have a line break in it"),
        ("nul\0", "opt is the text 'nul\\x00', and must not have the control character '\\x00' in it"),
        ("half \udc80", "opt is text that is not valid Unicode"),
    ],
)
def test_what_is_no_text(value, text):
    assert wrong(value) == [text]


def test_texts():
    assert wrong("") == wrong("Zürich ☃") == []
    assert wrong(28.5, rule=Rule(number=True)) == wrong("a\nb\n", rule=Rule(lines=True)) == []
    assert wrong(28, rule=Rule(number=True, whole=True)) == []
    assert wrong(28.1, rule=Rule(number=True, whole=True)) == [
        "opt is the number 28.1, and has to be text: put it in quotes"
    ]
    assert wrong(float("nan"), rule=Rule(number=True)) == ["opt is the number nan, and has to be text"]
    assert wrong(" ", rule=Rule(blank=False)) == ["opt is empty, and has to be text"]


def test_a_text_of_another_form():
    rule = Rule(pattern=r"[0-9]+[KMGT]", wanted="a number and K, M, G or T")
    assert wrong("1G", rule=rule) == []
    assert wrong("1", rule=rule) == ["opt is the text '1', and has to be a number and K, M, G or T"]


def test_choices():
    assert wrong("b", choices=["", "b"]) == []
    assert wrong("c", choices=["", "b"]) == ["opt is the text 'c', and has to be one of '' (empty), b"]


@pytest.mark.parametrize(
    ("value", "fine"), [("/a b", 1), ("~/a", 1), ("~me/a", 1), ("a", 0), ("", 0), (7, 0), ("./a", 0)]
)
def test_paths(value, fine):
    assert (wrong(value, "path") == []) is bool(fine)


def test_a_path_on_a_host_has_no_home():
    assert wrong("~/a", "path", Rule(on_host=True)) == [
        "opt is the text '~/a', and has to be a whole path, beginning with /"
    ]


def test_a_list_is_never_taken_from_a_text():
    assert wrong('["a"]', "list", elements="str") == [
        "opt is the text '[\"a\"]', and has to be a list: in the inventory as YAML, or as -e '{\"opt\": [...]}'"
    ]
    assert wrong({}, "list", elements="str") == ["opt is a dictionary, and has to be a list"]
    assert wrong("a=b", "dict") == [
        "opt is the text 'a=b', and has to be a dictionary: in the inventory as YAML, or as -e '{\"opt\": {...}}'"
    ]


def test_what_is_inside():
    value = [{"name": "a", "port": "8", "open": "no"}, {"port": "x"}, {"name": "b", "prot": 1}, "c", {1: 2}]
    found = [" ".join(item) for item in problems_of("opt", value, RECORD, {"opt.port": Rule(1, 65535)})]
    assert found == [
        "opt[1] lacks name, which is required",
        "opt[1].port is the text 'x', and has to be a whole number from 1 to 65535",
        "opt[2] has the unknown key prot: the keys are name, port, open",
        "opt[3] is the text 'c', and has to be a dictionary",
        "opt[4] has the key the number 1, and keys have to be text: put it in quotes",
    ]


def test_nothing_is_no_value_except_of_what_may_be_left_out():
    assert wrong(None, "int") == ["opt is empty (null): leave it out, so that its default counts"]
    assert problems_of("opt", [{"name": "a", "port": None}], RECORD, {}) == []
    assert problems_of("opt", [{"name": None}], RECORD, {}) == [("opt[0]", "lacks name, which is required")]


def test_what_is_inside_of_a_dictionary_is_not_shown():
    rules = {"opt": Rule(values={"type": "str", "null": True})}
    found = problems_of("opt", {"a": ["geheim"], "b": "gehe\nim", "c": None}, {"type": "dict"}, rules)
    assert [where for where, _text in found] == ["opt.a", "opt.b"]
    assert "gehe" not in str(found)


def test_a_secret_is_not_shown():
    assert wrong("geheim", "int", no_log=True) == [
        "opt is the text (not shown), and has to be a whole number from 0 to 2147483647"
    ]


def test_text_becomes_the_value_that_it_means():
    value = [{"name": 7, "port": "8", "open": "no", "more": "9"}, {"port": "x"}, "c", {"open": None}]
    assert typed(value, RECORD) == [
        {"name": "7", "port": 8, "open": False, "more": "9"},
        {"port": "x"},
        "c",
        {"open": None},
    ]
