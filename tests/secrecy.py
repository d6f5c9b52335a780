"""Whether the real values of secrets show: in what runs print, and in what machines keep of them."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from tests.cluster import Cluster

if TYPE_CHECKING:
    from lab.api import Machine

NODE_KEY = "/var/lib/docker/swarm/certificates/swarm-node.key"
# The part of a token or key that is secret; what stands before it tells the kind, and the authority's fingerprint.
SECRET_PART = re.compile(r"SWM(?:TKN-1-\w+|KEY-1)-([\w+/=]{20,})")
SHORTEST = 16
# Public although it lies among secrets.
PUBLIC = {".crt", ".csr"}


class Secrecy:
    """Collects the secrets of a swarm, old ones and new, and looks for them."""

    def __init__(self, cluster: Cluster, folder: Path) -> None:
        self.cluster = cluster
        self.folder = folder
        # Value -> what it is.
        self.values: dict[str, str] = {}
        self.leaks: set[tuple[str, str]] = set()

    def note(self, **more: str) -> None:
        """Remember every secret that there is now: of the swarm, of its nodes, of the collection on the controller."""
        for kind in ("join-token -q worker", "join-token -q manager", "unlock-key -q"):
            # There is no unlock key where autolock is off.
            for value in SECRET_PART.findall(self.cluster.first.run(f"docker swarm {kind}").stdout):
                self.values[value] = kind
        for name in self.cluster.names:
            for line in lines(self.cluster.hosts[name].run(f"cat {NODE_KEY}").stdout):
                self.values[line] = f"key of node {name}"
        for value, name in of_folder(self.folder).items():
            # What the swarm itself told goes by that name.
            self.values.setdefault(value, name)
        self.values.update({value: name for name, value in more.items()})

    def ask(self, *machines: str) -> None:
        """Search what these machines have written down; do so before a machine is re-imaged."""
        for name in machines:
            found = written_down(self.cluster.lab.machine(name), self.values)
            self.leaks |= {(name, self.values[value]) for value in found}

    def read(self) -> None:
        """Search what the runs have said."""
        for title, text in self.cluster.said:
            self.leaks |= {(title, name) for value, name in self.values.items() if value in text}


def of_folder(folder: Path) -> dict[str, str]:
    """The secret lines of the files on the controller that hold secrets as text, each with its file's name."""
    found = sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix not in PUBLIC)
    texts = [path for path in found if b"\0" not in path.read_bytes()[:4096]]
    return {line: str(path.relative_to(folder)) for path in texts for line in lines(path.read_text(errors="replace"))}


def written_down(machine: Machine, values: Iterable[str]) -> set[str]:
    """Which of these a machine has in its journal or in any other log."""
    # Something that is there to be found: a search that finds nothing at all would prove nothing.
    control = f"control-{uuid.uuid4().hex}"
    done = machine.ssh(
        f"logger {control} && journalctl --sync && journalctl --no-pager -a -o export > /run/said && "
        "grep -raohF -f - /run/said /var/log | sort -u; rm /run/said",
        stdin="\n".join([control, *values]) + "\n",
    )
    found = set(done.stdout.splitlines())
    assert control in found, (machine.name, done.stdout[-500:], done.stderr[-500:])
    return found & set(values)


def lines(text: str) -> list[str]:
    """The lines of a file that are secret enough to be looked for: of a token or key the part that is, no name before it."""
    found = [SECRET_PART.sub(r"\1", line.strip().rpartition(": ")[2]) for line in text.splitlines()]
    return [line for line in found if len(line) >= SHORTEST and not line.startswith("-----")]
