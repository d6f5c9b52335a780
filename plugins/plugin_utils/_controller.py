# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: what the controller's folder for secrets has, as fingerprints that tell no secret."""

from __future__ import annotations

import hashlib
import os
import re

from ansible.errors import AnsibleError

from . import _secret_files

# The authority that a take-over replaces, beside the new one as long as both have to be trusted.
FORMER = "former-ca.crt"
# Of a password that people may have chosen, a digest could be guessed: only what looks like a random one has a fingerprint.
_RANDOM = re.compile(r"^[A-Za-z0-9+/=_-]{32,}$")
NO_FINGERPRINT = "set by hand"


def merged(items):
    """The secrets that the roles contribute, each once: what several roles say of one is put together."""
    found = {}
    for item in items:
        one = found.setdefault(
            item["name"], {"name": str(item["name"]), "file": str(item["file"]), "trusted_by": [], "apply": []}
        )
        if one["file"] != item["file"]:
            raise AnsibleError(
                "secret %s is in %s for one role and in %s for another: only one file can hold it"
                % (item["name"], one["file"], item["file"])
            )
        for key in ("what", "length", "lost"):
            if item.get(key):
                one[key] = item[key]
        one["trusted_by"] += [file for file in item.get("trusted_by") or [] if file not in one["trusted_by"]]
        if item.get("apply"):
            one["apply"].append(item["apply"])
    return list(found.values())


def read(items, secrets_dir, decrypt):
    """The folder as the plan takes it: ``{dir, problem, former, secrets}``.

    :param items: see :func:`merged`.
    :param decrypt: see :func:`_secret_files.read`.
    """
    problem = _secret_files.folder_problem(secrets_dir, os.environ.get("HOME"))
    if problem or not items:
        return {"dir": str(secrets_dir), "problem": problem, "former": False, "secrets": []}
    folder = _secret_files.folder(secrets_dir)
    try:
        former = _secret_files.read(os.path.join(folder, "pki", FORMER), decrypt) or b""
        found = [_named(_read, item, folder, former, decrypt) for item in merged(items)]
    except _secret_files.SecretFileError as exc:
        return {"dir": folder, "problem": str(exc), "former": False, "secrets": []}
    return {"dir": folder, "problem": None, "former": bool(former), "secrets": found}


def _named(read_one, item, *given):
    """Read one secret; an error says which one it is."""
    try:
        return read_one(item, *given)
    except _secret_files.SecretFileError as exc:
        raise _secret_files.SecretFileError("%s: %s" % (item.get("what") or item["name"], exc)) from None


def _read(item, folder, former, decrypt):
    path = os.path.join(folder, os.path.expanduser(item["file"]))
    one = dict(
        item, what=item.get("what") or item["name"], lost=item.get("lost") or "", path=path, fingerprint=None, digests=[],
        authority=path.endswith(".crt"),
    )  # fmt: skip
    text = _secret_files.read(path, decrypt)
    if one["authority"]:
        key = _secret_files.read(path[: -len(".crt")] + ".key", decrypt) if text is None else None
        one["fingerprint"] = _of_authority(text, key)
        if text is not None:
            one["digests"] = [hashlib.sha256(content).hexdigest() for content in (text, text + former)]
    elif text is not None:
        one["fingerprint"] = of_random(item["name"], text.decode("utf-8", "replace").strip())
    return one


def of_random(name, text):
    """The fingerprint of a random text; the name is part of it, so that no two of them say that they are of the same text."""
    if not _RANDOM.match(text) or not _secret_files.has_all_kinds(text):
        return NO_FINGERPRINT
    return "sha256:" + hashlib.sha256(("dockyard.swarm secret %s\0%s" % (name, text)).encode()).hexdigest()[:32]


def of_public_key(key):
    """The fingerprint of a key pair, of its public part alone."""
    from cryptography.hazmat.primitives import serialization

    data = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return "sha256:" + hashlib.sha256(data).hexdigest()


def _of_authority(text, key):
    if text is None and key is None:
        return None
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization

    try:
        if text is not None:
            return of_public_key(x509.load_pem_x509_certificate(text).public_key())
        return of_public_key(serialization.load_pem_private_key(key, password=None).public_key())
    except (ValueError, TypeError):
        return "damaged"  # fits nothing


def former_authorities(texts, fingerprint):
    """The certificates among PEM texts that have this fingerprint, each once, as one text.

    :param texts: what hosts trust. A host could name any authority: only the one that the swarm tells of counts.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization

    found = {}
    for text in texts:
        try:
            certificates = x509.load_pem_x509_certificates(text.encode())
        except ValueError:
            continue
        for item in certificates:
            if of_public_key(item.public_key()) == fingerprint:
                found[item.public_bytes(serialization.Encoding.PEM).decode()] = True
    # Behind another certificate, which may lack the line break at its end.
    return "".join("\n" + text for text in sorted(found))


def fingerprint_of(*texts):
    """The fingerprint of the first certificate in PEM texts, None where there is none."""
    from cryptography import x509

    for text in texts:
        try:
            return of_public_key(x509.load_pem_x509_certificate(text.encode()).public_key())
        except ValueError:
            continue
    return None


# Backups are encrypted by a key of their own; what a browser or a node gets anyway is no secret.
_BACKUPS = "backups"
_PUBLIC = (".crt",)


def files(folder, decrypt):
    """Every file and folder below the controller's folder: ``[{file, folder, mode, wide, encrypted, secret, expires, error}]``.

    :param decrypt: see :func:`_secret_files.read`.
    """
    if not os.path.isdir(folder):
        return []
    found = [_looked_at(folder, ".", decrypt)]
    for where, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in (_BACKUPS, ".git"))
        listed = folders + sorted(name for name in names if not name.startswith("."))
        found += [_looked_at(folder, os.path.relpath(os.path.join(where, name), folder), decrypt) for name in listed]
    return found


def _looked_at(folder, file, decrypt):
    path = os.path.join(folder, file)
    is_folder = os.path.isdir(path)
    mode = os.stat(path).st_mode & 0o7777
    item = {
        "file": file, "folder": is_folder, "mode": "%04o" % mode, "encrypted": False, "error": None, "expires": None,
        "secret": not is_folder and not file.endswith(_PUBLIC),
        # An encrypted file, and a certificate, may be read by a team.
        "wide": bool(mode & 0o077),
    }  # fmt: skip
    if is_folder:
        return item
    item["encrypted"] = _secret_files.is_encrypted(path)
    item["wide"] = item["wide"] and item["secret"] and not item["encrypted"]
    try:
        text = _secret_files.read(path, decrypt)
        if file.endswith((".crt", ".key")) and not text.strip():
            item["error"] = "is empty: remove it, and site.yml makes it again if it may"
        elif file.endswith(".crt"):
            item["expires"] = _expires(text)
    except (AnsibleError, OSError, ValueError) as exc:
        item["error"] = str(exc).split("\n", maxsplit=1)[0]
    return item


def _expires(text):
    import datetime

    from cryptography import x509

    end = x509.load_pem_x509_certificate(text).not_valid_after_utc
    left = end - datetime.datetime.now(datetime.timezone.utc)
    return end.strftime("%Y-%m-%d") if left < datetime.timedelta(days=30) else None
