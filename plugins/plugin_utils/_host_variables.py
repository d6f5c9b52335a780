# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: the variables of a host for plans over all hosts, with templates that may refer to other hosts."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ansible.errors import AnsibleFilterError
from ansible.template import Templar

UNDEFINED = re.compile(r"'(\w+)' is undefined")
# Facts that Ansible gathers; the collection reads for itself.
GATHERED = "ansible_"
UNSET = object()
# Values that Ansible decrypts when they are used.
ENCRYPTED = ("EncryptedString", "AnsibleVaultEncryptedUnicode")
# Facts and plans are large, and nothing in them is encrypted.
FACTS = ("swarm_cluster_node", "swarm_cluster_plan")


class HostVariables:
    """One host's variables. Ansible's own ``hostvars[host]`` knows no ``hostvars`` in their templates."""

    def __init__(self, hostvars, host):
        self._hostvars, self._host, self._templar = hostvars, host, None
        raw = getattr(hostvars, "raw_get", None)
        # Tests have plain dictionaries.
        self._variables = dict(raw(host), hostvars=hostvars) if raw else hostvars[host]
        self._plain = not raw

    def get(self, name, default=None):
        """A variable's value; an error of its template names the host and the variable."""
        value = self._variables.get(name, UNSET)
        if value is UNSET:
            return default
        if self._plain:
            return value
        if self._templar is None:
            self._templar = Templar(loader=self._hostvars._loader, variables=self._variables)
        try:
            found = self._templar.template(value)
            return found if name in FACTS else plain(found)
        except Exception as error:  # a filter or a test inside of a template raises what it likes
            raise AnsibleFilterError("%s: %s %s" % (self._host, name, reason_of(error))) from error


def plain(value):
    """A value with what the templates inside come to, and decrypted."""
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return str(value) if type(value).__name__ in ENCRYPTED else value


def is_encrypted(raw):
    """Whether there is an encrypted value in one that was not evaluated yet."""
    if isinstance(raw, Mapping):
        return any(is_encrypted(item) for item in raw.values())
    if isinstance(raw, (list, tuple)):
        return any(is_encrypted(item) for item in raw)
    return type(raw).__name__ in ENCRYPTED


def reason_of(error):
    """Why a template has no value, and what to do about it, as the end of a sentence about the variable."""
    text = " ".join(str(error).split())
    found = UNDEFINED.search(text)
    if not found:
        return "cannot be evaluated: %s" % text
    name = found.group(1)
    if name.startswith(GATHERED):
        remedy = (
            "the collection gathers no facts of Ansible, so write the value itself, or name a variable of the inventory"
        )
    else:
        remedy = "define it for this host, or write the value itself"
    return "refers to %s, which is not defined: %s" % (name, remedy)
