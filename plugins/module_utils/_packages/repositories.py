# Copyright (c) dockyard.swarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to dockyard.swarm: what a host's package repository needs, the same for apt and dnf. Pure but for ``read``.

``source`` is a module that knows the files of one package manager, ``_apt_sources`` or ``_dnf_sources``: with ``PATTERNS`` of
their paths, ``WHY`` another entry for the same repository has to go, and functions ``paths``, ``source_text`` and ``take_over``.
"""

from __future__ import annotations

import glob

from .._core.atomic_files import read_text
from .._core.config_files import digest
from .._core.plan import change
from . import openpgp

TAKEN_OVER = "# taken over by dockyard.swarm: "


def read(source, name, uris):
    """What a plan needs to know of a repository: ``{entry, key, named_in}``.

    :param name: of its own files, see ``source.paths``.
    :param uris: the addresses that it has, or had.
    """
    entry, keyring = source.paths(name)
    found = [path for pattern in source.PATTERNS for path in sorted(glob.glob(pattern)) if path != entry]
    text, key = read_text(entry), read_text(keyring)
    return {
        "entry": None if text is None else digest(text),
        "key": None if key is None else _fingerprint(key),
        "named_in": [path for path in found if names(source, path, read_text(path) or "", uris)],
    }


def make_plan(source, state, repository):
    """The changes that a repository needs.

    :param state: what :func:`read` tells.
    :param repository: ``{name, uri, suite, components, architecture, fingerprint}``.
    """
    plan = []
    entry, keyring = source.paths(repository["name"])
    wanted = openpgp.normal(repository["fingerprint"])
    if state["key"] != wanted:
        why = "missing" if state["key"] is None else "it is another key"
        plan.append(change("fetch", keyring, why, before=state["key"], after=wanted))
    for path in state["named_in"]:
        plan.append(change("take over", path, source.WHY, before="in force", after="comment"))
    if state["entry"] != digest(source.source_text(repository)):
        why = "missing" if state["entry"] is None else "its content differs"
        plan.append(change("write", entry, why, after=repository["uri"]))
    return plan


def names(source, path, text, uris):
    """Whether a file has an entry in force for a repository."""
    return source.take_over(path, text, uris) != text


def _fingerprint(key):
    try:
        return ", ".join(openpgp.fingerprints(key.encode("utf-8", "surrogateescape")))
    except ValueError:
        return "none"
