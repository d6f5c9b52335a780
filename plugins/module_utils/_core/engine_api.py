# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: the Engine API over its unix socket, with the standard library alone.

HTTP/1.0 is spoken on purpose: the Engine then answers without chunks and closes, so that a request is one write and
one read to the end. ``http.client`` would cost each module call more time for its imports than the requests take.
Paths carry no version: the daemon then speaks its own newest one, which every daemon accepts.
"""

from __future__ import annotations

import json
import socket
import time
from typing import Any, BinaryIO, Callable, Iterable

SOCKET = "/var/run/docker.sock"
# How often an update is tried, and the seconds before the second try; the pause grows with each.
TRIES = 5
PAUSE = 0.1


class EngineError(Exception):
    """The Engine answered with an error (``status`` is its HTTP code) or did not answer (``status`` is 0)."""

    def __init__(self, status: int, message: str, request: str) -> None:
        super().__init__("%s: %s" % (request, message))
        self.status = status
        self.message = message


class Engine:
    """One daemon, reached by its unix socket.

    :param path: the socket's path.
    :param timeout: seconds one request may take.
    """

    def __init__(self, path: str = SOCKET, timeout: float = 60) -> None:
        self.path = path
        self.timeout = timeout

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: dict[str, str] | None = None,
        stream: BinaryIO | None = None,
        length: int = 0,
        timeout: float | None = None,
    ) -> Any:
        """Send one request and return the decoded answer: JSON where it is JSON, else text.

        :param body: what is sent as JSON.
        :param stream: a binary file object of ``length`` bytes, sent instead of ``body``.
        """
        name = "%s %s" % (method, path)
        payload = b"" if body is None else json.dumps(body).encode()
        lines = ["%s %s HTTP/1.0" % (method, path), "Host: docker"]
        if stream is not None:
            lines += ["Content-Type: application/x-tar", "Content-Length: %d" % length]
        elif body is not None or method == "POST":
            lines += ["Content-Type: application/json", "Content-Length: %d" % len(payload)]
        lines += ["%s: %s" % item for item in (headers or {}).items()]
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            sock.settimeout(timeout or self.timeout)
            sock.connect(self.path)
            _send(sock, "\r\n".join(lines + ["", ""]).encode() + payload, stream, length)
            answer = _read_all(sock)
        except OSError as exc:
            raise EngineError(0, "no answer on %s: %s" % (self.path, exc), name) from exc
        finally:
            sock.close()
        return _decode(answer, name)

    def get(self, path: str, timeout: float | None = None) -> Any:
        return self.request("GET", path, timeout=timeout)

    def post(
        self, path: str, body: Any = None, headers: dict[str, str] | None = None, timeout: float | None = None
    ) -> Any:
        return self.request("POST", path, body, headers=headers, timeout=timeout)

    def delete(self, path: str) -> Any:
        return self.request("DELETE", path)

    def find(self, path: str) -> Any:
        """Like :meth:`get`, but None where the Engine knows no such thing."""
        try:
            return self.get(path)
        except EngineError as exc:
            if exc.status == 404:
                return None
            raise

    def update(
        self,
        path: str,
        change: Callable[[Any], Any],
        parameters: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
    ) -> Any:
        """Change an object of the swarm: read it, change its Spec, write it.

        The swarm accepts only a change of its latest version. If another change was written in between, for example by the swarm
        itself during a rollout, all three steps are repeated, a few times.

        :param path: of the object, for example ``/services/web`` or ``/swarm``.
        :param change: ``(Spec) -> Spec`` to be written; called again with each Spec that is read.
        :param parameters: further query parameters of the update.
        """
        more = "".join("&%s=%s" % item for item in (parameters or {}).items())
        tries = 0
        while True:
            current = self.get(path)
            spec = change(current.get("Spec") or {})
            try:
                return self.post("%s/update?version=%d%s" % (path, current["Version"]["Index"], more), spec, headers)
            except EngineError as exc:
                tries += 1
                if tries == TRIES or "out of sequence" not in exc.message:
                    raise
            time.sleep(tries * PAUSE)

    def answers(self) -> bool:
        """Whether a daemon answers now."""
        try:
            self.get("/_ping", timeout=5)
        except EngineError:
            return False
        return True


def _send(sock: socket.socket, start: bytes, stream: BinaryIO | None, length: int) -> None:
    try:
        sock.sendall(start)
        if stream is not None:
            sock.sendfile(stream, count=length)
    except (BrokenPipeError, ConnectionResetError):
        pass  # the Engine may have heard enough: what it says to that is there to be read


def _read_all(sock: socket.socket) -> bytes:
    """What comes until the other side closes; it resets where it closes before it has read everything."""
    parts: list[bytes] = []
    while True:
        try:
            part = sock.recv(1 << 16)
        except ConnectionResetError:
            if not parts:
                raise
            part = b""
        if not part:
            return b"".join(parts)
        parts.append(part)


def _decode(answer: bytes, name: str) -> Any:
    head, end, body = answer.partition(b"\r\n\r\n")
    if not end:
        raise EngineError(0, "no whole answer", name)
    status_line, _sep, header_text = head.decode("latin-1").partition("\r\n")
    try:
        status = int(status_line.split(" ")[1])
    except (IndexError, ValueError):
        raise EngineError(0, "an answer that is not HTTP", name) from None
    text = body.decode("utf-8", "replace")
    is_json = "application/json" in header_text.lower()
    try:
        data = json.loads(text) if is_json and text.strip() else text
    except ValueError:
        data = text  # a stream of JSON lines, as image loading answers
    if status >= 400:
        message = data.get("message", text) if isinstance(data, dict) else text.strip()
        raise EngineError(status, message, name)
    return data


def query(**filters: Iterable[str]) -> str:
    """The ``?filters=`` part of a list request, for example ``query(label=["a=b"])``."""
    from urllib.parse import quote

    return "?filters=" + quote(json.dumps(filters, sort_keys=True))
