"""What a machine is started with."""

from pathlib import Path

from lab import state
from lab.state import LabState, Node
from lab.uml import Hardware, command_line


def test_command_line(tmp_path: Path) -> None:
    (tmp_path / "machine-id").write_text("0123\n")
    hardware = Hardware(
        directory=tmp_path,
        image=Path("/cache/image.ext4"),
        memory=512,
        tap="dylab12cdt1",
        mac="02:ab:12:cd:00:01",
        name="node1",
        address="10.77.0.11",
        prefix=24,
        gateway="10.77.0.1",
        machines=1,
    )
    words = command_line(hardware, fresh=True)
    assert f"ubd0={tmp_path}/disk.cow,/cache/image.ext4" in words
    assert {"mem=512M", "labip=10.77.0.11/24", "labgw=10.77.0.1", "systemd.machine_id=0123"} <= set(words)
    assert "systemd.hostname=node1" in words
    assert "systemd.hostname=node1" not in command_line(hardware, fresh=False)


def test_state_survives_a_round_trip(tmp_path: Path) -> None:
    lab = LabState("x", "10.77.3.0/24", 512, 1, [Node("node1", 1, "trixie", "/i")])
    lab.write(tmp_path)
    assert state.read(tmp_path / "lab.json") == lab
