# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An empty certificate or key is never written, whatever lies there."""

from __future__ import annotations

import pytest

from ansible_collections.dockyard.swarm.plugins.module_utils._core.config_files import digest, make_plan
from ansible_collections.dockyard.swarm.plugins.module_utils._core.plan import PlanError

GOOD = {"sha256": digest("PEM\n"), "mode": "0644", "uid": 0, "gid": 0, "link": None}


@pytest.mark.parametrize("path", ["/etc/docker/certs.d/r:5000/ca.crt", "/etc/dockyard/logging/sender.key", "/x.pem"])
@pytest.mark.parametrize("actual", [GOOD, None])
@pytest.mark.parametrize("content", ["", "\n"])
def test_it_is_refused_with_its_name(path, actual, content):
    facts = {"files": {path: actual} if actual else {}, "units": {}}
    with pytest.raises(PlanError, match=f"^{path} would become an empty file"):
        make_plan(facts, [{"path": path, "content": content}])


def test_other_files_may_be_empty_and_certificates_may_go():
    facts = {"files": {"/a.crt": GOOD}, "units": {}}
    wanted = [{"path": "/etc/motd", "content": ""}, {"path": "/a.crt", "content": "", "present": False}]
    assert [(item["do"], item["to"]) for item in make_plan(facts, wanted)] == [
        ("write", "/etc/motd"),
        ("remove", "/a.crt"),
    ]
