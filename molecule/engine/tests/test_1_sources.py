"""The Engine from each source and in each version, one after the other on machines that have another one; data stays.

node1 (trixie) goes from the distribution's packages to Docker's repository and back, node2 (bookworm) to package files and
back, side by side. At the end both are as they were.
"""

from __future__ import annotations

import os

import pytest
import yaml

from tests.support import Run, output, playbook

SOAK = bool(os.environ.get("DOCKYARD_SOAK"))
OLD, NEW = "26.1.5", "28.5.2"
DOCKER = ("docker-ce", "docker-ce-cli", "containerd.io")
LISTED, OWN = "/etc/apt/sources.list.d/docker.list", "/etc/apt/sources.list.d/dockyard-docker.sources"
KEYRING = "/etc/apt/keyrings/dockyard-docker.asc"
ONLY_DOCKER = f"-o Dir::Etc::sourcelist={OWN} -o Dir::Etc::sourceparts=-"


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    """Run the role with variables for single machines; one that is not named stays with what it was given last."""
    path = tmp_path_factory.mktemp("inventory") / "hosts.yml"
    given = {"node1": {}, "node2": {}}

    def run(**variables) -> Run:
        path.write_text(yaml.safe_dump({"all": {"hosts": {**given, **variables}}}))
        found = playbook("-i", str(path), name="../molecule/engine/engine")
        if found.code == 0:
            given.update(variables)
        return found

    return run


def docker(repository, **more):
    where = {
        "swarm_engine_source": "docker", "swarm_engine_repository_url": repository.url,
        "swarm_engine_repository_fingerprint": repository.fingerprint,
    }  # fmt: skip
    return {**where, **more}


def files(repository, version, *suites):
    """The files of these releases as one list, by default of both."""
    paths = []
    for suite in suites or ("trixie", "bookworm"):
        pool = repository.folder / "dists" / suite / "pool" / "stable" / "amd64"
        runtime = sorted(pool.glob("containerd.io_*"))[version == NEW]
        found = [*sorted(pool.glob(f"docker-ce*_{version}-*")), runtime]
        assert len(found) == 3
        paths += map(str, found)
    return {"swarm_engine_source": "files", "swarm_engine_package_files": paths}


def done(run: Run, *words: str) -> None:
    assert run.code == 0, run.output
    flat = " ".join(run.output.split())
    for word in words:
        assert word in flat, run.output


def nothing_more(run: Run) -> None:
    done(run)
    assert run.changed == 0, run.output
    # One read of each machine, no task of the role.
    assert "Say what differs" not in run.output, run.output


def refused(run: Run, *words: str) -> None:
    assert run.code != 0, run.output
    flat = " ".join(run.output.split())
    for word in words:
        assert word in flat, run.output


def runs(host, version: str) -> None:
    assert output(host, "systemctl is-active docker.service") == "active"
    assert output(host, "docker version --format '{{.Server.Version}}'").startswith(version)
    assert output(host, "docker version --format '{{.Client.Version}}'").startswith(version)


def installed(host) -> set[str]:
    names = " ".join((*DOCKER, "docker.io", "docker-cli", "containerd", "runc", "docker-doc"))
    done = host.run(f"dpkg-query -W -f '${{db:Status-Status}} ${{Package}}\\n' {names}")
    return {line.split()[1] for line in done.stdout.splitlines() if line.startswith("installed ")}


def held(host) -> set[str]:
    return {line.split()[0] for line in output(host, "dpkg --get-selections").splitlines() if line.endswith("hold")}


def put_data(host) -> None:
    output(host, "docker volume create keep && echo mine > /var/lib/docker/volumes/keep/_data/file")
    output(host, "tar -c -C /etc hostname | docker import - kept:1")


def data_is_there(host) -> None:
    assert output(host, "cat $(docker volume inspect -f '{{.Mountpoint}}' keep)/file") == "mine"
    assert output(host, "docker image ls -q kept:1")
    assert not host.file("/var/lib/docker/nuke-graph-directory.sh").exists


def test_the_distributions_packages_are_held(hosts):
    for host in hosts.values():
        assert held(host) == installed(host) >= {"docker.io", "containerd", "runc"}
        put_data(host)


@pytest.fixture(scope="module")
def older_entries(hosts, repository):
    """Entries for the same repository that contradict each other: apt does nothing any more."""
    uri = f"{repository.url}/linux/debian"
    output(
        hosts["node1"],
        f"printf 'deb [signed-by=/usr/share/keyrings/one.gpg] {uri} trixie stable\\n"
        f"deb [arch=amd64] https://download.docker.com/linux/debian trixie stable\\n' > {LISTED} && "
        f"printf 'Types: deb\\nURIs: {uri}\\nSuites: trixie\\nComponents: stable\\nSigned-By: /usr/share/keyrings/two.gpg\\n' "
        "> /etc/apt/sources.list.d/docker.sources",
    )
    assert "Conflicting values set for option Signed-By" in hosts["node1"].run("apt-get -q indextargets").stderr


@pytest.mark.usefixtures("older_entries")
class TestRefused:
    """What is wrong is told, and the Engine goes on as it was."""

    def test_a_key_with_another_fingerprint(self, hosts, engine, repository):
        before = output(hosts["node1"], f"cat {LISTED}")
        other = docker(
            repository, swarm_engine_repository_fingerprint="9DC8 5822 9FC7 DD38 854A E2D8 8D81 803C 0EBF CD88"
        )
        run = engine(node1=other)
        refused(run, repository.fingerprint, "9DC858229FC7DD38854AE2D88D81803C0EBFCD88", "nothing was changed")
        assert run.changed == 0, run.output
        assert output(hosts["node1"], f"cat {LISTED}") == before
        assert not hosts["node1"].file(OWN).exists
        assert not hosts["node1"].file(KEYRING).exists
        runs(hosts["node1"], OLD)

    def test_a_version_that_is_not_there(self, hosts, engine, repository):
        refused(
            engine(node1=docker(repository, swarm_engine_version="99")),
            "version 99 of package docker-ce is asked for, and nothing was changed", f"5:{NEW}-1~debian.13~trixie",
            f"5:{OLD}-1~debian.13~trixie",
        )  # fmt: skip
        runs(hosts["node1"], OLD)
        assert "docker.io" in installed(hosts["node1"])

    def test_files_that_are_for_no_host_or_have_another_name(self, engine, repository):
        run = engine(
            node1=files(repository, OLD, "bookworm"),
            node2={"swarm_engine_source": "files", "swarm_engine_package_files": ["/srv/docker.deb"]},
        )
        refused(
            run, "docker.deb is not named as package files are",
            "node1: option swarm_engine_package_files: none of the files is for Debian GNU/Linux 13 (trixie) on x86_64",
        )  # fmt: skip
        assert run.changed == 0, run.output


def test_another_source_takes_the_engine_over(hosts, engine, repository):
    wanted = {"node1": docker(repository, swarm_engine_version="26"), "node2": files(repository, OLD)}
    done(
        engine(**wanted),
        "remove package docker.io: docker-ce takes its place",
        "hold package containerd.io: it is not held",
    )
    for host in hosts.values():
        assert installed(host) == held(host) == set(DOCKER)
        runs(host, OLD)
        data_is_there(host)
        assert not host.file("/var/cache/dockyard-packages").exists
    # The list had the files of both releases.
    for name in DOCKER:
        assert hosts["node2"].package(name).version.endswith("~debian.12~bookworm")
    nothing_more(engine(**wanted))


def test_older_entries_are_taken_over_and_apt_works_again(hosts):
    host = hosts["node1"]
    output(host, "apt-get -q indextargets")
    lines = output(host, f"cat {LISTED}").splitlines()
    assert len(lines) == 2
    assert all(line.startswith("# taken over by dockyard.swarm: deb ") for line in lines)
    assert "Enabled: no" in output(host, "cat /etc/apt/sources.list.d/docker.sources")
    assert f"Signed-By: {KEYRING}" in output(host, f"cat {OWN}")


def test_upgrades_of_the_host_leave_held_packages_alone(hosts):
    host = hosts["node1"]
    output(host, f"DEBIAN_FRONTEND=noninteractive apt-get -q -y {ONLY_DOCKER} upgrade")
    runs(host, OLD)
    output(host, "apt-mark unhold docker-ce")
    assert "Inst docker-ce " in output(host, f"apt-get -q -s {ONLY_DOCKER} upgrade")


if SOAK:

    def test_another_version_is_installed_although_it_is_held(hosts, engine, repository):
        # It needs a newer containerd.io than this one, which is held as well.
        older = "containerd.io=1.7.24-1~debian.13~trixie"
        output(hosts["node1"], f"apt-get -q -y --allow-downgrades --allow-change-held-packages install {older}")
        output(hosts["node1"], "apt-mark hold containerd.io")
        wanted = {"node1": docker(repository, swarm_engine_version="28.5"), "node2": files(repository, NEW)}
        done(
            engine(**wanted),
            "upgrade package docker-ce: 28.5 is asked for",
            "upgrade package docker-ce-cli: 28.5 is asked for; it is held, and will be again",
            "hold package docker-ce: it is not held",
        )
        for host in hosts.values():
            assert held(host) == set(DOCKER)
            runs(host, NEW)
            data_is_there(host)
        nothing_more(engine(**wanted))

    def test_what_something_else_needs_is_not_removed_with_it(hosts, engine):
        host = hosts["node1"]
        output(
            host,
            "mkdir -p /tmp/needs/DEBIAN && printf 'Package: needs-docker\\nVersion: 1\\nArchitecture: all\\n"
            "Maintainer: x <x@example.com>\\nDepends: docker-ce\\nDescription: x\\n' > /tmp/needs/DEBIAN/control && "
            "dpkg-deb -b /tmp/needs /tmp/needs.deb && dpkg -i /tmp/needs.deb",
        )
        refused(engine(node1={}), "would also remove needs-docker, and nothing was changed")
        runs(host, NEW)
        output(host, "dpkg --purge needs-docker")

    @pytest.mark.parametrize("version", ["26", f"5:{NEW}-1~debian.13~trixie", "latest"])
    def test_any_version_can_be_gone_to(hosts, engine, repository, version):
        wanted = {"node1": docker(repository, swarm_engine_version=version)}
        done(engine(**wanted))
        runs(hosts["node1"], OLD if version == "26" else NEW)
        nothing_more(engine(**wanted))


def test_back_to_the_distribution(hosts, engine):
    done(engine(node1={}, node2={}), "remove package docker-ce: docker.io takes its place")
    for host in hosts.values():
        assert held(host) == installed(host) >= {"docker.io", "containerd", "runc"}
        assert not installed(host) & set(DOCKER)
        data_is_there(host)
        assert not host.file(OWN).exists
    runs(hosts["node1"], OLD)
    nothing_more(engine(node1={}, node2={}))
