# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter certificate_plan: what is to be done to the certificates that live on the controller."""

from __future__ import annotations

import datetime
import ipaddress
import os
import re

from ansible.errors import AnsibleFilterError
from jinja2 import pass_environment

from ..module_utils._core.plan import PlanError, change, public
from ..plugin_utils import _secret_files

RENEW = datetime.timedelta(days=30)
_NAME = re.compile(r"^[a-z0-9][a-z0-9-]*$")
_DNS = re.compile(r"^(\*\.)?[a-zA-Z0-9_]([a-zA-Z0-9_-]*[a-zA-Z0-9_])?(\.[a-zA-Z0-9_]([a-zA-Z0-9_-]*[a-zA-Z0-9_])?)*$")
_USAGES = {"server": "serverAuth", "client": "clientAuth"}
AUTHORITY = "ca"


def plan_certificates(wanted, have, now):
    """The changes that lead to the wanted certificates; pure.

    :param wanted: ``[{name, names, usage}]``.
    :param have: what :func:`read` found: name -> ``{key, certificate, ...}``, the authority under ``ca``.
    :param now: the time, with a time zone.
    """
    certificates = [parse(item) for item in wanted]
    names = [item["name"] for item in certificates]
    for name in names:
        if names.count(name) > 1:
            raise PlanError("swarm_cluster_certificates: name %s is given twice" % name)
    authority = have.get(AUTHORITY) or {}
    # The authority's key may be kept elsewhere while there is nothing to sign.
    away = bool(authority.get("certificate")) and not authority.get("key")
    reasons = _reasons(authority, now, need_key=False)
    if not reasons and not authority["is_ca"]:
        reasons = ["is no certificate authority"]
    plan = _plan_one("the certificate authority", authority, reasons, None)
    # A new certificate for the same key still vouches for what the key signed.
    replaced = bool(reasons) and not (authority.get("certificate") and authority.get("key_fits", True))
    for item in certificates:
        facts = have.get(item["name"]) or {}
        reasons = _reasons(facts, now)
        if facts.get("certificate") and not facts.get("error"):
            if not item["exact"]:
                item["subject_alt_name"] += [name for name in facts["names"] if name not in item["subject_alt_name"]]
            if set(facts["names"]) != set(item["subject_alt_name"]):
                reasons.append("its names differ")
            if facts["usage"] != item["usage"]:
                reasons.append("its usage differs")
            if replaced or facts.get("signed") is False:
                reasons.append("another authority signed it")
        plan += _plan_one("certificate " + item["name"], facts, reasons, item)
    if away and any(entry["do"] != "protect" for entry in plan):
        # Another one would silently cut off every host and client that trusts the present one.
        raise PlanError(
            "the key of the certificate authority (pki/ca.key) is missing, and is needed now (%s: %s); put it back, or "
            "have a new authority made: move pki/ca.crt away and run site with -e swarm_cluster_take_over=true"
            % (plan[0]["to"], plan[0]["why"])
        )
    return plan


def _plan_one(what, facts, reasons, item):
    after = sorted(item["subject_alt_name"]) if item else None
    if reasons:
        verb = "renew" if facts.get("certificate") else "create"
        return [
            change(verb, what, ", ".join(reasons), before=facts.get("names") or None, after=after, certificate=item)
        ]
    if facts.get("key") and facts.get("key_mode") != "0600":
        why = "its key has to have mode 0600"
        return [change("protect", what, why, before=facts.get("key_mode"), after="0600", certificate=item)]
    return []


def parse(item):
    """One wanted certificate, checked: ``{name, subject_alt_name, usage, exact}``."""
    name = item.get("name")
    if not isinstance(name, str) or not _NAME.match(name) or name == AUTHORITY:
        raise PlanError(
            "swarm_cluster_certificates: %r is no name (small letters, digits, hyphens; not 'ca')" % (name,)
        )
    usage = item.get("usage") or "server"
    if usage not in _USAGES:
        raise PlanError("swarm_cluster_certificates: usage of %s is %r; it can be server or client" % (name, usage))
    given = [str(entry) for entry in item.get("names") or []]
    if not given:
        raise PlanError("swarm_cluster_certificates: %s has no names; give at least one host name or address" % name)
    return {
        "name": str(name),
        "usage": str(usage),
        "subject_alt_name": list(dict.fromkeys(_general_name(entry) for entry in given)),
        "exact": item.get("exact", True),
    }


def _general_name(text):
    try:
        return "IP:%s" % ipaddress.ip_address(text)
    except ValueError:
        pass
    if not _DNS.match(text):
        raise PlanError("swarm_cluster_certificates: %r is neither a host name nor an address" % text)
    return "DNS:%s" % text.lower()


def _reasons(facts, now, need_key=True):
    if not facts.get("certificate"):
        return ["is missing"]
    if facts.get("error"):
        return [facts["error"]]
    reasons = []
    if facts["not_after"] <= now:
        reasons.append("expired on %s" % facts["not_after"].strftime("%Y-%m-%d"))
    elif facts["not_after"] - now < RENEW:
        reasons.append("expires on %s" % facts["not_after"].strftime("%Y-%m-%d"))
    if not facts.get("key"):
        reasons += ["its key is missing"] if need_key else []
    elif not facts["key_fits"]:
        reasons.append("its key is another one")
    return reasons


def read(folder, names, decrypt=None):
    """What lies in the ``pki`` folder about the named certificates and the authority.

    :param decrypt: see :func:`_secret_files.read`.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization

    def public_bytes(key):
        return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)

    def extension(certificate, kind):
        try:
            return certificate.extensions.get_extension_for_class(kind).value
        except x509.ExtensionNotFound:
            return None

    have = {}
    authority = None
    for name in [AUTHORITY] + list(names):
        facts = {}
        key_text, key_mode = _file(os.path.join(folder, name + ".key"), decrypt)
        certificate_text, _mode = _file(os.path.join(folder, name + ".crt"), decrypt)
        if key_text is not None:
            facts.update(key=True, key_mode=key_mode)
        if certificate_text is not None:
            facts["certificate"] = True
            try:
                certificate = x509.load_pem_x509_certificate(certificate_text)
                facts["not_after"] = certificate.not_valid_after_utc
                constraints = extension(certificate, x509.BasicConstraints)
                facts["is_ca"] = bool(constraints and constraints.ca)
                alternatives = extension(certificate, x509.SubjectAlternativeName) or []
                facts["names"] = [_shown(item, x509) for item in alternatives]
                usages = {item.dotted_string for item in extension(certificate, x509.ExtendedKeyUsage) or []}
                facts["usage"] = {"1.3.6.1.5.5.7.3.1": "server", "1.3.6.1.5.5.7.3.2": "client"}.get(
                    usages.pop() if len(usages) == 1 else "", "other"
                )
                if name == AUTHORITY:
                    authority = certificate
                elif authority is not None:
                    facts["signed"] = _signed_by(certificate, authority)
            except ValueError as exc:
                facts["error"] = "cannot be read (%s)" % str(exc).split("\n", maxsplit=1)[0].rstrip(".")
        if key_text is not None and certificate_text is not None and not facts.get("error"):
            try:
                key = serialization.load_pem_private_key(key_text, password=None)
                facts["key_fits"] = public_bytes(key.public_key()) == public_bytes(certificate.public_key())
            except (ValueError, TypeError):
                facts["key_fits"] = False
        if facts:
            have[name] = facts
    return have


def _file(path, decrypt):
    data = _secret_files.read(path, decrypt)
    if data is None:
        return None, None
    # One that is encrypted may be read by others, as in a checkout of Git.
    mode = 0o600 if _secret_files.is_encrypted(path) else os.stat(path).st_mode & 0o7777
    return data, "%04o" % mode


def _shown(item, x509):
    if isinstance(item, x509.IPAddress):
        return "IP:%s" % item.value
    if isinstance(item, x509.DNSName):
        return "DNS:%s" % item.value.lower()
    return str(item.value)


def _signed_by(certificate, authority):
    from cryptography.exceptions import InvalidSignature

    try:
        certificate.verify_directly_issued_by(authority)
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


@pass_environment
def _certificate_plan(environment, wanted, secrets_dir):
    return certificate_plan(wanted, secrets_dir, _secret_files.by_environment(environment))


def certificate_plan(wanted, secrets_dir, decrypt=None):
    """What is to be done so that the certificates below ``secrets_dir`` are the wanted ones. Without any, nothing is."""
    if not wanted:
        return []
    try:
        certificates = [parse(item) for item in wanted]
    except PlanError as exc:
        raise AnsibleFilterError(str(exc)) from None
    folder = os.path.join(_secret_files.folder(secrets_dir), "pki")
    try:
        have = read(folder, [item["name"] for item in certificates], decrypt)
        plan = plan_certificates(wanted, have, datetime.datetime.now(datetime.timezone.utc))
    except ImportError as exc:
        raise AnsibleFilterError(
            "the controller needs the Python library cryptography (42 or newer): %s" % exc
        ) from exc
    except OSError as exc:
        raise AnsibleFilterError("cannot read the certificates on the controller: %s" % exc) from exc
    except PlanError as exc:
        raise AnsibleFilterError("%s (in %s)" % (exc, folder)) from None
    return [dict(shown, certificate=item["certificate"]) for shown, item in zip(public(plan), plan)]


class FilterModule:
    """The filter of this file."""

    def filters(self):
        return {"certificate_plan": _certificate_plan}
