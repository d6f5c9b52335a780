"""Begin site.yml on machines of a lab and kill it half-way, without a chance to tidy up.

    python -m tests.interrupt inventories/lab-NAME "Configure the daemon"

The words are in the headline of the task that the run does not survive. Whatever comes after is to converge all the same.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    """Run, and kill the process with all that it started."""
    inventory, words = sys.argv[1:]
    process = subprocess.Popen(
        ["ansible-playbook", "-i", inventory, "playbooks/site.yml"],
        cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
        env=dict(os.environ, ANSIBLE_NOCOLOR="1", PYTHONUNBUFFERED="1"),
    )  # fmt: skip
    assert process.stdout
    seen = []
    for line in process.stdout:
        seen.append(line)
        if words in line:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            sys.stdout.write(f"killed at: {line}")
            return
    sys.exit(f"the run never came to {words!r}:\n{''.join(seen)}")


if __name__ == "__main__":
    main()
