# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.dockyard.swarm.plugins.module_utils._logs import journal_lines


def test_drop_ins_that_count_after_ours(tmp_path):
    texts = {
        "etc/systemd/journald.conf.d/99-a.conf": "[Journal]\nStorage=volatile\n",
        "etc/systemd/journald.conf.d/dockyard.conf": "[Journal]\nStorage=persistent\n",
        "etc/systemd/journald.conf.d/local.conf": "[Journal]\n#Storage=none\nStorage = volatile\nCompress=no\n",
        "usr/lib/systemd/journald.conf.d/zz.conf": "[Journal]\nSystemMaxUse=1M\n",
        "run/systemd/journald.conf.d/zz.conf": "[Journal]\n",
    }
    for path, text in texts.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    assert journal_lines.read_lines(str(tmp_path)) == [
        {"path": "/etc/systemd/journald.conf.d/local.conf", "line": 3, "name": "Storage", "value": "volatile"}
    ]


@pytest.mark.parametrize(
    ("lines", "named"),
    [
        ({}, []),
        ({"Storage": "persistent", "SystemMaxUse": "4G"}, []),
        ({"Storage": "volatile", "SystemMaxUse": "1M"}, ["Storage", "SystemMaxUse"]),
        ({"RateLimitIntervalSec": "30s"}, []),
        ({"RateLimitIntervalSec": "30s", "RateLimitBurst": "0"}, []),
        ({"RateLimitIntervalSec": "30s", "RateLimitBurst": "1000"}, ["RateLimitBurst", "RateLimitIntervalSec"]),
    ],
)
def test_lines_that_would_lose_lines(lines, named):
    listed = [{"path": "/x", "line": 2, "name": name, "value": value} for name, value in lines.items()]
    found = journal_lines.check_lines(listed, "4G")
    assert [text.split(" sets ")[1].split()[0] for text in found] == named
    assert all(text.startswith("/x, line 2 sets ") for text in found)
