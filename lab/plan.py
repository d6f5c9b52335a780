"""What a lab shall be: what is known of it, grown by what is asked for. Pure."""

from dataclasses import dataclass, field, replace

from lab import naming
from lab.errors import LabError
from lab.state import LabState, Node
from lab.suites import SUITES

DEFAULT_SUITES = ("trixie", "bookworm", "trixie")
DEFAULT_NODES = 3
DEFAULT_MEMORY_MIB = 1536


@dataclass(frozen=True)
class Wishes:
    """What is asked for; what is left out is taken from the lab as it is, or from the defaults."""

    nodes: int | None = None
    suites: tuple[str, ...] = field(default=())
    managers: int | None = None
    memory: int | None = None
    subnet: str | None = None


def plan(known: LabState | None, name: str, wishes: Wishes) -> LabState:
    """Give the lab to be. Its subnet and the images of new machines are found later."""
    known = known or LabState(naming.check_lab_name(name), "", DEFAULT_MEMORY_MIB, 1)
    count = wishes.nodes if wishes.nodes is not None else len(known.nodes) or DEFAULT_NODES
    names = naming.node_names(count)
    suites = naming.cycled_suites(list(wishes.suites or DEFAULT_SUITES), count, SUITES)
    subnet = str(naming.parse_subnet(wishes.subnet)) if wishes.subnet else known.subnet
    problem = _conflict(known, count, suites if wishes.suites else [], subnet)
    if problem:
        raise LabError(f"lab {name} exists {problem}", f"run `python -m lab down --lab {name}` first")
    managers = wishes.managers or known.managers
    if managers > count:
        raise LabError(f"{managers} managers of {count} machines", "give --managers at most the number of --nodes")
    new = [Node(names[index], index + 1, suites[index], "") for index in range(len(known.nodes), count)]
    memory = wishes.memory or known.memory
    if memory < 256:
        raise LabError(f"{memory} MiB are too little for a machine", "give --mem at least 256")
    nodes = [*map(replace, known.nodes), *new]
    return replace(known, subnet=subnet, memory=memory, managers=managers, nodes=nodes)


def _conflict(known: LabState, count: int, suites: list[str], subnet: str) -> str:
    """Say what of a lab cannot be changed while it is there."""
    if count < len(known.nodes):
        return f"with {len(known.nodes)} machines, not {count}"
    if known.subnet and subnet != known.subnet:
        return f"with subnet {known.subnet}"
    if any(node.suite != suite for node, suite in zip(known.nodes, suites, strict=False)):
        return "with machines of other suites"
    return ""
