# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.dockyard.swarm.plugins.module_utils._services.registry_options import (
    check_config,
    check_users,
    clean_users,
    merged_config,
)

SETTINGS = {
    "version": 0.1,
    "storage": {"filesystem": {"rootdirectory": "/var/lib/registry"}, "delete": {"enabled": True}},
    "http": {"addr": ":5000", "headers": {"X": ["nosniff"]}},
}


def test_the_line_break_of_a_file_or_vault_goes():
    assert clean_users({"ci": "secret99\n", "ann": "word\r\n", "bob": " kept "}) == {
        "ci": "secret99", "ann": "word", "bob": " kept ",
    }  # fmt: skip
    assert check_users({"ci": "secret99\n"}) == []


@pytest.mark.parametrize(
    ("users", "words"),
    [
        ({"a:b": "hunter22"}, "user 'a:b': a name cannot have a colon"),
        ({"": "hunter22"}, "user '': the name is empty"),
        ({"a b": "hunter22"}, "a name cannot have a blank"),
        ({"a\n": "hunter22"}, "a name cannot have a blank"),
        ({"a": ""}, "user 'a': the password is empty"),
        ({"a": "\n"}, "user 'a': the password is empty"),
        ({"a": "hunt\ner22"}, "user 'a': the password has a control character"),
        ({"a": "hunter22\0"}, "user 'a': the password has a control character"),
        ({"a": "hunter22" * 10}, "user 'a': the password has more than 72 bytes"),
        ({"a": "ü" * 37}, "user 'a': the password has more than 72 bytes"),
        ({"a": 12345678}, "user 'a': the password is no text: put it in quotes"),
        ({"a": None}, "user 'a': the password is no text"),
        (["a"], "swarm_registry_users is no dictionary"),
    ],
)
def test_what_no_client_can_send_is_refused_without_the_password(users, words):
    (problem,) = check_users(users)
    assert problem.startswith("swarm_registry_users")
    assert words in problem
    assert "hunt" not in problem
    assert "12345678" not in problem


def test_good_users_have_no_problems():
    assert check_users({"swarm": "a" * 72, "ann": 'q"\\:§ x', 7: "word"}) == []


@pytest.mark.parametrize(
    "given", [{"storage": {"inmemory": {}}}, {"storage": {"inmemory": None}}, {"storage": "inmemory"}]
)
def test_another_storage_driver_takes_the_place_of_the_collections(given):
    merged = merged_config(SETTINGS, given)
    assert sorted(merged["storage"]) == ["delete", "inmemory"]
    assert merged["http"] == SETTINGS["http"]
    assert check_config(given) == []


def test_parameters_of_the_same_driver_are_added():
    merged = merged_config(SETTINGS, {"storage": {"filesystem": {"maxthreads": 50}, "delete": {"enabled": False}}})
    assert merged["storage"] == {
        "filesystem": {"rootdirectory": "/var/lib/registry", "maxthreads": 50}, "delete": {"enabled": False},
    }  # fmt: skip


def test_order_and_settings_stay_since_the_text_names_a_secret():
    assert list(merged_config(SETTINGS, {"log": {"level": "debug"}, "http": {"host": "x"}})) == [*SETTINGS, "log"]
    assert merged_config(SETTINGS, {}) == SETTINGS
    assert list(SETTINGS["storage"]) == ["filesystem", "delete"]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"storage": {"inmemory": {}, "s3": {}}}, "storage names inmemory and s3, and the registry takes exactly one"),
        ({"storage": {"s3": "bucket"}}, "storage.s3 is no dictionary"),
        ({"storage": None}, "storage is empty"),
        ({"storage": {"filesystem": {"rootdirectory": "/srv"}}}, "rootdirectory is /srv, which is not on the volume"),
        ({"auth": {"token": {}}}, "auth names token beside htpasswd"),
        ({"auth": None}, "auth.htpasswd.path has to stay"),
        ({"http": {"addr": ":80"}}, "http.addr has to stay as the collection sets it; set the published port by swarm"),
        ({"http": {"tls": {"key": "/k"}}}, "http.tls.key has to stay"),
        ({"version": "0.2"}, "version has to stay"),
        ("storage", "swarm_registry_config is no dictionary"),
    ],
)  # fmt: skip
def test_what_the_registry_would_not_start_with_is_refused(given, words):
    problems = check_config(given)
    assert any(words in problem for problem in problems), problems
    assert all(problem.startswith("swarm_registry_config") for problem in problems)


@pytest.mark.parametrize(
    "given", [{}, {"http": {"tls": {"minimumtls": "tls1.3"}}}, {"auth": {"htpasswd": {"realm": "x"}}}, {"log": {"level": "warn"},
              "storage": {"filesystem": {"rootdirectory": "/var/lib/registry/b"}}}],
)  # fmt: skip
def test_what_may_be_set_is_right(given):
    assert check_config(given) == []
