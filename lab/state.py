"""What a lab remembers between two commands."""

import ipaddress
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from lab import naming
from lab.errors import LabError
from lab.paths import labs_root, state_root
from lab.uml import Hardware


@dataclass
class Node:
    """One machine of a lab."""

    name: str
    number: int
    suite: str
    image: str


@dataclass
class LabState:
    """A lab: its network and its machines."""

    name: str
    subnet: str
    memory: int
    managers: int
    nodes: list[Node] = field(default_factory=list)
    inventory: str = ""
    origin: str = ""

    @property
    def directory(self) -> Path:
        """The lab's own directory."""
        return labs_root() / self.name

    @property
    def key(self) -> str:
        """The digits that its interfaces carry."""
        return naming.lab_key(state_root(), self.name)

    @property
    def bridge(self) -> str:
        """The lab's bridge."""
        return naming.bridge_name(self.key)

    @property
    def network(self) -> ipaddress.IPv4Network:
        """The lab's subnet."""
        return ipaddress.IPv4Network(self.subnet)

    @property
    def gateway(self) -> str:
        """The bridge's address: the machines' router and resolver."""
        return naming.gateway(self.network)

    def node(self, name: str) -> Node:
        """Find a machine by name."""
        for node in self.nodes:
            if node.name == name:
                return node
        raise LabError(f"lab {self.name} has no machine {name}", f"it has {', '.join(n.name for n in self.nodes)}")

    def address(self, node: Node) -> str:
        """Give a machine's address."""
        return naming.node_address(self.network, node.number)

    def hardware(self, node: Node) -> Hardware:
        """Give what a machine is started with."""
        return Hardware(
            directory=self.directory / "machines" / node.name,
            image=Path(node.image),
            memory=self.memory,
            tap=naming.tap_name(self.key, node.number),
            mac=naming.mac_address(self.key, node.number),
            name=node.name,
            address=self.address(node),
            prefix=self.network.prefixlen,
            gateway=self.gateway,
            machines=len(self.nodes),
        )

    def write(self, directory: Path | None = None) -> None:
        """Write the state, whole or not at all, into the lab's or another directory."""
        directory = directory or self.directory
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_json(directory / "lab.json", asdict(self))


def load(name: str) -> LabState | None:
    """Read a lab's state; None when there is no such lab."""
    return read(labs_root() / name / "lab.json")


def read(path: Path) -> LabState | None:
    """Read a state file; None when it is missing or was cut short by a crash."""
    try:
        raw = json.loads(path.read_text())
        return LabState(**{**raw, "nodes": [Node(**node) for node in raw["nodes"]]})
    except (OSError, ValueError, TypeError, KeyError):
        return None


def known_labs() -> list[str]:
    """Name the labs of this state root."""
    return sorted(path.parent.name for path in labs_root().glob("*/lab.json"))


def write_json(path: Path, content: object) -> None:
    """Write a JSON file, whole or not at all."""
    temporary = path.with_suffix(".new")
    temporary.write_text(json.dumps(content, indent=2) + "\n")
    temporary.rename(path)
