# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: contributions
short_description: What the roles of a play need of the cluster, merged
version_added: 0.1.0
author:
  - The dockyard.swarm maintainers (@dockyard)
description:
  - A role says what it needs of others in one variable, C(ROLE_contributes). This lookup finds that variable of every role whose
    variables the play sees, and merges what they have for one key.
  - Only the key that is asked for is templated, so that a value may refer to what is not known until later in the run.
options:
  _terms:
    description:
      - The keys to merge, one result each.
      - V(packages), V(known_packages) (asked about, not installed), V(candidates) (packages whose available versions are asked
        for), V(units), V(files) (patterns), V(sysctls), V(kernel_modules), V(volumes), V(registries) (addresses, asked without a
        proxy), V(status) (lines for playbook status.yml) are lists of texts without duplicates.
      - V(ports) is a list of dictionaries with C(port), C(protocol) (V(tcp) or V(udp), default V(tcp)), C(hosts) (inventory names
        of the hosts that serve it, default all) and C(from) (V(members), V(containers), V(any), addresses or networks; default
        V(members)).
      - V(names) is a list of dictionaries with C(name) and C(hosts) (inventory names of the hosts that it leads to).
      - V(places) is a list of what has data on one host, dictionaries with C(name) (the end of the node's label), C(option) (the
        variable that asks for a host), C(host) (its value), C(data) (the volume or folder), C(volume) (whether it is a volume),
        and by what it is found without the label, C(service), or C(file) and, on all other hosts, C(beside); C(unit) uses it.
      - V(services) is a list of the role's services in the swarm, dictionaries with C(name) and C(published) (TCP ports).
      - V(secrets) is a list of dictionaries, one for each secret that is made once on the controller and must not be made a
        second time by another one. C(name) is part of a label of the swarm; C(file) is a path below the controller's folder, or
        an absolute one. A certificate authority has C(.crt) there, and its key beside it. A password has a C(length); else the
        file holds a key of 32 bytes. C(what) says what it is, and C(lost) what a new one costs. C(trusted_by) are files on hosts
        that hold the authority, dictionaries with C(path) and the C(unit) that reads it, in the order in which they are to be
        changed. C(apply) is a task file that writes them.
      - V(daemon_options) (of the Engine), V(repository), V(data), V(cluster) (what is wanted of the cluster as a whole),
        V(checks) (options that are only checked with it) and V(expects) (what is checked where a host may have something else
        already) are dictionaries. Two roles must not disagree on an option.
      - V(needs_swarm) and V(opens_ports) are true if one role says so.
    type: list
    elements: str
    required: true
  also:
    description:
      - Names of roles of this collection that count although they are not in the play, V(all) for every one.
    type: list
    elements: str
    default: []
  without:
    description: Whether the roles that are in the play are left out, so that only those of O(also) count that are not.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Which packages do all roles of this play need?
  ansible.builtin.debug:
    msg: "{{ query('dockyard.swarm.contributions', 'packages') | first }}"
"""

RETURN = r"""
_raw:
  description: The merged value of each key.
  type: list
"""

import os

from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.lookup import LookupBase

from ..plugin_utils._contributions import KEYS, SUFFIX, ContributionError, check_keys, merge

ROLES = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "roles"))


class LookupModule(LookupBase):
    def run(self, terms, variables=None, also=(), without=False):
        unknown = [key for key in terms if key not in KEYS]
        if unknown:
            raise AnsibleError("unknown key %s: the keys are %s" % (", ".join(unknown), ", ".join(KEYS)))
        try:
            # The order must not depend on which roles are in the play.
            found = dict(sorted(self._found(terms, variables, also, without).items()))
            return [self._merged(key, found) for key in terms]
        except ContributionError as exc:
            raise AnsibleError(str(exc)) from exc

    def _found(self, terms, variables, also, without):
        """By role its dictionary, and what templates the values."""
        here = {name[: -len(SUFFIX)] for name in variables if name.endswith(SUFFIX)}
        found = {} if without else {role: self._read(role, self._templar, variables) for role in here}
        for role in os.listdir(ROLES) if "all" in also else also:
            if role not in here and _contributes(role, terms):
                own = {**_load(role, "defaults"), **variables, **_load(role, "vars")}
                found[role] = self._read(role, self._templar.copy_with_new_env(available_variables=own), own)
        return found

    def _read(self, role, templar, variables):
        contribution = variables[role + SUFFIX]
        if isinstance(contribution, str):
            contribution = templar.template(contribution)
        check_keys(role, contribution)
        return contribution, templar

    def _merged(self, key, found):
        return merge(
            key,
            {role: templar.template(values[key]) for role, (values, templar) in found.items() if key in values},
        )


def _contributes(role, keys):
    """Whether a role that the play does not have contributes to one of the keys: that is read first, since it is short."""
    path = os.path.join(ROLES, role, "vars", "main", "contributes.yml")
    return os.path.exists(path) and not set(keys).isdisjoint((_parsed(path) or {}).get(role + SUFFIX, ()))


def _load(role, kind):
    """The variables of a role that the play does not have, from ``main.yml``, or from the files of folder ``main``."""
    folder = os.path.join(ROLES, role, kind)
    paths = [os.path.join(folder, "main.yml")]
    if os.path.isdir(os.path.join(folder, "main")):
        paths = [os.path.join(folder, "main", name) for name in sorted(os.listdir(os.path.join(folder, "main")))]
    found = {}
    for path in paths:
        if os.path.exists(path):
            found.update(_parsed(path) or {})
    return found


def _parsed(path):
    loader = DataLoader()
    try:
        return loader.load_from_file(path, trusted_as_template=True)
    except TypeError:  # ansible-core 2.18 trusts every file of a role
        return loader.load_from_file(path)
