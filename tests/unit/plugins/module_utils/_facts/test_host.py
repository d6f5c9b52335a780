# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.dockyard.swarm.plugins.module_utils._facts import host
from ansible_collections.dockyard.swarm.plugins.module_utils._packages import dnf_sources


@pytest.mark.parametrize(
    ("text", "configured", "mode"),
    [
        (None, False, "disabled"),
        (None, True, "disabled"),
        ("1\n", True, "enforcing"),
        ("0", True, "permissive"),
        ("0", False, "disabled"),
    ],
)
def test_selinux(tmp_path, text, configured, mode):
    if configured:
        (tmp_path / "etc/selinux").mkdir(parents=True)
        (tmp_path / "etc/selinux/config").write_text("")
    if text is not None:
        (tmp_path / "sys/fs/selinux").mkdir(parents=True)
        (tmp_path / "sys/fs/selinux/enforce").write_text(text)
    assert host.read_selinux(str(tmp_path)) == mode


@pytest.mark.parametrize("folder", ["centos", "rhel", "rocky"])
def test_a_host_of_the_centos_family_may_have_another_ones_repository(tmp_path, monkeypatch, folder):
    monkeypatch.setattr(dnf_sources, "paths", lambda name: (str(tmp_path / "own.repo"), str(tmp_path / "key")))
    monkeypatch.setattr(dnf_sources, "PATTERNS", (str(tmp_path / "*.repo"),))
    old = tmp_path / "docker-ce.repo"
    old.write_text("[docker-ce-stable]\nbaseurl=https://download.docker.com/linux/%s/9/x86_64/stable\n" % folder)
    wanted = {"name": "docker", "uris": ["https://download.docker.com/linux/{id}"]}
    found = host.read_repository(wanted, {"family": "RedHat", "id": "rocky"})
    assert found == {"entry": None, "key": None, "named_in": [str(old)]}


def test_only_what_stands_in_the_way_is_looked_up(monkeypatch):
    monkeypatch.setattr(host.listeners, "with_processes", list)
    addresses = [{"address": "192.0.2.11", "kind": "physical"}, {"address": "192.168.122.1", "kind": "bridge"}]
    found = [
        {"port": 53, "address": address}
        for address in ("0.0.0.0", "::", "127.0.0.1", "127.0.0.53", "192.0.2.11", "192.168.122.1")
    ]
    found.append({"port": 2377, "address": "127.0.0.1"})
    named = host.in_the_way(found, {}, addresses)
    assert [item["address"] for item in named] == ["0.0.0.0", "::", "127.0.0.1", "192.0.2.11", "127.0.0.1"]
    running = {"dnsmasq.service": {"active": "active"}}
    assert host.in_the_way(found, running, addresses) == [found[-1]]
