# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The request that makes a manager the only one of its swarm."""

from __future__ import annotations

from ansible_collections.dockyard.swarm.plugins.module_utils._recovery.force_new_plan import init_request
from tests.unit.recovery_example import MANIFEST


class TestRequest:
    def test_the_address_of_the_backup(self):
        body = init_request(MANIFEST, ["192.0.2.12"])
        assert body["ForceNewCluster"] is True
        assert body["AdvertiseAddr"] == "192.0.2.12:2377"
        assert "DataPathAddr" not in body
        assert "AutoLockManagers" not in body
        assert body["Spec"] == MANIFEST["spec"]

    def test_another_data_path_only_where_the_host_has_it(self):
        manifest = {**MANIFEST, "data_path_addr": "203.0.113.2"}
        assert init_request(manifest, ["192.0.2.12", "203.0.113.2"])["DataPathAddr"] == "203.0.113.2"
        assert "DataPathAddr" not in init_request(manifest, ["192.0.2.12"])
