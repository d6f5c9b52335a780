# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.dockyard.swarm.plugins.module_utils._dns import client, dnsmasq

SETTINGS = dnsmasq.settings_of({"domain": "x.test", "records": [{"name": "a", "type": "A", "value": "192.0.2.1"}]})


def test_a_server_counts_when_it_answers_with_the_records_of_this_run(monkeypatch):
    asked = []

    def answers(address, probe):
        asked.append(probe)
        return address == "192.0.2.11"

    monkeypatch.setattr(client, "answers", answers)
    monkeypatch.setattr(client, "GRACE", 0)
    assert client.ask(["192.0.2.11", "192.0.2.12"], SETTINGS, timeout=60) == {"192.0.2.12": "A a.x.test"}
    assert set(map(str, asked)) == {str(("a.x.test", "A", {"192.0.2.1"}, set()))}
    assert client.ask(["192.0.2.12"], SETTINGS, timeout=0) == {"192.0.2.12": "A a.x.test"}
    assert client.ask(["192.0.2.11"], SETTINGS, timeout=60) == {}
