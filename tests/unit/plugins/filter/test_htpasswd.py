# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import bcrypt
import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.dockyard.swarm.plugins.filter.htpasswd import FilterModule

htpasswd = FilterModule().filters()["htpasswd"]


def test_lines_are_kept_while_they_fit():
    first = htpasswd({"b": "two", "a": "one"})
    assert [line.split(":")[0] for line in first.splitlines()] == ["a", "b"]
    assert all(line.split(":")[1].startswith("$2b$10$") for line in first.splitlines())
    assert htpasswd({"a": "one", "b": "two"}, first) == first
    second = htpasswd({"a": "one", "b": "three"}, first).splitlines()
    assert second[0] == first.splitlines()[0]
    assert bcrypt.checkpw(b"three", second[1].split(":")[1].encode())
    assert htpasswd({"b": "two"}, first) == first.splitlines()[1] + "\n"
    assert htpasswd({}, first) == ""


def test_a_new_line_of_an_existing_file_is_the_same_each_time():
    first = htpasswd({"a": "one", "b": "two"})
    second = htpasswd({"a": "new", "b": "two"}, first)
    assert second == htpasswd({"a": "new\n", "b": "two"}, first)
    assert bcrypt.checkpw(b"new", second.split(":")[1].split()[0].encode())
    salts = {line.split(":")[1][:29] for line in htpasswd({"a": "one", "c": "two", "d": "two"}, first).splitlines()}
    assert len(salts) == 3
    assert htpasswd({"a": "one"}) != htpasswd({"a": "one"})


def test_lines_of_other_tools_are_kept_too():
    line = "a:" + bcrypt.hashpw(b"one", bcrypt.gensalt(10)).decode().replace("$2b$", "$2y$") + "\n"
    assert htpasswd({"a": "one"}, "# comment\r\n" + line) == line


@pytest.mark.parametrize("line", ["a:one", "a:$apr1$x$y", "a:" + bcrypt.hashpw(b"one", bcrypt.gensalt(4)).decode()])
def test_what_the_registry_does_not_take_or_is_weak_is_made_anew(line):
    assert htpasswd({"a": "one"}, line + "\n").startswith("a:$2b$10$")


@pytest.mark.parametrize(
    ("users", "words"),
    [
        ({"a:b": "x"}, "no name of a user"),
        ({"": "x"}, "no name of a user"),
        ({"a": ""}, "password of user a must be text"),
        ({"a": 5}, "password of user a must be text"),
        ({"a": "x" * 73}, "more than the 72 bytes"),
    ],
)
def test_what_cannot_be_is_told_without_the_password(users, words):
    with pytest.raises(AnsibleFilterError, match=words) as caught:
        htpasswd(users)
    assert "xxx" not in str(caught.value)
