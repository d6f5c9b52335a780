"""What else a host gets: authorities of registries, the API by TCP, a time zone. At the end all of it is gone again."""

from __future__ import annotations

import http.client
import json
import os
import re
import ssl
import subprocess
from pathlib import Path

import pytest

from tests.support import output, told

# On both machines in a soak, else on one.
NAMES = ["node1", "node2"] if os.environ.get("DOCKYARD_SOAK") else ["node1"]
LIMIT = ("--limit", ",".join(NAMES))
AUTHORITY = "/etc/docker/certs.d/registry.example.org:5000/ca.crt"
KEY = "/etc/dockyard/engine/server.key"
PORT = 2376


def engine(*words: str, **variables):
    return told(*LIMIT, *words, "-e", json.dumps(variables), name="../molecule/engine/engine")


def host_role(*words: str):
    return told(*LIMIT, *words, name="../molecule/engine/host")


@pytest.fixture(scope="module")
def chosen(hosts):
    """The machines that the tests of this file are about."""
    return {name: hosts[name] for name in NAMES}


def changed(run) -> None:
    assert run.code == 0, run.output
    assert run.changes, run.output


def nothing(run) -> None:
    assert (run.code, run.changes, run.lines) == (0, [], []), run.output


@pytest.fixture(scope="module")
def pki(lab):
    """The folder of the collection's certificates."""
    return lab.state.directory / "secrets" / "pki"


def client(pki) -> tuple[Path, Path]:
    """The clients' certificate and key."""
    folder = pki.parent / "engine-api" / "pki"
    return folder / "client.crt", folder / "client.key"


def connect(address: str, pki, certificate: tuple[Path, Path] | None) -> http.client.HTTPSConnection:
    context = ssl.create_default_context(cafile=pki / "ca.crt")
    if certificate:
        context.load_cert_chain(*certificate)
    return http.client.HTTPSConnection(address, PORT, context=context, timeout=10)


def served(address: str, pki) -> bytes:
    """The certificate that the API shows."""
    connection = connect(address, pki, client(pki))
    connection.connect()
    shown = connection.sock.getpeercert(binary_form=True)
    connection.close()
    return shown


def ask(address: str, pki, certificate: tuple[Path, Path] | None) -> int:
    """The status that the API answers with; trouble with TLS is an error."""
    connection = connect(address, pki, certificate)
    try:
        connection.request("GET", "/info")
        return connection.getresponse().status
    finally:
        connection.close()


def signed_by(authority: Path, folder: Path) -> tuple[Path, Path]:
    """A certificate and key for a client, signed by this authority."""
    crt, key = folder / "x.crt", folder / "x.key"
    openssl = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "1",
    ]
    openssl += [
        "-CA",
        f"{authority}.crt",
        "-CAkey",
        f"{authority}.key",
        "-subj",
        "/CN=x",
        "-addext",
        "extendedKeyUsage=clientAuth",
    ]
    subprocess.run([*openssl, "-keyout", key, "-out", crt], check=True, capture_output=True)
    return crt, key


def test_authorities_of_registries(chosen):
    wanted = {"swarm_engine_registry_cas": {"registry.example.org:5000": "-----BEGIN CERTIFICATE-----\n"}}
    started = [
        output(host, "systemctl show -P ActiveEnterTimestampMonotonic docker.service") for host in chosen.values()
    ]
    changed(engine(**wanted))
    for host in chosen.values():
        assert host.file(AUTHORITY).content_string.startswith("-----BEGIN")
    nothing(engine(**wanted))
    changed(engine(swarm_engine_registry_cas={"registry.example.org:5000": ""}))
    assert not any(host.file(AUTHORITY).exists for host in chosen.values())
    nothing(engine(swarm_engine_registry_cas={"registry.example.org:5000": ""}))
    assert started == [
        output(host, "systemctl show -P ActiveEnterTimestampMonotonic docker.service") for host in chosen.values()
    ]


class TestApi:
    """The API by TCP."""

    def test_check_mode_tells_and_does_nothing(self, chosen, pki):
        run = engine("--check", "--diff", swarm_engine_api=True)
        assert run.code == 0, run.output
        said = [line for _host, line in run.lines]
        assert "add daemon.json: tlsverify: missing" in said
        assert f"write {KEY}: missing" in said
        assert not client(pki)[1].exists()
        assert not any(host.file(KEY).exists for host in chosen.values())

    def test_it_answers_clients_with_a_certificate_and_nobody_else(self, chosen, address, pki, tmp_path):
        changed(engine(swarm_engine_api=True))
        for name, host in chosen.items():
            assert ask(address[name], pki, client(pki)) == 200
            # Hosts have certificates of the collection's own authority, such as this one: they open nothing here.
            for wrong in (None, signed_by(pki / "ca", tmp_path)):
                with pytest.raises((ssl.SSLError, OSError, http.client.HTTPException)):
                    ask(address[name], pki, wrong)
            plain = http.client.HTTPConnection(address[name], PORT, timeout=10)
            plain.request("GET", "/info")
            assert plain.getresponse().status == 400
            plain.close()
            # As before on the host itself.
            assert output(host, "docker info -f '{{.ID}}'")
            assert host.file(KEY).mode == 0o600
        nothing(engine(swarm_engine_api=True))

    def test_a_renewed_certificate_is_in_use_after_the_run(self, address, pki):
        before = served(address["node1"], pki)
        (pki / "engine-node1.crt").unlink()
        run = engine(swarm_engine_api=True)
        changed(run)
        assert {host for host, task in run.changes if task == "Configure the daemon"} == {"node1"}
        assert served(address["node1"], pki) != before
        nothing(engine(swarm_engine_api=True))

    def test_it_is_closed_again(self, chosen, address, pki):
        changed(engine(swarm_engine_api=False))
        for name, host in chosen.items():
            with pytest.raises(ConnectionRefusedError):
                ask(address[name], pki, client(pki))
            assert "tls" not in output(host, "cat /etc/docker/daemon.json")
        nothing(engine())


class TestTimeZone:
    """The hosts' time zone."""

    def test_one_that_does_not_exist_is_refused(self):
        run = host_role("-e", "swarm_host_timezone=Europe/Belrin")
        assert run.code != 0
        assert "did you mean Europe/Berlin?" in run.output
        assert run.changes == []

    def test_it_is_set_and_set_back(self, chosen):
        first = host_role()
        assert first.code == 0, first.output
        before = {name: output(host, "date +%Z") for name, host in chosen.items()}
        for zone, shown in (("Asia/Tokyo", "JST"), ("Etc/UTC", "UTC")):
            run = host_role("-e", f"swarm_host_timezone={zone}")
            changed(run)
            lines = {line for _host, line in run.lines if "time zone" in line}
            assert lines
            assert all(re.fullmatch(f"set time zone: .+ → {zone}", line) for line in lines), lines
            assert {output(host, "date +%Z") for host in chosen.values()} == {shown}
            nothing(host_role("-e", f"swarm_host_timezone={zone}"))
        assert set(before.values()) == {"UTC"}
