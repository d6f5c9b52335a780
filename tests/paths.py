"""What playbooks/preflight.yml tells of the paths between three machines, the first of which is the manager."""

from __future__ import annotations

import re

from tests.support import Run, playbook

Row = tuple[str, str, str, str]


def rows(run: Run) -> list[Row]:
    """The table of a run: from, to, what, found."""
    lines = [re.split(r"\s{2,}", line.strip(), maxsplit=3) for line in run.output.splitlines()]
    start = next(place for place, line in enumerate(lines) if line == ["from", "to", "what", "found"])
    end = next(place for place, line in enumerate(lines) if place > start and len(line) < 4)
    return [(line[0], line[1], line[2], line[3]) for line in lines[start + 1 : end]]


def preflight() -> Run:
    run = playbook(name="preflight")
    assert run.changed == 0, run.output
    return run


def stopped_site() -> Run:
    """One that must not come to its first change."""
    run = playbook()
    assert run.code != 0, run.output
    assert run.changed == 0, run.output
    return run


def all_well(run: Run) -> None:
    assert run.code == 0, run.output
    assert rows(run) == [
        ("node1, node3", "node2", "tcp 7946, udp 7946, udp 4789, esp, MTU 1500", "ok"),
        ("node1, node2", "node3", "tcp 7946, udp 7946, udp 4789, esp, MTU 1500", "ok"),
        ("node2, node3", "node1", "tcp 2377, tcp 7946, udp 7946, udp 4789, esp, MTU 1500", "ok"),
    ]


def wrong(run: Run) -> list[Row]:
    """The rows of what is not as it should be, of a run that says so."""
    assert run.code != 0, run.output
    return [row for row in rows(run) if row[3] != "ok"]
