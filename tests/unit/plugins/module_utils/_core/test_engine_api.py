# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a daemon's socket may do with a request, by a real one."""

from __future__ import annotations

import io
import socket
import threading

import pytest

from ansible_collections.dockyard.swarm.plugins.module_utils._core.engine_api import Engine, EngineError

LARGE = 8 << 20


@pytest.fixture
def daemon(tmp_path):
    """One that reads some bytes, answers and closes, whatever else was sent."""
    with socket.socket(socket.AF_UNIX) as listener:
        path = str(tmp_path / "docker.sock")
        listener.bind(path)
        listener.listen()

        def start(answer: bytes) -> Engine:
            def serve() -> None:
                connection, _address = listener.accept()
                with connection:
                    connection.recv(1 << 16)
                    connection.sendall(answer)

            threading.Thread(target=serve, daemon=True).start()
            return Engine(path, timeout=10)

        yield start


def load(engine: Engine):
    return engine.request("POST", "/images/load", stream=io.BytesIO(bytes(LARGE)), length=LARGE)


def test_an_answer_before_everything_was_sent_counts(daemon):
    engine = daemon(b'HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n{"stream": "Loaded"}')
    assert load(engine) == {"stream": "Loaded"}


def test_an_error_before_everything_was_sent_is_told(daemon):
    engine = daemon(b'HTTP/1.0 500 No\r\nContent-Type: application/json\r\n\r\n{"message": "no space left on device"}')
    with pytest.raises(EngineError, match="no space left on device") as caught:
        load(engine)
    assert caught.value.status == 500


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.0 200 OK\r\nContent-"])
def test_no_whole_answer_is_an_error(daemon, answer):
    with pytest.raises(EngineError) as caught:
        load(daemon(answer))
    assert caught.value.status == 0
