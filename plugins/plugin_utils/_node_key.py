# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: the key of a manager, ``certificates/swarm-node.key``, encrypted where the swarm has autolock.

It holds the node's private key, and in its headers the keys of raft's log. A single locked manager cannot be unlocked: the
Engine takes the unlock key, and then accepts no other node until there is a quorum (Engine 26.1). So its key is decrypted on the
disk first. The manager encrypts it again as soon as it leads its swarm, since a decrypted key has an older version (0) than the
swarm's.
"""

from __future__ import annotations

import base64
import hashlib
import re

from ansible.errors import AnsibleActionFail

from ._secretbox import SecretboxError, open_box

PATH = "certificates/swarm-node.key"
_UNLOCK = "SWMKEY-1-"
_BLOCK = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----\n((?:[A-Za-z-]+: .*\n)*)\n?([A-Za-z0-9+/=\n]+)-----END \1-----\n*\Z")
_ENCRYPTED = "ENCRYPTED PRIVATE KEY"
_VERSION = "kek-version"
_RAFT = ("raft-dek", "raft-dek-pending")
# How a header's value is encrypted.
_PLAIN = 0
_SECRETBOX = 1


REMEDY = (
    "Put the swarm's unlock key as a line into a file NAME.keys in swarm/unlock below swarm_cluster_secrets_dir on the "
    "controller and run again"
)


class KeyFileError(Exception):
    """The key stays encrypted. The text says why, and holds nothing secret."""


def is_encrypted(text):
    """Whether a manager's key needs another one to be read."""
    return "-----BEGIN %s-----" % _ENCRYPTED in text or "Proc-Type: 4,ENCRYPTED" in text


def decrypt_key(text, keys):
    """The text of a manager's key as it is in a swarm that does not lock its managers.

    :param keys: unlock keys (``SWMKEY-1-…``); the first that fits is taken.
    """
    if not is_encrypted(text):
        return text
    match = _BLOCK.match(text)
    if not match or match.group(1) != _ENCRYPTED:
        raise KeyFileError("it is damaged, or of a kind that this collection does not know")
    headers = dict(line.split(": ", 1) for line in match.group(2).splitlines())
    try:
        body = base64.b64decode(match.group(3))
    except ValueError as exc:
        raise KeyFileError("it is damaged: %s" % exc) from exc
    for key in keys:
        raw = _raw(key)
        private = raw and _private(body, raw)
        if private:
            opened = {name: _open(value, raw) if name in _RAFT else value for name, value in headers.items()}
            opened.pop(_VERSION, None)
            return _pem("PRIVATE KEY", opened, private)
    if not keys:
        raise KeyFileError("the controller has no unlock key")
    raise KeyFileError("none of %d unlock keys opens it" % len(keys))


def for_plan(action, asked, keys, task_vars):
    """The arguments that a module's plan needs to decrypt the manager's key: of that host, by the controller's half of it."""
    if not any(item["do"] == "decrypt" for item in asked["plan"]):
        return {"node_key": "", "node_key_of": None}
    read = action._execute_module(
        module_name="ansible.legacy.slurp", module_args={"src": asked["key"]}, task_vars=task_vars
    )
    if read.get("failed"):
        raise AnsibleActionFail("the manager's key cannot be fetched: %s" % read.get("msg"))
    data = base64.b64decode(read["content"])
    try:
        text = decrypt_key(data.decode("ascii", "replace"), keys)
    except KeyFileError as exc:
        raise AnsibleActionFail(
            "the manager's key %s is encrypted, since its swarm locks managers when they start (autolock), and %s. %s"
            % (asked["key"], exc, REMEDY)
        ) from exc
    return {"node_key": text, "node_key_of": hashlib.sha256(data).hexdigest()}


def _raw(key):
    """The 32 bytes of an unlock key, or None where it is none."""
    text = key.strip()
    try:
        raw = base64.b64decode(text[len(_UNLOCK) :] + "=", validate=True)
    except ValueError:
        return None
    return raw if text.startswith(_UNLOCK) and len(raw) == 32 else None


def _private(body, raw):
    """The private key, unencrypted, or None where the key does not fit."""
    try:
        from cryptography.hazmat.primitives import serialization
    except ImportError as exc:
        raise KeyFileError("the controller lacks the Python library cryptography: %s" % exc) from exc
    try:
        key = serialization.load_der_private_key(body, password=raw)
    except Exception:  # a wrong key leads to one of several, by chance
        return None
    return key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _open(value, raw):
    """A header's value, unencrypted. It is a protobuf message: 1 how it is encrypted, 2 the data, 3 the nonce."""
    try:
        fields = _fields(base64.b64decode(value, validate=True))
        kind, data = fields.get(1, _PLAIN), fields[2]
        if kind == _SECRETBOX:
            data = open_box(data, fields[3], raw)
        elif kind != _PLAIN:
            raise KeyFileError(
                "the key of raft's log is encrypted in a way that this collection does not know (%s)" % kind
            )
    except (ValueError, KeyError, IndexError, TypeError, SecretboxError) as exc:
        raise KeyFileError("the key of raft's log in it is damaged") from exc
    if len(data) > 127:
        raise KeyFileError("the key of raft's log in it has %d bytes" % len(data))
    return base64.b64encode(b"\x12" + bytes([len(data)]) + data).decode()


def _fields(data):
    """The fields of a protobuf message that has numbers and bytes below 128 only."""
    found, at = {}, 0
    while at < len(data):
        number, kind, value = data[at] >> 3, data[at] & 7, data[at + 1]
        at += 2
        if value > 127 or kind not in (0, 2):
            raise ValueError("no such message")
        if kind == 2:
            if at + value > len(data):
                raise ValueError("it ends too early")
            value, at = data[at : at + value], at + value
        found[number] = value
    return found


def _pem(title, headers, body):
    text = base64.b64encode(body).decode()
    lines = ["-----BEGIN %s-----" % title, *("%s: %s" % item for item in sorted(headers.items()))]
    lines += [""] if headers else []
    lines += [text[at : at + 64] for at in range(0, len(text), 64)]
    return "\n".join([*lines, "-----END %s-----" % title, ""])
