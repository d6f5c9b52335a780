# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import socket

from ansible_collections.dockyard.swarm.plugins.module_utils._facts import placement
from ansible_collections.dockyard.swarm.plugins.module_utils._host import listeners


def test_a_volume_has_a_folder(tmp_path):
    (tmp_path / "volumes" / "registry_data" / "_data").mkdir(parents=True)
    assert placement.read_volumes(["registry_data", "other", ""], str(tmp_path)) == ["registry_data"]


def test_who_listens_but_for_the_engine_itself(tmp_path):
    with socket.socket() as one, socket.socket(socket.AF_INET6) as other, socket.socket() as idle:
        one.bind(("127.0.0.1", 0))
        other.bind(("::1", 0))
        idle.bind(("127.0.0.1", 0))
        one.listen()
        other.listen()
        ports = [item.getsockname()[1] for item in (one, other, idle)]
        sockets = listeners.read_sockets([("tcp", port) for port in ports])
        nobody = str(tmp_path / "none.pid")
        assert placement.listening(sockets, ports, pid_file=nobody) == {
            str(ports[0]): ["127.0.0.1"],
            str(ports[1]): ["::1"],
        }
        engine = tmp_path / "docker.pid"
        engine.write_text("%d\n" % os.getpid())
        assert placement.listening(sockets, ports, pid_file=str(engine)) == {}
    assert placement.listening([], []) == {}
