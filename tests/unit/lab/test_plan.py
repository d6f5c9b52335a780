"""What a lab shall be, from what it is and what is asked for."""

import pytest

from lab.errors import LabError
from lab.plan import Wishes, plan
from lab.state import LabState, Node


def known(count: int = 3) -> LabState:
    suites = ["trixie", "bookworm", "trixie"]
    nodes = [Node(f"node{n}", n, suites[(n - 1) % 3], f"/image/{n}") for n in range(1, count + 1)]
    return LabState("x", "10.77.3.0/24", 1024, 1, nodes)


def test_a_new_lab_takes_the_defaults() -> None:
    lab = plan(None, "x", Wishes())
    assert [(node.name, node.suite, node.image) for node in lab.nodes] == [
        ("node1", "trixie", ""),
        ("node2", "bookworm", ""),
        ("node3", "trixie", ""),
    ]
    assert (lab.subnet, lab.managers, lab.memory) == ("", 1, 1536)


def test_again_changes_nothing() -> None:
    lab = known()
    assert plan(lab, "x", Wishes()) == lab
    assert plan(lab, "x", Wishes(nodes=3, suites=("trixie", "bookworm", "trixie"), subnet="10.77.3.0/24")) == lab


def test_a_lab_grows_and_keeps_its_machines() -> None:
    lab = plan(known(2), "x", Wishes(nodes=4, suites=("trixie", "bookworm")))
    assert [node.image for node in lab.nodes] == ["/image/1", "/image/2", "", ""]
    assert [node.suite for node in lab.nodes] == ["trixie", "bookworm", "trixie", "bookworm"]


def test_the_known_lab_is_not_written_into() -> None:
    lab = known()
    plan(lab, "x", Wishes(nodes=5)).nodes[0].image = "other"
    assert lab == known()


@pytest.mark.parametrize(
    ("wishes", "words"),
    [
        (Wishes(nodes=2), "with 3 machines, not 2"),
        (Wishes(subnet="10.77.4.0/24"), "with subnet 10.77.3.0/24"),
        (Wishes(suites=("bookworm",)), "with machines of other suites"),
    ],
)
def test_what_cannot_change_is_refused_with_the_remedy(wishes: Wishes, words: str) -> None:
    with pytest.raises(LabError, match=f"lab x exists {words}; run `python -m lab down --lab x` first"):
        plan(known(), "x", wishes)


@pytest.mark.parametrize(
    ("wishes", "words"),
    [
        (Wishes(managers=4), "4 managers of 3 machines"),
        (Wishes(memory=64), "64 MiB are too little"),
        (Wishes(nodes=0), "0 machines cannot be had"),
        (Wishes(suites=("potato",)), "suite potato is not known"),
    ],
)
def test_impossible_wishes(wishes: Wishes, words: str) -> None:
    with pytest.raises(LabError, match=words):
        plan(None, "x", wishes)
