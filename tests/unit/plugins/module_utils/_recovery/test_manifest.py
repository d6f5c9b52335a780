# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a backup says of itself."""

from __future__ import annotations

from ansible_collections.dockyard.swarm.plugins.module_utils._recovery import manifest
from tests.unit.recovery_example import THREE, member, node


class TestManifest:
    def test_the_address_is_that_of_raft_not_the_nodes_own(self):
        addrs = {"n1": "192.0.2.11:2377", "n2": "198.51.100.2:2377"}
        joined = {"ListenAddr": "0.0.0.0:2378", "DataPathAddr": "203.0.113.2"}
        made = manifest.describe(member(2, THREE), node(2), addrs, "26.1.5", joined, "2026-03-01T12:30:00Z")
        assert (made["advertise_addr"], made["raft_addr"]) == ("198.51.100.2", "198.51.100.2:2377")
        assert (made["listen_addr"], made["data_path_addr"]) == ("0.0.0.0:2378", "203.0.113.2")
        assert (made["format"], made["autolock"]) == (1, False)
        assert [item["hostname"] for item in made["managers"]] == ["m1", "m2"]

    def test_a_locked_swarm(self):
        swarm = member(1, THREE, spec={"EncryptionConfig": {"AutoLockManagers": True}})
        assert manifest.describe(swarm, node(1), {"n1": "192.0.2.11:2377"}, "26", {}, "")["autolock"] is True
