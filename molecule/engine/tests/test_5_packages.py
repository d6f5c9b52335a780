"""The power fails while packages are installed. What their scripts wrote is not on the disk yet; another run brings it."""

from __future__ import annotations

import json
import subprocess

from tests.support import INVENTORY, ROOT, module, output, until

CONFIG = "/etc/chrony/chrony.conf"
# dpkg has written that chrony is installed, and apt-get is not done yet.
HOOK = "/etc/apt/apt.conf.d/99-slow"
REACHED = "/run/dpkg-is-done"


def test_what_a_package_wrote_is_whole_after_a_power_cut(hosts, lab):
    host, machine = hosts["node1"], lab.machine("node1")
    output(host, "apt-get -q -y purge chrony")
    output(host, f"""printf 'DPkg::Post-Invoke {{ "touch {REACHED}; sleep 600" }};' > {HOOK} && sync""")
    wanted = {"names": ["chrony"]}
    running = subprocess.Popen(
        ["ansible", "-i", str(INVENTORY), "node1", "-m", "dockyard.swarm.packages", "-a", json.dumps(wanted)],
        cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    assert until(lambda: host.file(REACHED).exists, 120)[0]
    assert host.file(CONFIG).size
    machine.kill()
    running.kill()
    running.wait()
    machine.boot()
    output(host, f"rm {HOOK}")
    # As the package manager sees it, all is well.
    assert host.package("chrony").is_installed
    assert not host.file(CONFIG).size
    assert "chrony" not in module("node_facts", "node1", packages=["chrony"])["packages"]
    assert module("packages", "node1", **wanted)["changed"]
    assert "pool" in host.file(CONFIG).content_string
    assert host.service("chrony").is_running
    assert not host.file("/etc/dockyard/packages.pending").exists
    assert not module("packages", "node1", **wanted)["changed"]
