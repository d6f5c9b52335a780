# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: what roles contribute to the cluster, checked and merged. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

SUFFIX = "_contributes"

# Key -> how the values of several roles become one.
LISTS = (
    "packages", "known_packages", "candidates", "units", "files", "sysctls", "kernel_modules", "volumes", "ports", "names",
    "places", "services", "registries", "secrets", "status",
)  # fmt: skip
DICTS = ("daemon_options", "repository", "data", "cluster", "checks", "expects")
FLAGS = ("needs_swarm", "opens_ports")
KEYS = LISTS + DICTS + FLAGS
# Of the lists those whose items are dictionaries: which keys an item must have, and which it may have.
ITEMS = {
    "ports": (("port",), ("port", "protocol", "hosts", "from")),
    "names": (("name", "hosts"), ("name", "hosts")),
    "places": (
        ("name", "option", "data"),
        ("name", "option", "host", "data", "volume", "service", "file", "beside", "unit"),
    ),
    "services": (("name", "published"), ("name", "published")),
    "secrets": (("name", "file"), ("name", "file", "what", "length", "trusted_by", "apply", "lost")),
}


class ContributionError(Exception):
    """A role contributes what it must not. The text names role, key and remedy."""


def check_keys(role, contribution):
    """Stop on keys that nothing reads: a misspelt one would be ignored in silence."""
    if not isinstance(contribution, Mapping):
        raise ContributionError("%s%s is no dictionary: give one with the keys %s" % (role, SUFFIX, ", ".join(KEYS)))
    unknown = sorted(set(contribution) - set(KEYS))
    if unknown:
        raise ContributionError(
            "%s%s has the unknown key %s: the keys are %s" % (role, SUFFIX, ", ".join(unknown), ", ".join(KEYS))
        )


def merge(key, values):
    """The values that several roles have for one key, as one.

    :param values: role -> value, in the order of the roles.
    """
    for role, value in values.items():
        _check(role, key, value)
    if key in FLAGS:
        return any(values.values())
    if key in DICTS:
        return _merged(key, values)
    merged = []
    for value in values.values():
        merged += [item for item in _listed(key, value) if item not in merged]
    return merged


def _listed(key, value):
    return [value] if key == "status" and isinstance(value, str) else list(value)


def _check(role, key, value):
    def wrong(wanted):
        raise ContributionError("%s%s: %s is %r, and has to be %s" % (role, SUFFIX, key, value, wanted))

    if key in FLAGS and not isinstance(value, bool):
        wrong("true or false")
    if key in DICTS and not isinstance(value, Mapping):
        wrong("a dictionary")
    if key in LISTS:
        if not isinstance(value, str if key == "status" else ()) and (
            isinstance(value, (str, Mapping)) or not isinstance(value, Sequence)
        ):
            wrong("a list")
        needed, known = ITEMS.get(key, ((), None))
        for item in _listed(key, value):
            if known is None and not isinstance(item, str):
                wrong("a list of texts")
            if known and not (isinstance(item, Mapping) and set(needed) <= set(item) <= set(known)):
                wrong("a list of dictionaries with the keys %s" % ", ".join(known))


def _merged(key, values):
    merged, owner = {}, {}
    for role, value in values.items():
        for name, item in value.items():
            if name in merged and merged[name] != item:
                raise ContributionError(
                    "%s of %s%s and of %s%s say different things about %s (%r, %r): only one role can decide it"
                    % (key, owner[name], SUFFIX, role, SUFFIX, name, merged[name], item)
                )
            merged[name], owner[name] = item, role
    return merged
