"""A client that asks a published port over and over, as a load balancer in front of the nodes does."""

from __future__ import annotations

import http.client
import itertools
import threading
import time
from dataclasses import dataclass, field
from typing import Self


class Repeated:
    """Does something over and over, in a thread of its own, from the beginning of a ``with`` to its end."""

    interval: float

    def __enter__(self) -> Self:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        turn = 0
        while not self._stop.is_set():
            start = time.monotonic()
            self.once(turn)
            turn += 1
            self._stop.wait(max(0.0, self.interval - (time.monotonic() - start)))

    def once(self, turn: int) -> None:
        """Do it; ``turn`` counts from 0."""
        raise NotImplementedError


@dataclass
class Asker(Repeated):
    """Asks every ``interval`` seconds; a node that does not accept a connection is passed over for the next one.

    Each request starts with another node, and goes round twice. What was accepted and not answered with 200 is a failure, as is
    a request that no node accepts.
    """

    addresses: list[str]
    port: int
    interval: float = 0.1
    patience: float = 5.0
    asked: int = 0
    passed_over: int = 0
    failures: list[str] = field(default_factory=list)
    slowest: float = 0.0

    def once(self, turn: int) -> None:
        """Ask once, beginning with the node whose turn it is."""
        start = time.monotonic()
        first = turn % len(self.addresses)
        trouble = self._ask(2 * (self.addresses[first:] + self.addresses[:first]))
        took = time.monotonic() - start
        self.asked += 1
        self.slowest = max(self.slowest, took)
        if trouble:
            self.failures.append(f"{time.strftime('%H:%M:%S')} after {took:.2f} s: {trouble}")

    def _ask(self, addresses: list[str]) -> str | None:
        refusals = []
        for address in addresses:
            connection = http.client.HTTPConnection(address, self.port, timeout=1.0)
            try:
                connection.connect()
            except OSError as exc:
                self.passed_over += 1
                refusals.append(f"{address}: {exc}")
                continue
            try:
                connection.sock.settimeout(self.patience)
                connection.request("GET", "/", headers={"Connection": "close"})
                answer = connection.getresponse()
                answer.read()
                return None if answer.status == 200 else f"{address} answered {answer.status}"
            except (TimeoutError, OSError, http.client.HTTPException) as exc:
                return f"{address} accepted and then: {exc!r}"
            finally:
                connection.close()
        return "no node accepted a connection: " + "; ".join(refusals)


@dataclass
class Outage(Repeated):
    """Asks one node without a pause, and tells for how long it did not answer."""

    address: str
    port: int
    interval: float = 0.02
    answered: list[float] = field(default_factory=list)

    def once(self, turn: int) -> None:
        """Ask once."""
        start = time.monotonic()
        if answers(self.address, self.port):
            self.answered.append(start)

    @property
    def seconds(self) -> float:
        """The longest time between a request that was answered and the next one that was."""
        return max(after - before for before, after in itertools.pairwise(self.answered))


def answers(address: str, port: int, patience: float = 0.5) -> bool:
    """Whether a web server answers a request within some seconds."""
    connection = http.client.HTTPConnection(address, port, timeout=patience)
    try:
        connection.request("GET", "/", headers={"Connection": "close"})
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
