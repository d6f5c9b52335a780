"""A first run of site.yml from beginning to end: what it makes of bare machines, and when it came to which task.

    python -m tests.reference LAB

Kept beside the lab, for runs that do not come to their end.
"""

from __future__ import annotations

import json
import shutil
import sys
import time
from typing import Any

from lab.api import Lab
from tests import state
from tests.interrupt import Begun
from tests.support import INVENTORIES, NODES, Run

HANGS = 1800.0


def bare(lab: Lab) -> None:
    """Machines with new disks, and a controller that never made anything for them."""
    lab.reset()
    secrets = lab.state.directory / "secrets"
    shutil.rmtree(secrets)
    secrets.mkdir(mode=0o700)


def went_well(run: Run) -> None:
    """See that a run reached all machines and did all it had to."""
    assert run.code == 0, run.output
    assert sorted(run.counts) == NODES, run.output
    for counts in run.counts.values():
        assert (counts["failed"], counts["unreachable"]) == (0, 0), run.output


def make(lab: Lab) -> float:
    """Run it on machines that are bare; gives its seconds."""
    run = Begun(*INVENTORIES)
    code = run.end(HANGS)
    seconds = time.monotonic() - run.start
    went_well(Run(-1 if code is None else code, run.output))
    found = {"state": state.dump(lab), "timeline": run.headlines, "seconds": seconds}
    (lab.state.directory / "reference.json").write_text(json.dumps(found, indent=1, sort_keys=True))
    return seconds


def kept(lab: Lab) -> dict[str, Any]:
    """``state``, ``timeline`` (seconds and headline of each task) and ``seconds`` of that run."""
    return json.loads((lab.state.directory / "reference.json").read_text())


if __name__ == "__main__":
    sys.stdout.write(f"{make(Lab(sys.argv[1])):.0f} s\n")
