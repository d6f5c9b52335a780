"""What is the CentOS family's own: dnf, versionlock, the repository with its key, firewalld; on the lab's stand-in for it."""

from __future__ import annotations

import json
import os
import socket
import threading

import pytest

from tests.asker import answers
from tests.support import ROOT, Told, archives, output, told, until

SOAK = bool(os.environ.get("DOCKYARD_SOAK"))
OLD, NEW = "26.1.5", "28.5.2"
ENGINE = ("docker-ce", "docker-ce-cli", "containerd.io")
REPO, KEY = "/etc/yum.repos.d/dockyard-docker.repo", "/etc/pki/rpm-gpg/RPM-GPG-KEY-dockyard-docker"
LOCKS = "/etc/dnf/plugins/versionlock.list"
PENDING = "/etc/dockyard/packages.pending"


@pytest.fixture
def node(hosts):
    """The machine."""
    return hosts["node1"]


def job(*arguments: str) -> Told:
    return told(*arguments, name="../molecule/centos/converge")


def version(wanted: str) -> tuple[str, str]:
    return "-e", json.dumps({"swarm_engine_version": wanted})


def lines(run: Told) -> list[str]:
    return [line for _host, line in run.lines]


def installed(node) -> list[str]:
    """Versions of the Engine's packages, each as often as rpm has it."""
    return sorted(output(node, f"rpm -q --qf '%{{NAME}}-%{{VERSION}}\\n' {' '.join(ENGINE)}").split())


def daemon(node) -> str:
    assert output(node, "systemctl is-active docker.service") == "active"
    return output(node, "docker version --format '{{.Server.Version}}'").split("+")[0]


def held(node) -> set[str]:
    return {line for line in output(node, f"cat {LOCKS}").splitlines() if not line.startswith("#")}


def test_the_engine_is_dockers_in_the_version_that_was_asked_for(node):
    assert {f"docker-ce-{OLD}", f"docker-ce-cli-{OLD}"} < set(installed(node))
    query = "dnf -q repoquery --installed --qf '%{name} %{from_repo}' docker-ce docker-ce-cli containerd.io"
    assert set(output(node, query).splitlines()) == {f"{name} dockyard-docker-stable" for name in ENGINE}
    assert daemon(node) == OLD


def test_its_packages_are_signed_with_the_key_that_was_checked(node):
    text = node.file(REPO).content_string
    assert "gpgcheck=1" in text
    assert f"gpgkey=file://{KEY}" in text
    key = output(node, "rpm -q gpg-pubkey --qf '%{VERSION}\\n'")
    signatures = output(node, f"rpm -q --qf '%{{RSAHEADER:pgpsig}}\\n' {' '.join(ENGINE)}").splitlines()
    assert len(signatures) == len(ENGINE)
    assert all(line.endswith(key) for line in signatures), (key, signatures)


def test_what_was_in_the_way_is_gone_and_the_older_entry_is_a_comment(node):
    assert node.run("rpm -q podman-docker").rc == 1
    assert node.run("rpm -q runc").rc == 1
    old = node.file("/etc/yum.repos.d/docker-ce.repo").content_string
    assert "baseurl=https://download.docker.com/" in old
    assert all(line.startswith("# taken over by dockyard.swarm: ") for line in old.splitlines())


def test_the_daemon_has_its_options_and_is_a_manager(node):
    info = json.loads(output(node, "docker info --format '{{json .}}'"))
    assert (info["LoggingDriver"], info["LiveRestoreEnabled"]) == ("json-file", False)
    assert (info["Swarm"]["LocalNodeState"], info["Swarm"]["ControlAvailable"]) == ("active", True)
    assert json.loads(node.file("/etc/docker/daemon.json").content_string)["max-concurrent-uploads"] == 3


def test_an_upgrade_of_the_host_leaves_the_held_engine_alone(node):
    before = installed(node)
    pid = output(node, "systemctl show --property MainPID docker.service")
    output(node, "dnf -q -y upgrade")
    assert installed(node) == before
    assert output(node, "systemctl show --property MainPID docker.service") == pid
    # There is something to upgrade to: nothing but the lock keeps it away.
    assert NEW in output(node, "dnf -q --disableplugin=versionlock list --upgrades docker-ce")


def test_clock_and_kernel_are_kept_right(node):
    assert output(node, "systemctl is-active chronyd.service") == "active"
    assert output(node, "sysctl -n net.ipv4.ip_forward") == "1"


def reached(address: str, port: int) -> bool:
    try:
        with socket.create_connection((address, port), timeout=3):
            return True
    except OSError:
        return False


def test_firewalld_lets_in_the_other_members_and_nobody_else(node, address):
    """The other member is this computer; without it in the inventory, the machine is alone, and closed."""
    assert output(node, "firewall-cmd --state") == "running"
    assert not reached(address["node1"], 2377)
    run = job("-i", str(ROOT / "molecule" / "centos" / "inventory" / "member.yml"))
    assert run.code == 0, run.output
    assert len([line for line in lines(run) if line.endswith("closed by firewalld.service")]) == 5, run.lines
    assert reached(address["node1"], 2377)
    assert reached(address["node1"], 7946)
    rules = set(output(node, "firewall-cmd --list-rich-rules").splitlines())
    assert rules == set(output(node, "firewall-cmd --permanent --list-rich-rules").splitlines())
    assert len(rules) == 5
    assert "docker0" in output(node, "firewall-cmd --zone=docker --list-interfaces")


def warnings(run: Told) -> list[str]:
    return [text for task, _host, result in run.results if task == "Warn" for text in result.get("msg", [])]


def answered(address: str, port: int, patience: float = 20.0) -> bool:
    """Whether a web server answers, at last."""
    return bool(until(lambda: answers(address, port, 2), patience)[0])


def test_published_ports_that_a_reload_of_firewalld_shuts_are_led_in_again(node, address):
    """A reload alone leaves the Engine's rules alone. With a direct rule it takes all of them away, and the Engine does not make
    those of the routing mesh anew."""
    web = {"swarm_engine_image_archives": archives("nginx:1")}
    run = job("-e", json.dumps(web))
    assert run.code == 0, run.output
    create = "docker service create --quiet --detach --name"
    output(node, f"{create} web --publish 8080:80 --publish mode=host,target=80,published=8081 nginx:1")
    output(node, f"{create} other --publish 8090:80 nginx:1")
    ports = (8080, 8081, 8090)
    here = address["node1"]
    assert all(answered(here, port) for port in ports)
    output(node, "firewall-cmd --reload")
    assert all(answered(here, port) for port in ports)
    assert job().changes == []
    direct = "--direct --add-rule ipv4 filter INPUT 0 -p tcp --dport 9999 -j ACCEPT"
    output(node, f"firewall-cmd --permanent {direct} && firewall-cmd --reload")
    assert answered(here, 8081)  # the Engine heals this one
    assert [answered(here, port, 3) for port in (8080, 8090)] == [False, False]

    containers = output(node, "docker ps -q")
    foretold = job("--check", "--diff")
    assert any("node1: each reload of firewalld shuts published ports" in text for text in warnings(foretold))
    healed = job()
    why = "their rules are missing; a reload of firewalld may have removed them"
    for run in (foretold, healed):
        assert run.code == 0, run.output
        assert f"restore published ports 8080/tcp, 8090/tcp: {why}" in lines(run), run.lines
    assert all(answered(here, port) for port in ports)
    assert job().changes == []
    assert output(node, "docker ps -q") == containers
    # They are the Engine's as before: it takes away what is published no more.
    output(node, "docker service rm other")
    assert until(lambda: "8090" not in output(node, "iptables-save"), 20)[0]
    assert answered(here, 8080)
    output(node, "docker service rm web")


if SOAK:

    def kill_dnf_half_way(node, said: list[str]) -> None:
        """As soon as rpm has the new version beside the old one."""
        both = f"[ $(rpm -q docker-ce | wc -l) = 2 ] && grep -q docker-ce {PENDING}"
        said.append(
            node.run(f"for i in $(seq 600); do if {both}; then kill -9 $(pidof -x dnf); break; fi; done").stdout
        )
        said.extend(installed(node))

    def test_an_upgrade_is_foretold_survives_being_killed_and_is_held_again(node):
        asked = version("28.5")
        foretold = job("--check", "--diff", *asked)
        assert foretold.code == 0, foretold.output
        # Of the firewall it takes back what was for the other member of the former test.
        expected = [line for line in lines(foretold) if "firewalld" not in line and "2377" not in line]
        why = "28.5 is asked for; it is held, and will be again"
        assert f"upgrade package docker-ce: {why}" in expected, foretold.output
        assert f"upgrade package docker-ce-cli: {why}" in expected
        assert daemon(node) == OLD

        seen: list[str] = []
        killer = threading.Thread(target=kill_dnf_half_way, args=(node, seen))
        killer.start()
        cut_short = job(*asked)
        killer.join()
        assert cut_short.code != 0, cut_short.output
        assert {f"docker-ce-{OLD}", f"docker-ce-{NEW}"} <= set(seen)
        assert node.file(PENDING).exists
        assert {line for line in held(node) if line.startswith("docker-ce-3:")} == {f"docker-ce-3:{OLD}-1.el9.*"}

        repaired = job(*asked)
        assert repaired.code == 0, repaired.output
        assert not node.file(PENDING).exists
        assert [name for name in installed(node) if name.startswith("docker-ce")] == [
            f"docker-ce-{NEW}",
            f"docker-ce-cli-{NEW}",
        ]
        assert {f"docker-ce-3:{NEW}-1.el9.*", f"docker-ce-cli-1:{NEW}-1.el9.*"} < held(node)
        assert len(held(node)) == len(ENGINE)
        assert until(lambda: daemon(node) == NEW, 30)[0]
        assert output(node, "docker info --format '{{.Swarm.ControlAvailable}}'") == "true"

        again = job(*asked)
        assert again.code == 0, again.output
        assert again.changes == [], again.output
