# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible.module_utils.testing import patch_module_args

from ansible_collections.dockyard.swarm.plugins.module_utils._core.no_log import SecretiveModule

SPEC = {
    "files": {
        "type": "list",
        "elements": "dict",
        "options": {"path": {"type": "str"}, "content": {"type": "str", "no_log": True}},
    }
}
KEY = "-----BEGIN PRIVATE KEY-----\nMHcCAQEEIHnNiLikr1RCpESpbrR3AoubAG1hdd5HIlGoZiOTcNDWoAoGCCqGSM49\n-----END PRIVATE KEY-----\n"


@pytest.mark.parametrize("secret", [KEY, 'it\'s "quoted" \\ and more', "plain-and-long"])
def test_a_secret_inside_of_another_option_is_in_no_log(secret, monkeypatch):
    logged = []
    monkeypatch.setattr(
        SecretiveModule, "log", lambda _self, text, log_args: logged.append(" ".join([text, *log_args.values()]))
    )
    with patch_module_args({"files": [{"path": "/etc/x.key", "content": secret}]}):
        SecretiveModule(argument_spec=SPEC)
    (said,) = logged
    assert "/etc/x.key" in said
    for part in (*secret.splitlines(), repr(secret)[1:-1]):
        assert part not in said
