# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import datetime
import ipaddress
from functools import partial

import pytest
from ansible.errors import AnsibleFilterError
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ansible_collections.dockyard.swarm.plugins.filter.certificates import FilterModule

certificate_plan = partial(FilterModule().filters()["certificate_plan"], None)
NOW = datetime.datetime.now(datetime.UTC)
WANTED = [{"name": "registry", "names": ["Registry.example", "192.0.2.1"]}]
NAMES = [x509.DNSName("registry.example"), x509.IPAddress(ipaddress.ip_address("192.0.2.1"))]


class Folder:
    """A secrets folder with an authority, as the tasks make it."""

    def __init__(self, path):
        self.root = path
        self.pki = path / "pki"
        self.pki.mkdir()
        self.authority()

    def key(self, name):
        key = ec.generate_private_key(ec.SECP256R1())
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        target = self.pki / (name + ".key")
        target.write_bytes(pem)
        target.chmod(0o600)
        return key

    def authority(self, days=3650, key=None, is_ca=True):
        self.ca_key = key or self.key("ca")
        self.ca_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority")])
        self._write("ca", self.ca_key, self.ca_name, days, [(x509.BasicConstraints(is_ca, None), True)])

    def certificate(self, name="registry", days=825, names=tuple(NAMES), usage=ExtendedKeyUsageOID.SERVER_AUTH):
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        extensions = [(x509.SubjectAlternativeName(names), False), (x509.ExtendedKeyUsage([usage]), False)]
        self._write(name, self.key(name), subject, days, extensions)

    def _write(self, name, key, subject, days, extensions):
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.ca_name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW - datetime.timedelta(days=2000))
            .not_valid_after(NOW + datetime.timedelta(days=days))
        )
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical)
        signed = builder.sign(self.ca_key, hashes.SHA256())
        (self.pki / (name + ".crt")).write_bytes(signed.public_bytes(serialization.Encoding.PEM))

    def plan(self, wanted=None):
        return [(item["do"], item["to"], item["why"]) for item in certificate_plan(wanted or WANTED, str(self.root))]


@pytest.fixture
def folder(tmp_path):
    made = Folder(tmp_path)
    made.certificate()
    return made


def test_before_there_is_anything(tmp_path):
    plan = certificate_plan(WANTED, str(tmp_path / "none"))
    assert [(item["do"], item["to"]) for item in plan] == [
        ("create", "the certificate authority"),
        ("create", "certificate registry"),
    ]
    assert plan[0]["certificate"] is None
    assert plan[1]["certificate"]["subject_alt_name"] == ["DNS:registry.example", "IP:192.0.2.1"]
    assert not (tmp_path / "none").exists()


def test_all_well(folder):
    assert folder.plan() == []
    assert folder.plan([{"name": "registry", "names": ["192.0.2.1", "registry.example", "registry.example"]}]) == []


def test_the_authoritys_key_may_be_away_until_it_is_needed(folder):
    (folder.pki / "ca.key").unlink()
    assert folder.plan() == []
    with pytest.raises(AnsibleFilterError, match=r"ca\.key.* is missing, and is needed now"):
        folder.plan([*WANTED, {"name": "other", "names": ["x"]}])


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"days": 29}, "expires on"),
        ({"days": -1}, "expired on"),
        ({"names": NAMES[:1]}, "its names differ"),
        ({"names": [*NAMES, x509.DNSName("more.example")]}, "its names differ"),
        ({"usage": ExtendedKeyUsageOID.CLIENT_AUTH}, "its usage differs"),
    ],
)
def test_renewed_where_it_does_not_fit(folder, options, why):
    folder.certificate(**options)
    ((do, to, reason),) = folder.plan()
    assert (do, to) == ("renew", "certificate registry")
    assert reason.startswith(why)


def test_further_names_are_fine_and_kept_where_that_is_asked_for(folder):
    more = [*NAMES, x509.DNSName("more.example")]
    folder.certificate(names=more)
    wanted = [dict(WANTED[0], exact=False)]
    assert folder.plan(wanted) == []
    folder.certificate(names=more, days=1)
    (change,) = certificate_plan(wanted, str(folder.root))
    assert change["certificate"]["subject_alt_name"][-1] == "DNS:more.example"


def test_another_authority(folder):
    folder.authority()
    assert folder.plan() == [("renew", "certificate registry", "another authority signed it")]


def test_an_authority_renewed_with_its_key_keeps_its_certificates(folder):
    folder.authority(days=10, key=folder.ca_key)
    ((do, to, why),) = folder.plan()
    assert (do, to) == ("renew", "the certificate authority")
    assert why.startswith("expires on")


def test_a_lost_authority_renews_everything(folder):
    (folder.pki / "ca.crt").unlink()
    (folder.pki / "ca.key").unlink()
    assert folder.plan() == [
        ("create", "the certificate authority", "is missing"),
        ("renew", "certificate registry", "another authority signed it"),
    ]


def test_no_authority_at_all(folder):
    folder.authority(key=folder.ca_key, is_ca=False)
    assert ("renew", "the certificate authority", "is no certificate authority") in folder.plan()


def test_keys(folder):
    (folder.pki / "registry.key").chmod(0o644)
    assert folder.plan() == [("protect", "certificate registry", "its key has to have mode 0600")]
    folder.key("registry")
    assert folder.plan() == [("renew", "certificate registry", "its key is another one")]
    (folder.pki / "registry.key").write_text("broken")
    assert folder.plan() == [("renew", "certificate registry", "its key is another one")]
    (folder.pki / "registry.key").unlink()
    assert folder.plan() == [("renew", "certificate registry", "its key is missing")]


def test_a_certificate_cut_short(folder):
    (folder.pki / "registry.crt").write_text("-----BEGIN CERTIFICATE-----\n")
    ((do, _to, why),) = folder.plan()
    assert do == "renew"
    assert why.startswith("cannot be read")


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ([{"name": "ca", "names": ["a"]}], "is no name"),
        ([{"name": "../x", "names": ["a"]}], "is no name"),
        ([{"name": "a", "names": []}], "a has no names"),
        ([{"name": "a", "names": ["a b"]}], "neither a host name nor an address"),
        ([{"name": "a", "names": ["a"], "usage": "both"}], "usage of a is 'both'"),
        ([{"name": "a", "names": ["a"]}, {"name": "a", "names": ["b"]}], "given twice"),
    ],
)
def test_bad_options_are_named(tmp_path, wanted, words):
    with pytest.raises(AnsibleFilterError, match=words):
        certificate_plan(wanted, str(tmp_path))
