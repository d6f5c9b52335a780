"""Requests to a published port, one after the other and on every node at once, and for how long none was answered."""

from __future__ import annotations

import http.client
import itertools
import threading
import time
from collections.abc import Iterable
from typing import Self

# A node that does not answer at all costs this much before the next request.
PATIENCE = 0.5
PAUSE = 0.02


class Load:
    """Asks while it is open."""

    def __init__(self, addresses: Iterable[str], port: int) -> None:
        self.answers: dict[str, list[tuple[float, bool]]] = {address: [] for address in addresses}
        self._port = port
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(address,)) for address in self.answers]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _ask(self, address: str) -> None:
        while not self._over.is_set():
            self.answers[address].append((time.monotonic(), answers(address, self._port)))
            self._over.wait(PAUSE)

    def outage(self, address: str) -> float:
        """The longest time between an answered request and the next one, in seconds."""
        answered = [at for at, well in self.answers[address] if well]
        return max(after - before for before, after in itertools.pairwise(answered))


def answers(address: str, port: int) -> bool:
    """Whether a request is answered."""
    connection = http.client.HTTPConnection(address, port, timeout=PATIENCE)
    try:
        connection.request("GET", "/")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()
