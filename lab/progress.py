"""Showing what goes on: a live table on a terminal, plain lines elsewhere, silence for programs."""

import contextlib
import sys
import time
from typing import Any, Protocol


class Progress(Protocol):
    """Where the lab tells what it does."""

    def say(self, subject: str, text: str) -> None:
        """Tell what a subject (a machine, an image) is at."""


class Silent:
    """Tells nothing."""

    def say(self, subject: str, text: str) -> None:
        """Do nothing."""


class Lines:
    """One line per news."""

    def __init__(self) -> None:
        self._start = time.monotonic()

    def say(self, subject: str, text: str) -> None:
        """Print a line with the time since the start."""
        print(f"{time.monotonic() - self._start:6.1f} s  {subject}: {text}", file=sys.stderr, flush=True)


class Table:
    """A live table, one row per subject."""

    def __init__(self, live: Any, make_table: Any) -> None:
        self._live, self._make_table = live, make_table
        self._start = time.monotonic()
        self._rows: dict[str, tuple[float, str]] = {}

    def say(self, subject: str, text: str) -> None:
        """Update a subject's row."""
        self._rows[subject] = (time.monotonic() - self._start, text)
        table = self._make_table(box=None, show_header=False)
        for name, (when, news) in self._rows.items():
            table.add_row(name, news, f"{when:.1f} s")
        self._live.update(table)


def for_terminal() -> tuple[Progress, Any]:
    """Give a progress for the command line and the context it works in."""
    try:
        from rich.console import Console
        from rich.live import Live
        from rich.table import Table as RichTable
    except ImportError:
        return Lines(), contextlib.nullcontext()
    console = Console(stderr=True)
    if not console.is_terminal:
        return Lines(), contextlib.nullcontext()
    live = Live(console=console, refresh_per_second=8)
    return Table(live, RichTable), live
