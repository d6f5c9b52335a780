# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.dockyard.swarm.plugins.module_utils._engine.containerd_config import (
    imports_of,
    root_of,
    with_root,
)

CONFIGS = [
    None,
    "",
    "version = 2\n",
    '# Docker\'s own\ndisabled_plugins = ["cri"]\n\n#root = "/var/lib/containerd"\n',
    """version = 3
root = '/old'
imports = [
  "conf.d/*.toml",
]
[plugins]
  [plugins."io.containerd.x"]
    root = "/not this"
""",
    'version = 2\n[[stream]]\n  root = "/not this"\n',
]


@pytest.mark.parametrize("text", CONFIGS)
def test_the_root_of_containerd_is_set_above_all_tables_and_taken_out_again(text):
    new = with_root(text, "/srv/containerd")
    assert root_of(new) == "/srv/containerd"
    assert with_root(new, "/srv/containerd") == new
    assert "/not this" not in (text or "") or '"/not this"' in new
    if text is None or "/old" not in text:
        assert with_root(new, None) == text
    else:
        assert root_of(with_root(new, None)) is None
        assert with_root(new, "/old").replace('"/old"', "'/old'") == text


def test_imports_of_a_config_are_seen():
    assert imports_of(CONFIGS[4]) == ["conf.d/*.toml"]
    assert imports_of(CONFIGS[0]) == []
