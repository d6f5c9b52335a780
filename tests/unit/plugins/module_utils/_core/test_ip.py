# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.dockyard.swarm.plugins.module_utils._core import ip


@pytest.mark.parametrize(
    ("addr", "host"),
    [("192.0.2.1:2377", "192.0.2.1"), ("[2001:db8::1]:2377", "2001:db8::1"), ("2001:db8::1", "2001:db8::1")],
)
def test_hosts_of_addresses(addr, host):
    assert ip.host_of(addr) == host
