# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: htpasswd
short_description: A password file with bcrypt lines that are kept as long as they fit
version_added: 0.1.0
author:
  - The dockyard.swarm maintainers (@dockyard)
description:
  - Makes the text of an htpasswd file for the given users, and for them alone.
  - A line of the existing file stays as it is while the password fits it, so that the text changes only when a user
    or a password does.
  - A new line gets its salt from the existing file, which is as random as that file, so that the same text comes out each time it
    is asked for, in check mode, too. Without one the salt is random.
  - A line break at the end of a password, as files and vaults have it, is left out.
  - The controller needs the Python library bcrypt.
positional: existing
options:
  _input:
    description: Passwords by user.
    type: dict
    required: true
  existing:
    description: Text of the existing file, empty where there is none.
    type: str
    default: ""
notes:
  - bcrypt reads 72 bytes of a password and no more, so longer ones are refused.
"""

EXAMPLES = r"""
- name: Write the password file
  ansible.builtin.copy:
    content: "{{ users | dockyard.swarm.htpasswd(lookup('ansible.builtin.file', '/srv/registry/htpasswd')) }}"
    dest: /srv/registry/htpasswd
    mode: "0600"
  no_log: true
"""

RETURN = r"""
_value:
  description: The file's text, one line a user.
  type: str
"""

import base64
import hashlib
import re

from ansible.errors import AnsibleFilterError

from ..module_utils._services.registry_options import clean_users

ROUNDS = 10
# The digits of bcrypt's own base64, in the order of the usual ones.
_DIGITS = bytes.maketrans(
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
    b"./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
)
_LINE = re.compile(r"^([^:\s]+):(\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53})$")


def htpasswd(users, existing=""):
    """The password file of ``users`` (name -> password); lines of ``existing`` that still fit are kept."""
    try:
        import bcrypt
    except ImportError as exc:
        raise AnsibleFilterError("the controller needs the Python library bcrypt: %s" % exc) from exc
    kept = {}
    for line in (existing or "").splitlines():
        match = _LINE.match(line.strip())
        if match and int(match.group(3)) >= ROUNDS:
            kept[match.group(1)] = match.group(2)
    users = clean_users(users)
    lines = []
    for user in sorted(users):
        password = _checked(user, users[user])
        known = kept.get(user)
        if not known or not bcrypt.checkpw(password, known.encode()):
            known = bcrypt.hashpw(password, _salt(user, existing) if kept else bcrypt.gensalt(ROUNDS)).decode()
        lines.append("%s:%s\n" % (user, known))
    return "".join(lines)


def _salt(user, existing):
    """A salt that no other line has: it depends on the lines before, with their salts, and on nothing that is secret."""
    digest = hashlib.sha256(("%s\n%s" % (user, existing)).encode("utf-8")).digest()[:16]
    return b"$2b$%02d$" % ROUNDS + base64.b64encode(digest).translate(_DIGITS).rstrip(b"=")


def _checked(user, password):
    if not re.match(r"^[^:\s]+$", str(user)):
        raise AnsibleFilterError("%r is no name of a user: it must not have a colon or a blank in it" % (user,))
    if not isinstance(password, str) or not password:
        raise AnsibleFilterError("the password of user %s must be text that is not empty" % user)
    data = password.encode("utf-8")
    if len(data) > 72 or b"\0" in data:
        raise AnsibleFilterError(
            "the password of user %s has more than the 72 bytes that bcrypt reads, or a NUL" % user
        )
    return data


class FilterModule:
    """The filter of this file."""

    def filters(self):
        return {"htpasswd": htpasswd}
