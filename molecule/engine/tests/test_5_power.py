"""The power fails right after something was installed or loaded. It is not on the disk yet; another run brings it."""

from __future__ import annotations

import json
import subprocess

import yaml

from tests.support import INVENTORY, ROOT, module, output, until

CONFIG = "/etc/chrony/chrony.conf"
LOOK = "stat -c '%n %s %A %U %G' /etc/chrony/*"
# dpkg has written that chrony is installed, and apt-get is not done yet.
HOOK = "/etc/apt/apt.conf.d/99-slow"
REACHED = "/run/dpkg-is-done"


def begin(module_name: str, options: dict) -> subprocess.Popen:
    """A module on node1, while other things go on."""
    return subprocess.Popen(
        ["ansible", "-i", str(INVENTORY), "node1", "-m", f"dockyard.swarm.{module_name}", "-a", json.dumps(options)],
        cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


def cut(machine, running: subprocess.Popen) -> None:
    """Cut the power, and switch it on again."""
    machine.kill()
    running.kill()
    running.wait()
    machine.boot()


def test_what_a_package_wrote_is_whole_after_a_power_cut(hosts, lab):
    host, machine = hosts["node1"], lab.machine("node1")
    output(host, "apt-get -q -y purge chrony")
    output(host, f"""printf 'DPkg::Post-Invoke {{ "touch {REACHED}; sleep 600" }};' > {HOOK} && sync""")
    wanted = {"names": ["chrony"]}
    running = begin("packages", wanted)
    assert until(lambda: host.file(REACHED).exists, 120)[0]
    assert host.file(CONFIG).size
    before = output(host, LOOK)
    cut(machine, running)
    output(host, f"rm {HOOK}")
    # As the package manager sees it, all is well.
    assert host.package("chrony").is_installed
    assert not host.file(CONFIG).size
    assert "chrony" not in module("node_facts", "node1", packages=["chrony"])["packages"]
    assert module("packages", "node1", **wanted)["changed"]
    assert "pool" in host.file(CONFIG).content_string
    assert output(host, LOOK) == before
    assert host.service("chrony").is_running
    assert not host.file("/etc/dockyard/packages.pending").exists
    assert not module("packages", "node1", **wanted)["changed"]


def test_an_image_that_was_loaded_is_whole_after_a_power_cut(hosts, lab):
    host, machine = hosts["node1"], lab.machine("node1")
    archives = yaml.safe_load((INVENTORY / "group_vars" / "all" / "lab.yml").read_text())["swarm_engine_image_archives"]
    (wanted,) = [{"src": item["path"], "image": item["image"]} for item in archives if item["image"] == "busybox:1"]
    host.run("docker image rm --force busybox:1")
    running = begin("image_load", wanted)
    assert until(lambda: host.run("docker image inspect busybox:1").rc == 0, 120, 0.1)[0]
    cut(machine, running)
    # Whether the Engine has it is not the question: it lists one whose files are empty, too.
    assert not module("image_load", "node1", **wanted).get("failed")
    assert output(host, "docker run --rm busybox:1 echo whole") == "whole"
    assert not host.file("/etc/dockyard/images.pending").exists
    assert not module("image_load", "node1", **wanted)["changed"]
