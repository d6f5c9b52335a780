"""The power fails right after something was installed or loaded. It is not on the disk yet; another run brings it."""

from __future__ import annotations

from tests.support import archives, begun, module, output, power_cut, until

CONFIG = "/etc/chrony/chrony.conf"
LOOK = "stat -c '%n %s %A %U %G' /etc/chrony/*"
# dpkg has written that chrony is installed, and apt-get is not done yet.
HOOK = "/etc/apt/apt.conf.d/99-slow"
REACHED = "/run/dpkg-is-done"


def test_what_a_package_wrote_is_whole_after_a_power_cut(hosts, lab):
    host, machine = hosts["node1"], lab.machine("node1")
    output(host, "apt-get -q -y purge chrony")
    output(host, f"""printf 'DPkg::Post-Invoke {{ "touch {REACHED}; sleep 600" }};' > {HOOK} && sync""")
    wanted = {"names": ["chrony"]}
    running = begun("packages", "node1", **wanted)
    assert until(lambda: host.file(REACHED).exists, 120)[0]
    assert host.file(CONFIG).size
    before = output(host, LOOK)
    power_cut(machine, running)
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
    (wanted,) = [{"src": item["path"], "image": item["image"]} for item in archives("busybox:1")]
    host.run("docker image rm --force busybox:1")
    running = begun("image_load", "node1", **wanted)
    assert until(lambda: host.run("docker image inspect busybox:1").rc == 0, 120, 0.1)[0]
    power_cut(machine, running)
    # Whether the Engine has it is not the question: it lists one whose files are empty, too.
    assert not module("image_load", "node1", **wanted).get("failed")
    assert output(host, "docker run --rm busybox:1 echo whole") == "whole"
    assert not host.file("/etc/dockyard/images.pending").exists
    assert not module("image_load", "node1", **wanted)["changed"]
