"""A lab of two real machines, from the first boot to the last trace. The tests build on each other, in this order.

It needs what `python -m lab doctor` asks for, and takes about a minute and a half once the disk images are built.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from lab import network, processes, stale
from lab.api import Lab
from lab.errors import LabError
from lab.suites import SUITES

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module", autouse=True)
def state_root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Keep these labs apart from the user's own: another state root is what another checkout looks like."""
    root = tmp_path_factory.mktemp("state")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DOCKYARD_LAB_STATE", str(root))
        yield root
        for name in ("lab", "other"):
            Lab(name).down()


@pytest.fixture(scope="module")
def lab() -> Lab:
    return Lab("lab")


@pytest.fixture(scope="module")
def others() -> list[network.Bridge]:
    """The bridges of labs that were there before. They may come and go as they like, by their own doing."""
    return stale.live_bridges()


def check_bridges(state_root: Path, others: list[network.Bridge], *wanted: str) -> None:
    """See that there are these bridges of these tests, and those of all others that have machines."""
    assert {item.name for item in stale.live_bridges() if item.state.is_relative_to(state_root)} == set(wanted)
    for bridge in others:
        records = [processes.load(path) for path in stale.records(bridge.state)]
        assert network.exists(bridge.name) or not any(record.alive() for record in records if record), bridge


def up(lab: Lab, state_root: Path, **wishes: object) -> float:
    start = time.monotonic()
    lab.up(memory=512, inventory_directory=state_root / f"inventory-{lab.name}", **wishes)  # type: ignore[arg-type]
    return time.monotonic() - start


def test_up(lab: Lab, state_root: Path, others: list[network.Bridge]) -> None:
    up(lab, state_root, nodes=2, suites=("trixie", "bookworm"))
    first, second = lab.machines
    for machine, suite in ((first, "trixie"), (second, "bookworm")):
        release = machine.ssh(". /etc/os-release; echo $VERSION_CODENAME; hostname; systemctl is-system-running --wait")
        assert release.stdout.split() == [suite, machine.name, "running"]
    assert suite in SUITES
    check_bridges(state_root, others, lab.state.bridge)


def test_machines_are_bare(lab: Lab) -> None:
    for machine in lab.machines:
        assert machine.ssh("command -v docker dockerd rsyslogd chronyd curl; python3 -c 'import apt'").stdout == ""


def test_machines_reach_each_other_the_mirror_and_the_resolver(lab: Lab) -> None:
    first, second = lab.machines
    assert first.ssh(f"timeout 5 bash -c ': < /dev/tcp/{second.address}/22'").returncode == 0
    assert first.ssh("getent hosts gateway.lab.example").stdout.split()[0] == lab.state.gateway
    update = second.ssh("apt-get update 2>&1 && apt-get install -y --no-install-recommends tree 2>&1 && tree --version")
    assert update.returncode == 0, update.stdout


def test_machines_can_do_what_a_swarm_needs(lab: Lab) -> None:
    script = "modprobe -a ip_vs vxlan esp4 overlay br_netfilter && iptables -t nat -L -n && stat -fc %T /sys/fs/cgroup"
    for machine in lab.machines:
        result = machine.ssh(script)
        assert result.returncode == 0, result.stderr
        assert result.stdout.split()[-1] == "cgroup2fs"


def test_inventory(lab: Lab, state_root: Path) -> None:
    directory = state_root / "inventory-lab"
    groups = yaml.safe_load((directory / "hosts.yml").read_text())["all"]["children"]["swarm"]["children"]
    first, second = lab.machines
    assert groups["swarm_managers"]["hosts"] == {"node1": {"ansible_host": first.address}}
    assert groups["swarm_workers"]["hosts"] == {"node2": {"ansible_host": second.address}}
    variables = yaml.safe_load((directory / "group_vars/all/lab.yml").read_text())
    assert variables["swarm_dns_upstreams"] == [lab.state.gateway]
    assert all(Path(archive["path"]).is_file() for archive in variables["swarm_engine_image_archives"])


def test_up_again_is_harmless(lab: Lab, state_root: Path) -> None:
    pids = [processes.load(record) for record in stale.records(lab.state.directory)]
    assert up(lab, state_root) < 5
    assert [processes.load(record) for record in stale.records(lab.state.directory)] == pids


def test_cut_and_heal(lab: Lab) -> None:
    """A machine that sends all the while is cut off in both directions, and is back once it is healed."""
    machine = lab.machine("node2")
    chatter = f"while :; do echo x > /dev/udp/{lab.machine('node1').address}/9; sleep 0.02; done"
    machine.ssh(f"nohup bash -c '{chatter}' > /dev/null 2>&1 &", check=True)
    machine.cut()
    machine.cut()
    assert not machine.reachable()
    assert machine.running
    assert not machine.connected
    machine.heal()
    machine.heal()
    assert machine.connected
    assert machine.reachable(15)


def test_kill_and_boot(lab: Lab) -> None:
    machine = lab.machine("node2")
    machine.ssh("echo kept > /root/mark && sync", check=True)
    machine.kill()
    machine.kill()
    assert not machine.running
    machine.boot()
    machine.boot()
    assert machine.ssh("cat /root/mark").stdout == "kept\n"


def test_reset(lab: Lab) -> None:
    machine = lab.machine("node2")
    look = "cat /root/mark; cat /etc/machine-id /etc/ssh/ssh_host_ed25519_key.pub; hostname; hostname -I"
    before = machine.ssh(look).stdout.splitlines()
    lab.reset("node2")
    after = machine.ssh(look).stdout.splitlines()
    assert before[0] == "kept"
    assert len(after) == 4  # the mark is gone
    assert after[:2] != before[1:3]
    assert after[0] != before[1]
    assert after[2:] == before[3:]
    # Its power may fail as soon as it is up.
    machine.kill()
    machine.boot()
    assert machine.ssh(look).stdout.splitlines() == after


def test_save_and_up_from_there(lab: Lab, state_root: Path) -> None:
    first, second = lab.machines
    first.ssh("echo saved > /root/mark", check=True)
    (lab.state.directory / "secrets" / "ca").write_text("secret")
    identity = second.ssh("cat /etc/machine-id /etc/ssh/ssh_host_ed25519_key.pub").stdout
    addresses = [machine.address for machine in lab.machines]
    lab.save("point", boot=False)
    assert not any(machine.running for machine in lab.machines)
    lab.down()
    lab.down()
    up(lab, state_root, origin="point")
    first, second = lab.machines
    assert [machine.address for machine in lab.machines] == addresses
    assert first.ssh("cat /root/mark").stdout == "saved\n"
    assert second.ssh("cat /etc/machine-id /etc/ssh/ssh_host_ed25519_key.pub").stdout == identity
    assert (lab.state.directory / "secrets" / "ca").read_text() == "secret"


def test_a_taken_subnet_is_one_line(lab: Lab, state_root: Path) -> None:
    with pytest.raises(LabError, match="is taken"):
        up(Lab("other"), state_root, nodes=1, subnet=lab.state.subnet)
    with pytest.raises(LabError, match=r"saved lab point cannot come up: subnet .* is taken"):
        up(Lab("other"), state_root, origin="point")
    assert not (state_root / "labs" / "other").exists()


def test_status(lab: Lab) -> None:
    command = [sys.executable, "-m", "lab", "status", "--lab", "lab", "--json"]
    (seen,) = json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout)
    assert [(row["name"], row["power"], row["reachable"]) for row in seen["machines"]] == [
        ("node1", True, True),
        ("node2", True, True),
    ]
    assert seen["subnet"] == lab.state.subnet


def test_a_crashed_lab_is_cleared_by_another_and_comes_up_again(
    lab: Lab, state_root: Path, others: list[network.Bridge]
) -> None:
    crashed = lab.state
    for path in stale.records(crashed.directory):
        record = processes.load(path)
        assert record is not None
        os.kill(record.pid, signal.SIGKILL)
        deadline = time.monotonic() + 15
        while record.alive():  # a kernel takes a moment to die
            assert time.monotonic() < deadline
            time.sleep(0.05)
    other = Lab("other")
    up(other, state_root, nodes=1, subnet="10.78.77.0/24")
    assert not network.exists(crashed.bridge)
    assert not network.taps(crashed.bridge)
    assert crashed.bridge not in network.tagged_bridges()
    check_bridges(state_root, others, other.state.bridge)
    other.down()
    up(lab, state_root)
    assert lab.machine("node1").ssh("cat /root/mark").stdout == "saved\n"


def test_down_leaves_no_trace(lab: Lab, state_root: Path, others: list[network.Bridge]) -> None:
    gone = lab.state
    records = [processes.load(path) for path in stale.records(gone.directory)]
    lab.down()
    assert not any(record.alive() for record in records if record)
    assert not network.exists(gone.bridge)
    assert not network.taps(gone.bridge)
    assert gone.bridge not in network.tagged_bridges()
    assert not gone.directory.exists()
    assert not (state_root / "inventory-lab").exists()
    check_bridges(state_root, others)
