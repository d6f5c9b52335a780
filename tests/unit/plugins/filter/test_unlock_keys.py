# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
from functools import partial

import pytest
from ansible.errors import AnsibleError

from ansible_collections.dockyard.swarm.plugins.filter.unlock_keys import FilterModule

FILTERS = FilterModule().filters()
unlock_keys = partial(FILTERS["unlock_keys"], None)
path_of, added = FILTERS["unlock_key_file"], FILTERS["unlock_key_added"]


@pytest.fixture
def keys(tmp_path):
    """Writes a file of keys, each younger than the one before."""
    folder = tmp_path / "swarm" / "unlock"
    folder.mkdir(parents=True)

    def write(name, text):
        path = folder / name
        path.write_text(text)
        os.utime(path, (1000 + len(list(folder.iterdir())),) * 2)
        return str(tmp_path)

    return write


def test_no_folder_has_no_keys(tmp_path):
    assert unlock_keys(str(tmp_path)) == []


def test_all_files_are_read_newest_first_each_key_once(keys):
    keys("one.keys", "one-new\none-old\n")
    keys(".one.keys.x.keys", "half")
    keys("notes.txt", "no key")
    folder = keys("two.keys", "# by hand\n\n  two-new \none-old\n")
    assert unlock_keys(folder) == ["two-new", "one-old", "one-new"]


def test_the_home_folder_is_found(keys, monkeypatch):
    monkeypatch.setenv("HOME", keys("one.keys", "key\n"))
    assert unlock_keys("~") == ["key"]
    assert path_of("~", "one").endswith("/swarm/unlock/one.keys")
    assert os.path.exists(path_of("~", "one"))


def test_a_new_key_goes_on_top_and_nothing_is_lost(keys):
    folder = keys("one.keys", "# by hand\nold\nolder")
    keys("two.keys", "other\n")
    assert added("new", folder, "one") == "new\n# by hand\nold\nolder\n"
    assert added("first", folder, "three") == "first\n"


def test_the_newest_key_changes_nothing(keys):
    text = "# by hand\nnew\nold\n"
    assert added("new", keys("one.keys", text), "one") == text


def test_an_older_key_that_counts_again_goes_on_top(keys):
    assert added("old", keys("one.keys", "new\nold\n"), "one") == "old\nnew\n"


def test_what_cannot_be_read_is_told(tmp_path):
    (tmp_path / "swarm" / "unlock" / "one.keys").mkdir(parents=True)
    for call in (lambda: unlock_keys(str(tmp_path)), lambda: added("new", str(tmp_path), "one")):
        with pytest.raises(AnsibleError, match=r"one\.keys on the controller cannot be read: Is a directory"):
            call()
